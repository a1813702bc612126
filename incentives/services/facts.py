"""What the rules of the money need to know of cases: one statement reads it, for one case or for thousands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from applications.lifecycle import CLOCK_SHARE, Performance, path_of
from applications.models import Application
from applications.models.case import ReferrerType
from incentives.rules import WEIGHT, WEIGHT_FOR_OTHERS, CaseFacts, Timeliness

# Whoever can stand on a case: first who referred it and who was given it, then who performed each stage.
PERFORMED = tuple(role for role in Performance if role is not Performance.REFERRER)
PEOPLE = ("referrer", "assigned collector", *PERFORMED)
TIMED = tuple(role for role in PERFORMED if role in CLOCK_SHARE.values())


_SHARE_OF_CLOCK = ", ".join(f"('{clock!s}', '{role!s}')" for clock, role in CLOCK_SHARE.items())
_WEIGHTS = ", ".join(f"('{outcome!s}', {own:d}, {WEIGHT_FOR_OTHERS[outcome]:d})" for outcome, own in WEIGHT.items())


def _per_role(roles: Sequence[Performance], value: str) -> str:
    return ", ".join(f"max({value}) FILTER (WHERE role = '{role!s}') AS {role!s}" for role in roles)


def _roles(alias: str, roles: Sequence[Performance]) -> str:
    return ", ".join(f"{alias}.{role!s}" for role in roles)


# Of the clocks that move money, the worst of each role counts. A late return is a late clock: its explanation is open
# until the breach is settled. Being late is one's own only if the clock was.
_TIMELINESS = f"""
    SELECT application_id, {_per_role(TIMED, "weight")}
    FROM (SELECT k.application_id, money.role,
                 CASE WHEN k.owner_id = p.employee_id THEN weighs.own ELSE weighs.others END AS weight
          FROM cases JOIN applications_caseclock k ON k.application_id = cases.id
          JOIN applications_clockpolicy terms ON terms.id = k.policy_id AND terms.has_money
          JOIN (VALUES {_SHARE_OF_CLOCK}) AS money(clock, role) ON money.clock = k.kind
          LEFT JOIN supervision_breach b ON b.clock_id = k.id AND k.outcome = 'RETURNED_LATE'
          JOIN (VALUES {_WEIGHTS}) AS weighs(outcome, own, others)
               ON weighs.outcome = CASE WHEN k.outcome <> 'RETURNED_LATE' THEN k.outcome
                                        WHEN b.settled_at IS NULL THEN 'LATE_PENDING' ELSE 'LATE' END
          LEFT JOIN applications_performer p ON p.application_id = k.application_id AND p.role = money.role) AS clock
    GROUP BY application_id
"""  # noqa: S608
# A case that is not activated yet is read as if it were at ``at``. Between cases, what is equal here is equal for the
# rules (services/accrual.py), but for ``people``, of whom it matters only who is the same person.
FACTS = f"""
    WITH cases AS MATERIALIZED (SELECT unnest(%(cases)s::bigint[]) AS id),
    performed AS (
        SELECT application_id, {_per_role(PERFORMED, "employee_id")}
        FROM cases JOIN applications_performer p ON p.application_id = cases.id GROUP BY application_id
    ),
    timeliness AS ({_TIMELINESS}),
    qualified AS (
        SELECT employee_id, range_agg(daterange(starts_on, ends_on, '[]')) AS days FROM organization_qualification
        WHERE ends_on IS NULL OR ends_on >= starts_on GROUP BY employee_id
    )
    SELECT c.id, c.number, c.product_id, c.branch_id, c.priced_on, c.is_imported,
           CASE WHEN c.path_locked THEN c.path ELSE '' END AS path, c.entry_mode, c.referrer_type,
           c.review_mode = 'DOUBLE' AS is_double_keyed,
           coalesce(client.id_index IN (referrer.id_index, collector.id_index)
                    OR client.mobile_index IN (referrer.mobile_index, collector.mobile_index), FALSE) AS is_own_card,
           ARRAY[CASE WHEN c.referrer_type <> '{ReferrerType.CUSTOMER!s}' THEN c.referrer_id END, c.collector_id,
                 {_roles("p", PERFORMED)}]::bigint[] AS people,
           ARRAY[coalesce(of_referrer.days @> day.referred, FALSE), coalesce(of_referrer.days @> day.activated, FALSE),
                 coalesce(of_collector.days @> day.referred, FALSE), coalesce(of_collector.days @> day.activated, FALSE)
                ] AS qualified,
           ARRAY[{_roles("t", TIMED)}]::int[] AS timeliness,
           ceil(extract(epoch FROM c.first_spend_at - c.activated_at) / 86400)::int AS spent_after,
           floor(extract(epoch FROM %(at)s - coalesce(c.activated_at, %(at)s)) / 86400)::int AS waited
    FROM cases JOIN applications_application c ON c.id = cases.id
    CROSS JOIN LATERAL (
        SELECT (coalesce(c.referred_at, c.taken_in_at, %(at)s) AT TIME ZONE 'Asia/Shanghai')::date AS referred,
               (coalesce(c.activated_at, %(at)s) AT TIME ZONE 'Asia/Shanghai')::date AS activated
    ) AS day
    LEFT JOIN applications_applicant client ON client.application_id = c.id
    LEFT JOIN organization_employee referrer ON referrer.id = c.referrer_id
    LEFT JOIN organization_employee collector ON collector.id = c.collector_id
    LEFT JOIN performed p ON p.application_id = c.id
    LEFT JOIN timeliness t ON t.application_id = c.id
    LEFT JOIN qualified of_referrer ON of_referrer.employee_id = c.referrer_id
    LEFT JOIN qualified of_collector ON of_collector.employee_id = p.{Performance.COLLECTOR!s}
"""  # noqa: S608
COLUMNS = (
    "id", "number", "product_id", "branch_id", "priced_on", "is_imported", "path", "entry_mode", "referrer_type",
    "is_double_keyed", "is_own_card", "people", "qualified", "timeliness", "spent_after", "waited",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """A case as the money sees it. ``people`` are those who can be paid, in places that are the same for every case."""

    pk: int
    number: str
    product_id: int
    branch_id: int | None
    priced_on: date | None
    is_imported: bool
    people: tuple[int | None, ...]
    facts: CaseFacts

    @classmethod
    def of(cls, row: Sequence[Any]) -> Case:
        """A row of the statement above."""
        found = dict(zip(COLUMNS, row, strict=True))
        return cls(
            pk=found["id"],
            number=found["number"],
            product_id=found["product_id"],
            branch_id=found["branch_id"],
            priced_on=found["priced_on"],
            is_imported=found["is_imported"],
            people=tuple(found["people"]),
            facts=_facts(found),
        )


def read_cases(cases: QuerySet[Application], *, at: datetime) -> dict[int, Case]:
    """The facts of these cases by key; of cases that are not activated yet, as if they were at ``at``."""
    with connection.cursor() as cursor:
        cursor.execute(FACTS, {"cases": list(cases.values_list("pk", flat=True)), "at": at})
        return {row[0]: Case.of(row) for row in cursor.fetchall()}


def _facts(found: dict[str, Any]) -> CaseFacts:
    referrer, assigned, *done = found["people"]
    performers: dict[str, int] = {role: who for role, who in zip(PERFORMED, done, strict=True) if who is not None}
    collector = performers.get(Performance.COLLECTOR)
    referrer_then, referrer_now, collector_then, collector_now = found["qualified"]
    # Who gets the referral share must be qualified for it: a retiree stands on the HR sheet and markets nothing.
    is_retiree = found["referrer_type"] == ReferrerType.RETIREE
    is_external = found["referrer_type"] == ReferrerType.CUSTOMER
    is_qualified = is_retiree or (referrer_then if referrer else collector_then or collector is None)
    path = found["path"] or path_of(
        entry_mode=found["entry_mode"],
        referrer=referrer,
        is_external=is_external,
        collector=assigned,
        checker=performers.get(Performance.CREDIT_CHECK),
        keyer=performers.get(Performance.ENTRY),
    )
    lapsed = set()
    if referrer and not is_retiree and not referrer_now:
        lapsed.add(referrer)
    if collector and not collector_now:
        lapsed.add(collector)
    return CaseFacts(
        path=path,
        performers=performers,
        referrer=referrer,
        is_double_keyed=found["is_double_keyed"],
        is_external=is_external,
        is_own_card=found["is_own_card"],
        is_unqualified_referral=not is_qualified,
        lapsed=frozenset(lapsed),
        timeliness={
            role: Timeliness(weight)
            for role, weight in zip(TIMED, found["timeliness"], strict=True)
            if weight is not None
        },
        spent_after=found["spent_after"],
        waited=found["waited"],
    )

"""What the rules of the money need to know of cases: one statement reads it, for one case or for thousands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from applications.lifecycle import CLOCK_SHARE, Outcome, Performance, path_of
from applications.models import Application
from applications.models.case import ReferrerType
from incentives.rules import WEIGHT, CaseFacts, Timeliness

# Whoever can stand on a case: first who referred it and who was given it, then who performed each stage.
PERFORMED = tuple(role for role in Performance if role is not Performance.REFERRER)
PEOPLE = ("referrer", "assigned collector", *PERFORMED)
TIMED = tuple(role for role in PERFORMED if role in CLOCK_SHARE.values())


def _per_role(value: str) -> str:
    return ", ".join(f"max({value}) FILTER (WHERE role = '{role!s}') AS {role!s}" for role in PERFORMED)


def _worst_per_role() -> str:
    """The worst of each role's clocks. Being late is one's own only if the clock was."""
    clocks = {role: [str(clock) for clock, of in CLOCK_SHARE.items() if of is role] for role in TIMED}
    return ", ".join(
        f"max(least({_WEIGHT}, CASE WHEN k.owner_id = p.{role!s} THEN {Timeliness.LATE:d} "
        f"ELSE {Timeliness.FORGIVEN:d} END)) FILTER (WHERE k.kind = ANY('{{{','.join(clocks[role])}}}'))"
        for role in TIMED
    )


# What a clock brings to the comparison. A late return is a late clock: its explanation is open until the breach is
# settled.
_WEIGHT = f"""CASE k.outcome {" ".join(f"WHEN '{outcome!s}' THEN {weight:d}" for outcome, weight in WEIGHT.items())}
    WHEN 'RETURNED_LATE' THEN CASE WHEN EXISTS (
        SELECT FROM supervision_breach b WHERE b.clock_id = k.id AND b.settled_at IS NOT NULL
    ) THEN {Timeliness.LATE:d} ELSE {Timeliness.PENDING:d} END END"""


_CLOCKS = "applications_caseclock"


def facts_of(cases: str, *, also: str = "", clocks: str = _CLOCKS) -> str:
    """The statement over ``cases``, a table expression with at least their ``id``; ``also``: more columns to answer;
    ``clocks``: where the clocks are read, if some are to be read as if they had ended otherwise.

    A case that is not activated yet is read as if it were at ``at``. Each case is read by its keys, so that the plan is
    the same for one and for thousands.
    """
    return f"""
    WITH qualified AS (
        SELECT employee_id, range_agg(daterange(starts_on, ends_on, '[]')) AS days FROM organization_qualification
        WHERE ends_on IS NULL OR ends_on >= starts_on GROUP BY employee_id
    )
    SELECT c.id, c.number, c.product_id, c.branch_id, c.priced_on, c.is_imported,
           CASE WHEN c.path_locked THEN c.path ELSE '' END AS path, c.entry_mode, c.referrer_type,
           c.review_mode = 'DOUBLE' AS is_double_keyed,
           coalesce(client.id_index IN (referrer.id_index, collector.id_index)
                    OR client.mobile_index IN (referrer.mobile_index, collector.mobile_index), FALSE) AS is_own_card,
           ARRAY[CASE WHEN c.referrer_type <> '{ReferrerType.CUSTOMER!s}' THEN c.referrer_id END, c.collector_id,
                 {", ".join(f"p.{role!s}" for role in PERFORMED)}]::bigint[] AS people,
           ARRAY[coalesce(of_referrer.days @> day.referred, FALSE), coalesce(of_referrer.days @> day.activated, FALSE),
                 coalesce(of_collector.days @> day.referred, FALSE), coalesce(of_collector.days @> day.activated, FALSE)
                ] AS qualified,
           t.weights AS timeliness,
           ceil(extract(epoch FROM c.first_spend_at - c.activated_at) / 86400)::int AS spent_after,
           floor(extract(epoch FROM %(at)s - coalesce(c.activated_at, %(at)s)) / 86400)::int AS waited {also}
    FROM {cases} JOIN applications_application c ON c.id = cases.id
    CROSS JOIN LATERAL (
        SELECT (coalesce(c.referred_at, c.taken_in_at, %(at)s) AT TIME ZONE 'Asia/Shanghai')::date AS referred,
               (coalesce(c.activated_at, %(at)s) AT TIME ZONE 'Asia/Shanghai')::date AS activated
    ) AS day
    CROSS JOIN LATERAL (
        SELECT {_per_role("employee_id")} FROM applications_performer WHERE application_id = c.id
    ) AS p
    CROSS JOIN LATERAL (
        SELECT ARRAY[{_worst_per_role()}]::int[] AS weights FROM {clocks} k
        WHERE k.application_id = c.id AND k.outcome = ANY('{{{",".join((*WEIGHT, Outcome.RETURNED_LATE))}}}')
          AND k.policy_id = ANY(ARRAY(SELECT id FROM applications_clockpolicy WHERE has_money))
    ) AS t
    LEFT JOIN applications_applicant client ON client.application_id = c.id
    LEFT JOIN organization_employee referrer ON referrer.id = c.referrer_id
    LEFT JOIN organization_employee collector ON collector.id = c.collector_id
    LEFT JOIN qualified of_referrer ON of_referrer.employee_id = c.referrer_id
    LEFT JOIN qualified of_collector ON of_collector.employee_id = p.{Performance.COLLECTOR!s}
    """  # noqa: S608


_KEYS = "unnest(%(cases)s::bigint[]) AS cases(id)"
_BY_KEY = facts_of(_KEYS)
_SUPPOSED = f"""(
    SELECT id, application_id, kind, owner_id, policy_id,
           CASE WHEN id = %(clock)s THEN %(outcome)s ELSE outcome END AS outcome FROM {_CLOCKS}
)"""  # noqa: S608
_BY_KEY_SUPPOSING = facts_of(_KEYS, clocks=_SUPPOSED)
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
        """A row of the statement, without what was asked for beside it."""
        found = dict(zip(COLUMNS, row, strict=True))
        return cls(
            pk=found["id"],
            number=found["number"],
            product_id=found["product_id"],
            branch_id=found["branch_id"],
            priced_on=found["priced_on"],
            is_imported=found["is_imported"],
            people=tuple(found["people"]),
            facts=_case_facts(found),
        )


def read_cases(cases: QuerySet[Application], *, at: datetime) -> dict[int, Case]:
    """The facts of these cases by key; of cases that are not activated yet, as if they were at ``at``."""
    with connection.cursor() as cursor:
        cursor.execute(_BY_KEY, {"cases": list(cases.values_list("pk", flat=True)), "at": at})
        return {row[0]: Case.of(row) for row in cursor.fetchall()}


def read_supposing(case: int, *, clock: int, outcome: Outcome, at: datetime) -> Case:
    """The facts of one case as they would be if one of its clocks had ended like this."""
    with connection.cursor() as cursor:
        cursor.execute(_BY_KEY_SUPPOSING, {"cases": [case], "at": at, "clock": clock, "outcome": outcome})
        return Case.of(cursor.fetchone())


def _case_facts(found: dict[str, Any]) -> CaseFacts:
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

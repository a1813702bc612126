"""What the rule of the shares needs to know of cases: read in a handful of queries for any number of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from applications.lifecycle import Performance, path_of
from applications.models import Applicant, Application, Performer, Product
from applications.models.case import ReferrerType
from incentives.rules import CaseFacts
from ops_center.clock import local_day
from organization.models import Employee, Qualification


@dataclass(frozen=True, slots=True)
class Case:
    """A case as the money sees it."""

    pk: int
    number: str
    product_id: int
    priced_on: date | None
    is_imported: bool
    facts: CaseFacts


def read_cases(cases: QuerySet[Application], *, at: datetime) -> dict[int, Case]:
    """The facts of these cases by key; of cases that are not activated yet, as if they were at ``at``."""
    rows = cases.annotate(is_own_card=_is_own_card()).values(
        "pk", "number", "product_id", "priced_on", "is_imported", "path", "path_locked", "entry_mode", "review_mode",
        "referrer_type", "referrer_id", "collector_id", "referred_at", "taken_in_at", "activated_at", "is_own_card",
    )  # fmt: skip
    found = {row["pk"]: row for row in rows}
    performers: defaultdict[int, dict[str, int]] = defaultdict(dict)
    done = Performer.objects.filter(application__in=found.keys(), employee__isnull=False)
    for case, role, employee in done.values_list("application_id", "role", "employee_id"):
        performers[case][role] = employee
    qualified = _Qualified({row[who] for row in found.values() for who in ("referrer_id", "collector_id")})
    return {pk: _case(dict(row), performers[pk], qualified, at=at) for pk, row in found.items()}


def _is_own_card() -> Exists:
    """The client is the referrer or the collector: same ID number or same mobile, compared by their keyed hashes."""
    is_one_of_them = Q(pk=OuterRef("application__referrer_id")) | Q(pk=OuterRef("application__collector_id"))
    is_the_client = Q(id_index=OuterRef("id_index")) | Q(mobile_index=OuterRef("mobile_index"))
    them = Employee.objects.filter(is_one_of_them, is_the_client)
    return Exists(Applicant.objects.filter(Exists(them), application=OuterRef("pk")))


class _Qualified:
    """Who was qualified to market on which day."""

    def __init__(self, people: Collection[int | None]) -> None:
        self.rows: defaultdict[int, list[Qualification]] = defaultdict(list)
        for row in Qualification.objects.filter(employee__in=[pk for pk in people if pk is not None]):
            self.rows[row.employee_id].append(row)

    def on(self, person: int, day: date) -> bool:
        return any(row.covers(day) for row in self.rows[person])


def _case(row: dict[str, Any], performers: dict[str, int], qualified: _Qualified, *, at: datetime) -> Case:
    is_external = row["referrer_type"] == ReferrerType.CUSTOMER
    referrer = None if is_external else row["referrer_id"]
    collector = performers.get(Performance.COLLECTOR)
    activated_on = local_day(row["activated_at"] or at)
    referred_on = local_day(row["referred_at"] or row["taken_in_at"] or at)
    # Who gets the referral share and must be qualified for it: a retiree stands on the HR sheet and markets nothing.
    marketer = None if row["referrer_type"] == ReferrerType.RETIREE else referrer or collector
    path = row["path"] if row["path_locked"] else path_of(
        entry_mode=row["entry_mode"],
        referrer=referrer,
        is_external=is_external,
        collector=row["collector_id"],
        checker=performers.get(Performance.CREDIT_CHECK),
        keyer=performers.get(Performance.ENTRY),
    )  # fmt: skip
    return Case(
        pk=row["pk"],
        number=row["number"],
        product_id=row["product_id"],
        priced_on=row["priced_on"],
        is_imported=row["is_imported"],
        facts=CaseFacts(
            path=path,
            performers=performers,
            referrer=referrer,
            is_double_keyed=row["review_mode"] == Product.ReviewMode.DOUBLE,
            is_external=is_external,
            is_own_card=row["is_own_card"],
            is_unqualified_referral=marketer is not None and not qualified.on(marketer, referred_on),
            lapsed=frozenset(
                who for who in (marketer, collector) if who is not None and not qualified.on(who, activated_on)
            ),
        ),
    )

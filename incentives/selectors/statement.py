"""我的收益: a person's own entries by month and case, and how one amount came about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import QuerySet
from django.db.models.functions import TruncMonth

from incentives.lifecycle import (
    PayeeKind,
)
from incentives.models import Assessment, RewardEntry
from incentives.periods import Period
from incentives.querysets import RewardEntryQuerySet
from incentives.rules import waits_until
from ops_center.clock import SHANGHAI, local_day
from organization.models import Employee


@dataclass(slots=True)
class CaseLine:
    """What one case brought a person: one sum with its parts."""

    assessment: Assessment
    entries: list[RewardEntry] = field(default_factory=list)

    @property
    def total_fen(self) -> int:
        return sum(entry.amount_fen for entry in self.entries)


def months_of(employee: Employee) -> list[str]:
    """The months in which this person has entries, newest first: 2026-11."""
    months = RewardEntry.objects.filter(payee=employee).annotate(month=TruncMonth("at", tzinfo=SHANGHAI))
    found = months.values_list("month", flat=True).distinct().order_by("-month")
    return [f"{local_day(month):%Y-%m}" for month in found if month is not None]


def own_entries(employee: Employee, span: Period) -> RewardEntryQuerySet:
    """This person's entries of a period; a held share that was released counts as its release."""
    mine = RewardEntry.objects.filter(payee=employee, at__gte=span.starts_at, at__lt=span.ends_at)
    return mine.not_voided()


def cases_with(entries: RewardEntryQuerySet) -> QuerySet[Assessment]:
    """The cases of these entries: what the statement pages through."""
    return Assessment.objects.filter(pk__in=entries.order_by().values("assessment_id")).select_related(
        "application__product", "policy"
    )


def lines_of(cases: Iterable[Assessment], entries: RewardEntryQuerySet) -> list[CaseLine]:
    """One line per case, in the order of the cases, with these entries of it."""
    lines = {case.pk: CaseLine(case) for case in cases}
    for entry in entries.filter(assessment__in=lines).with_state().order_by("pk"):
        lines[entry.assessment_id].entries.append(entry)
    return list(lines.values())


@dataclass(frozen=True, slots=True)
class Trace:
    """How an amount came about, and where it has gone."""

    entry: RewardEntry
    share_bp: int | None  # of the bounty, in basis points; none where the entry is no share by itself
    until: datetime | None  # how long a HELD share waits


def trace_of(entry: RewardEntry) -> Trace:
    assessment = entry.assessment
    weights: dict[str, int] = {}
    if assessment.policy is not None:
        weights = dict(assessment.policy.terms.weights(assessment.path, double_keyed=assessment.is_double_keyed))
    activated_at = assessment.application.activated_at or entry.at
    is_held = entry.payee_kind == PayeeKind.HELD
    return Trace(entry, weights.get(entry.role), waits_until(entry.why, activated_at=activated_at) if is_held else None)

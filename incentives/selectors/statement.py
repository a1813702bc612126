"""我的收益: a person's own entries by month, case and state, and the pay slips. How one amount came about: trace.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import TruncMonth

from incentives.lifecycle import EntryKind, EntryState, Why
from incentives.models import Assessment, PayoutBalance, PenaltyCap, RewardEntry
from incentives.periods import Period
from incentives.querysets import RewardEntryQuerySet
from ops_center.clock import SHANGHAI, local_day
from organization.models import Employee

# What a month is made of; each entry stands in one part, and the parts sum to the net.
PARTS: Mapping[str, Q] = {
    "shares": Q(kind=EntryKind.SPLIT),
    "bonus": Q(kind=EntryKind.TIMELINESS, amount_fen__gt=0) & ~Q(why=Why.CAP_LAPSED),
    "penalty": Q(kind=EntryKind.TIMELINESS, amount_fen__lt=0),
    "lapsed": Q(kind=EntryKind.TIMELINESS, amount_fen__gt=0, why=Why.CAP_LAPSED),
    "cross-sell": Q(kind=EntryKind.CROSS_SELL),
    "correction": Q(kind=EntryKind.ADJUSTMENT),
    "retimed": Q(kind=EntryKind.REVERSAL, why=Why.RETIMED),
    "clawed-back": Q(kind=EntryKind.REVERSAL) & ~Q(why=Why.RETIMED),
}


@dataclass(slots=True)
class CaseLine:
    """What one case brought a person: the shares as one sum with its parts, and what came on top of them."""

    assessment: Assessment
    entries: list[RewardEntry] = field(default_factory=list)

    @property
    def share_fen(self) -> int:
        return sum(entry.amount_fen for entry in self.entries if entry.kind == EntryKind.SPLIT)

    @property
    def total_fen(self) -> int:
        return sum(entry.amount_fen for entry in self.entries)


def months_of(employee: Employee) -> list[str]:
    """The months in which this person has entries, newest first: 2026-11."""
    months = RewardEntry.objects.filter(payee=employee).annotate(month=TruncMonth("at", tzinfo=SHANGHAI))
    found = months.values_list("month", flat=True).distinct().order_by("-month")
    return [f"{local_day(month):%Y-%m}" for month in found if month is not None]


def entries_of(employee: Employee) -> RewardEntryQuerySet:
    """All own entries; a held share that was released counts as its release."""
    return RewardEntry.objects.filter(payee=employee).not_voided()


def own_entries(employee: Employee, span: Period) -> RewardEntryQuerySet:
    """The own entries of a period."""
    return entries_of(employee).filter(at__gte=span.starts_at, at__lt=span.ends_at)


def paid_with(employee: Employee, batch: int) -> RewardEntryQuerySet:
    """The own entries of one pay slip."""
    return entries_of(employee).filter(payout_lines__batch=batch, payout_lines__is_refused=False)


@dataclass(frozen=True, slots=True)
class Head:
    """What stands over a list of entries, in fen: by part, by state, and together."""

    parts: dict[str, int]  # those that occur, in the order of PARTS
    states: list[tuple[EntryState, int, int]]  # (state, entries, fen)
    cap: PenaltyCap | None = None  # of a closed month: how much of the penalties was deducted

    @property
    def net_fen(self) -> int:
        return sum(self.parts.values())


def head_of(entries: RewardEntryQuerySet, *, cap: PenaltyCap | None = None) -> Head:
    sums = entries.order_by().aggregate(
        **{name.replace("-", "_"): Sum("amount_fen", filter=part) for name, part in PARTS.items()}
    )
    found = {name: sums[name.replace("-", "_")] for name in PARTS}
    return Head({name: fen for name, fen in found.items() if fen is not None}, entries.sums_by_state(), cap)


def cap_of(employee: Employee, month: str) -> PenaltyCap | None:
    return PenaltyCap.objects.filter(payee=employee, month=month).first()


def cases_with(entries: RewardEntryQuerySet) -> QuerySet[Assessment]:
    """The cases of these entries: what the statement pages through."""
    return Assessment.objects.filter(pk__in=entries.order_by().values("assessment_id")).select_related(
        "application__product", "policy"
    )


def lines_of(cases: Iterable[Assessment], entries: RewardEntryQuerySet) -> list[CaseLine]:
    """One line per case, in the order of the cases, with these entries of it."""
    lines = {case.pk: CaseLine(case) for case in cases}
    found = entries.filter(assessment__in=lines).with_state().with_pay_date().prefetch_related("disputes")
    for entry in found.order_by("pk"):
        lines[entry.assessment_id].entries.append(entry)
    return list(lines.values())


def slips_of(employee: Employee) -> QuerySet[PayoutBalance]:
    """The pay slips of a person, newest first: what was due, brought forward, paid, carried forward."""
    return PayoutBalance.objects.filter(payee=employee).select_related("batch").order_by("-batch_id")

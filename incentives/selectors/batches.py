"""Payout batches: what would be in one, what is in one, and what has become of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count, QuerySet, Sum

from incentives.lifecycle import Sheet
from incentives.models import Confirmation, PayoutBatch, RewardEntry
from incentives.querysets import RewardEntryQuerySet


@dataclass(frozen=True, slots=True)
class SheetSum:
    sheet: Sheet
    entries: int
    total_fen: int


@dataclass(frozen=True, slots=True)
class Control:
    """The totals bar: the four sheets, what is held back and what was voided are the confirmed amount. ``confirmed``
    is what the documents certify, less what earlier batches have taken."""

    sheets: list[SheetSum]
    held_fen: int
    voided_fen: int
    confirmed_fen: int

    @property
    def exported_fen(self) -> int:
        return sum(sheet.total_fen for sheet in self.sheets)

    @property
    def entries(self) -> int:
        return sum(sheet.entries for sheet in self.sheets)

    @property
    def difference_fen(self) -> int:
        return self.confirmed_fen - self.held_fen - self.voided_fen - self.exported_fen

    @property
    def is_green(self) -> bool:
        return self.difference_fen == 0


@dataclass(frozen=True, slots=True)
class Draft:
    """What a batch over these documents would take at this moment."""

    ready: RewardEntryQuerySet
    control: Control


def batches() -> QuerySet[PayoutBatch]:
    return PayoutBatch.objects.select_related("made_by", "paid_by", "build").prefetch_related("confirmations")


def batch_of(documents: Sequence[Confirmation]) -> Draft:
    """The entries that are free to be exported, and their control totals."""
    certified = RewardEntry.objects.filter(confirmation_line__confirmation__in=documents)
    waiting = certified.not_exported()
    alive = waiting.not_voided()
    ready = alive.not_on_hold()
    taken = certified.sum_fen() - waiting.sum_fen()
    return Draft(
        ready=ready,
        control=Control(
            sheets=_of_each_sheet(ready.sums_by_sheet()),
            held_fen=alive.on_hold().sum_fen(),
            voided_fen=waiting.sum_fen() - alive.sum_fen(),
            confirmed_fen=sum(document.total_fen for document in documents) - taken,
        ),
    )


def control_of(batch: PayoutBatch) -> Control:
    lines = batch.lines.order_by()
    sums = list(lines.values_list("sheet").annotate(Count("pk"), Sum("entry__amount_fen")))
    return Control(
        sheets=_of_each_sheet(sums),
        held_fen=batch.held_fen,
        voided_fen=batch.voided_fen,
        confirmed_fen=batch.confirmed_fen,
    )


def _of_each_sheet(sums: Iterable[tuple[str, int, int]]) -> list[SheetSum]:
    found = {sheet: (number, total) for sheet, number, total in sums}
    return [SheetSum(sheet, *found.get(sheet, (0, 0))) for sheet in Sheet]

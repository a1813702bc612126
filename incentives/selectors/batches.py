"""Payout batches and their control totals."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, QuerySet, Sum

from incentives.lifecycle import (
    Sheet,
)
from incentives.models import PayoutBatch


@dataclass(frozen=True, slots=True)
class SheetSum:
    sheet: Sheet
    entries: int
    total_fen: int


@dataclass(frozen=True, slots=True)
class Control:
    """The totals bar: the four sheets and what is held back are the confirmed amount."""

    sheets: list[SheetSum]
    held_fen: int
    confirmed_fen: int

    @property
    def exported_fen(self) -> int:
        return sum(sheet.total_fen for sheet in self.sheets)

    @property
    def difference_fen(self) -> int:
        return self.confirmed_fen - self.held_fen - self.exported_fen

    @property
    def is_green(self) -> bool:
        return self.difference_fen == 0


def batches() -> QuerySet[PayoutBatch]:
    return PayoutBatch.objects.select_related("made_by", "paid_by").prefetch_related("confirmations")


def control_of(batch: PayoutBatch) -> Control:
    sums = batch.lines.order_by().values_list("sheet").annotate(Count("pk"), Sum("entry__amount_fen"))
    found = {sheet: (number, total) for sheet, number, total in sums}
    return Control(
        sheets=[SheetSum(sheet, *found.get(sheet, (0, 0))) for sheet in Sheet],
        held_fen=batch.held_fen,
        confirmed_fen=batch.confirmed_fen,
    )

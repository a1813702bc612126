"""Payout batches: what would be in one, what is in one, and what has become of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from incentives.lifecycle import Sheet
from incentives.models import (
    Confirmation,
    PayoutBalance,
    PayoutBatch,
    PayoutReturn,
    PayoutReturnRow,
    RewardEntry,
)
from incentives.querysets import RewardEntryQuerySet
from incentives.selectors.papers import exportable


@dataclass(frozen=True, slots=True)
class SheetSum:
    sheet: Sheet
    entries: int
    total_fen: int


@dataclass(frozen=True, slots=True)
class Control:
    """The totals bar: the four sheets, what is held back and what was voided (or taken back unpaid) are the confirmed
    amount. ``confirmed`` is what the documents certify, less what earlier batches have taken."""

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


@dataclass(frozen=True, slots=True)
class Waiting:
    """A document with entries that no batch has taken: what of it is ready, held for now, voided, and what earlier
    batches took. The four are what it certifies."""

    document: Confirmation
    ready: Sums
    held: Sums
    voided: Sums
    exported: Sums


@dataclass(frozen=True, slots=True)
class Payments:
    """What the payees of a batch get, and what the payroll has answered. In fen."""

    payees: int
    paid_fen: int
    brought_fen: int
    carried_fen: int
    open: int
    refused: int
    bounced: int


class Sums(NamedTuple):
    entries: int = 0
    total_fen: int = 0


def waiting() -> list[Waiting]:
    """What may be exported, oldest first: four sums over the lines of these documents."""
    documents = list(exportable().select_related("certified_by").prefetch_related("batches"))
    certified = RewardEntry.objects.filter(confirmation_line__confirmation__in=documents)
    left = certified.not_exported()
    alive = left.still_due()
    sums = {
        "ready": alive.not_on_hold().sums_by_document(),
        "held": alive.on_hold().sums_by_document(),
        "voided": left.no_longer_due().sums_by_document(),
        "exported": certified.exported().sums_by_document(),
    }
    return [Waiting(row, **{name: Sums(*found.get(row.pk, ())) for name, found in sums.items()}) for row in documents]


def batches() -> QuerySet[PayoutBatch]:
    return PayoutBatch.objects.select_related("made_by", "paid_by", "build").prefetch_related("confirmations")


def batch_of(documents: Sequence[Confirmation]) -> Draft:
    """The entries that are free to be exported, and their control totals."""
    certified = RewardEntry.objects.filter(confirmation_line__confirmation__in=documents)
    waiting = certified.not_exported()
    alive = waiting.still_due()
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


def payments_of(batch: PayoutBatch) -> Payments:
    fate = PayoutBalance.Fate
    sums = batch.balances.aggregate(
        payees=Count("pk"),
        paid_fen=Coalesce(Sum("paid_fen"), 0),
        brought_fen=Coalesce(Sum("brought_fen"), 0),
        carried_fen=Coalesce(Sum("carried_fen"), 0),
        open=Count("pk", filter=Q(fate=fate.OPEN)),
        refused=Count("pk", filter=Q(fate=fate.REFUSED)),
        bounced=Count("pk", filter=Q(fate=fate.BOUNCED)),
    )
    return Payments(**sums)


def remarkable_balances(batch: PayoutBatch) -> QuerySet[PayoutBalance]:
    """Payees who get something else than what is due to them in this batch: the minus carried, what came back."""
    is_remarkable = ~Q(brought_fen=0) | ~Q(carried_fen=0) | Q(fate__in=PayoutBalance.CAME_BACK)
    return batch.balances.filter(is_remarkable).select_related("payee").order_by("payee__number")


def returns_of(batch: PayoutBatch) -> QuerySet[PayoutReturn]:
    """The return files, newest first, with how many of their rows had which fate."""
    fate = PayoutReturnRow.Fate
    counts = {name.value.lower(): Count("rows", filter=Q(rows__fate=name)) for name in fate}
    return batch.returns.select_related("uploaded_by").annotate(**counts)


def _of_each_sheet(sums: Iterable[tuple[str, int, int]]) -> list[SheetSum]:
    found = {sheet: (number, total) for sheet, number, total in sums}
    return [SheetSum(sheet, *found.get(sheet, (0, 0))) for sheet in Sheet]

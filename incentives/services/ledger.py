"""How lines of the ledger are written: numbered per case, kind and role, and undone by a mirror line only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Max

from applications.lifecycle import Performance
from incentives.lifecycle import EntryKind, PayeeKind
from incentives.models import RewardEntry
from incentives.rules import Line

Place = tuple[int, str, str]  # case, kind of the entry, role


class Numbers:
    """The next number of a line within its case, kind and role: those that stand are read once, for all cases."""

    def __init__(self, cases: Iterable[int]) -> None:
        rows = RewardEntry.objects.order_by().filter(assessment__in=set(cases))
        self._last: Counter[Place] = Counter()
        for case, kind, role, last in rows.values_list("assessment_id", "kind", "role").annotate(Max("sequence")):
            self._last[case, kind, role] = last

    def next(self, case: int, kind: str, role: str) -> int:
        self._last[case, kind, role] += 1
        return self._last[case, kind, role]


def mirror_of(entry: RewardEntry, *, numbers: Numbers, at: datetime, why: str, kind: str = "") -> RewardEntry:
    """The unsaved line that undoes an entry: the opposite amount for the same payee in the same role. Of the entry's
    own kind it voids both halves of the past; of kind REVERSAL it is a line to be paid (negatively)."""
    kind = kind or entry.kind
    return RewardEntry(
        assessment_id=entry.assessment_id,
        kind=kind,
        role=entry.role,
        sequence=numbers.next(entry.assessment_id, kind, entry.role),
        amount_fen=-entry.amount_fen,
        payee_kind=entry.payee_kind,
        payee_id=entry.payee_id,
        mirrors=entry,
        why=why,
        at=at,
    )


def line_of(entry: RewardEntry) -> Line:
    """An entry as the rules see it."""
    return Line(
        Performance(entry.role), entry.amount_fen, PayeeKind(entry.payee_kind), entry.payee_id, entry.why,
        EntryKind(entry.kind),
    )  # fmt: skip


def line_beside(
    entry: RewardEntry,
    *,
    numbers: Numbers,
    at: datetime,
    amount_fen: int,
    payee_kind: str,
    payee: int | None,
    why: str,
    kind: str = "",
) -> RewardEntry:
    """An unsaved line of the same case and role as an entry, and of its kind where no other is named: who gets it
    instead, or what stands beside it."""
    kind = kind or entry.kind
    return RewardEntry(
        assessment_id=entry.assessment_id,
        kind=kind,
        role=entry.role,
        sequence=numbers.next(entry.assessment_id, kind, entry.role),
        amount_fen=amount_fen,
        payee_kind=PayeeKind(payee_kind),
        payee_id=payee,
        why=why,
        at=at,
    )

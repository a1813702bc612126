"""What counts as in time (domain section 13): in time ÷ (closed + open overdue), exempt left out.

A file that was returned in time has kept its clock. A delay that was explained stays a delay of the stage and of the
branch; of the person it is left out, and so is what ran out while it lay in the queue (domain section 5).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from applications.lifecycle import LATE_OUTCOMES, Outcome

IN_TIME = frozenset({Outcome.ON_TIME, Outcome.RETURNED_IN_TIME})
LATE = frozenset(LATE_OUTCOMES)
LEFT_OUT = frozenset({Outcome.EXEMPT, Outcome.VOID})
NOT_THE_PERSONS = frozenset({Outcome.LATE_QUEUE, Outcome.LATE_JUSTIFIED})
RETURNED = frozenset({Outcome.RETURNED_IN_TIME, Outcome.RETURNED_LATE})


@dataclass(slots=True)
class Tally:
    """Clocks by how they ended, of one stage, branch or person, and those that still run past their due time."""

    in_time: int = 0
    late: int = 0
    exempt: int = 0
    open_overdue: int = 0
    entered: int = 0  # entries that were not returned
    first_pass: int = 0  # of these, without a problem or a return before

    @property
    def rate(self) -> float | None:
        """``None`` when nothing was closed and nothing is overdue."""
        whole = self.in_time + self.late + self.open_overdue
        return self.in_time / whole if whole else None

    @property
    def first_pass_rate(self) -> float | None:
        return self.first_pass / self.entered if self.entered else None

    @property
    def second(self) -> int:
        """Entries that did have a problem or a return before."""
        return self.entered - self.first_pass

    def add(self, outcome: str, clocks: int, first_pass: int = 0, *, kind: str = "", of_person: bool = False) -> None:
        if kind == "ENTRY" and outcome not in RETURNED:
            self.entered += clocks
            self.first_pass += first_pass
        if outcome in IN_TIME:
            self.in_time += clocks
        elif outcome == Outcome.EXEMPT:
            self.exempt += clocks
        elif outcome in LATE and not (of_person and outcome in NOT_THE_PERSONS):
            self.late += clocks


def outcomes_of(verdict: str, *, of_person: bool) -> frozenset[str]:
    """The outcomes that a number of a tally counts: ``in-time``, ``late``, ``exempt``."""
    match verdict:
        case "in-time":
            return frozenset(IN_TIME)
        case "late":
            return frozenset(LATE - NOT_THE_PERSONS if of_person else LATE)
        case _:
            return frozenset({Outcome.EXEMPT})


def verdict_of(outcome: str, *, of_person: bool) -> str:
    """What one clock counts as: ``in-time``, ``late``, or nothing where it is left out."""
    if outcome in IN_TIME:
        return "in-time"
    return "late" if outcome in LATE and not (of_person and outcome in NOT_THE_PERSONS) else ""


def together(tallies: Iterable[Tally]) -> Tally:
    whole = Tally()
    for tally in tallies:
        for name in Tally.__slots__:
            setattr(whole, name, getattr(whole, name) + getattr(tally, name))
    return whole

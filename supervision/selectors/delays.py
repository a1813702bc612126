"""Whose the overdue minutes of a period are: stage by stage, holder by holder, with the breaches behind each number.

A delay belongs to the period in which it fell due. What is still late goes on counting, so the figures are read from
custody at the moment of the question; nobody's minutes are those of the time before custody was written down.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from applications.lifecycle import Clock, Hands, Holder
from organization.models import Branch, Employee
from supervision.models import Breach
from supervision.querysets import BreachQuerySet
from supervision.selectors.custody import charged_in, minutes_of_breaches
from supervision.selectors.timeliness import Window

NOBODY = "nobody"  # in addresses, for minutes of the time before custody was written down
OFFICE = "office"  # the rewards of a case that has ended: it lies in nobody's hands, they wait to be worked on
OF_THE_OFFICE = frozenset({Clock.REGISTER, Clock.CERTIFY, Clock.PAY})
HOLDERS = (
    Holder.PERSON, Holder.QUEUE, Holder.BRANCH, Holder.TRUCK, Holder.CUSTOMER, Holder.HEAD_OFFICE, Holder.POOL,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Delays:
    """Working minutes past due."""

    by_stage: dict[str, Counter[str]]  # clock → holder (or OFFICE, NOBODY) → minutes, in the charter's order
    by_branch: Counter[int]  # what the branches held themselves, by key
    by_person: Counter[int]

    @property
    def by_holder(self) -> Counter[str]:
        return sum(self.by_stage.values(), Counter())

    @property
    def minutes(self) -> int:
        return self.by_holder.total()


def delays_in(window: Window, *, at: datetime, branch: Branch | None = None) -> Delays:
    """Of all breaches that fell due in the period, of one branch's cases or of all."""
    stages: dict[str, Counter[str]] = {kind: Counter() for kind in Clock.values}
    branches: Counter[int] = Counter()
    people: Counter[int] = Counter()
    for (kind, hands), minutes in charged_in(
        window.starts_at, min(window.ends_at, at), at=at, branch=branch.pk if branch else None
    ).items():
        stages[kind][_holder(kind, hands)] += minutes
        if hands and hands.holder == Holder.BRANCH and hands.branch:
            branches[hands.branch] += minutes
        if hands and hands.holder == Holder.PERSON and hands.person:
            people[hands.person] += minutes
    return Delays({kind: held for kind, held in stages.items() if held}, branches, people)


def breaches_behind(
    window: Window, *, at: datetime, branch: Branch | None = None, kind: str = "", holder: str = "",
    of_branch: Branch | None = None, of_person: Employee | None = None,
) -> tuple[BreachQuerySet, dict[int, int]]:  # fmt: skip
    """The breaches that a number is made of, and clock → the minutes that each adds to it."""

    def counts(hands: Hands | None) -> bool:
        if of_branch is not None and (hands is None or (hands.holder, hands.branch) != (Holder.BRANCH, of_branch.pk)):
            return False
        return of_person is None or (
            hands is not None and (hands.holder, hands.person) == (Holder.PERSON, of_person.pk)
        )

    minutes: Counter[int] = Counter()
    held_by = Holder(holder) if holder in HOLDERS else None
    for (clock, hands), held in minutes_of_breaches(
        window.starts_at, min(window.ends_at, at), at=at, branch=branch.pk if branch else None, kind=kind
    ).items():
        if (not holder or (hands.holder if hands else None) == held_by) and counts(hands):
            minutes[clock] += held
    breaches = Breach.objects.filter(clock__in=list(minutes))
    if holder in (OFFICE, NOBODY):
        breaches = (
            breaches.filter(kind__in=OF_THE_OFFICE) if holder == OFFICE else breaches.exclude(kind__in=OF_THE_OFFICE)
        )
    return breaches, dict(minutes)


def _holder(kind: str, hands: Hands | None) -> str:
    if hands is not None:
        return hands.holder
    return OFFICE if kind in OF_THE_OFFICE else NOBODY

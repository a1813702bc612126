"""Whose the overdue minutes of a period are: stage by stage, holder by holder, with the breaches behind each number.

A delay belongs to the period in which it fell due. What has stopped is charged once and summed; what is still late
goes on counting and is read from custody at the moment of the question. Nobody's minutes are those of the time before
custody was written down.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import pgettext_lazy

from applications.lifecycle import Clock, Hands, Holder
from ops_center.clock import local_day
from organization.models import Branch, Employee
from supervision.models import Breach, BreachCharge, UnchargedBreach
from supervision.querysets import BreachQuerySet
from supervision.selectors.custody import Cell, Charges, charged_in
from supervision.selectors.timeliness import Window

NOBODY = "nobody"  # in addresses, for minutes of the time before custody was written down
OFFICE = "office"  # the rewards of a case that has ended: it lies in nobody's hands, they wait to be worked on
OF_THE_OFFICE = frozenset({Clock.REGISTER, Clock.CERTIFY, Clock.PAY})
HOLDERS = (
    Holder.PERSON, Holder.QUEUE, Holder.BRANCH, Holder.TRUCK, Holder.CUSTOMER, Holder.HEAD_OFFICE, Holder.POOL,
)  # fmt: skip
HOLDER_LABELS: Mapping[str, Any] = {
    **{name.value: name.label for name in HOLDERS},
    OFFICE: pgettext_lazy("holder", "Registration, certification, payout"),
    NOBODY: pgettext_lazy("holder", "Not written down"),
}


@dataclass(frozen=True, slots=True)
class Delays:
    """Working minutes past due."""

    by_stage: dict[str, Counter[str]]  # clock → holder (or OFFICE, NOBODY) → minutes, in the charter's order
    by_branch: Counter[int]  # what the branches held themselves, by key
    by_person: Counter[int]
    uncharged: Mapping[Cell, Collection[int]] = field(default_factory=dict, compare=False)  # the clocks of it

    @property
    def by_holder(self) -> Counter[str]:
        return sum(self.by_stage.values(), Counter())

    @property
    def minutes(self) -> int:
        return self.by_holder.total()


def delays_in(window: Window, *, at: datetime, branch: Branch | None = None, with_lists: bool = False) -> Delays:
    """Of all breaches that fell due in the period, of one branch's cases or of all; ``with_lists`` for who asks for the
    breaches behind a number as well."""
    stages: dict[str, Counter[str]] = {kind: Counter() for kind in Clock.values}
    branches: Counter[int] = Counter()
    people: Counter[int] = Counter()
    charged = charged_in(
        window.starts_at, min(window.ends_at, at), at=at, branch=branch.pk if branch else None, with_clocks=with_lists
    )
    for (kind, hands), minutes in charged.minutes.items():
        stages[kind][column_of(kind, hands.holder if hands else "")] += minutes
        if hands and hands.holder == Holder.BRANCH and hands.branch:
            branches[hands.branch] += minutes
        if hands and hands.holder == Holder.PERSON and hands.person:
            people[hands.person] += minutes
    by_stage = {kind: held for kind, held in stages.items() if held}
    return Delays(by_stage, branches, people, charged.uncharged)


@dataclass(frozen=True, slots=True)
class Held:
    """Whose minutes a list is about; what is left empty is anybody's."""

    holder: str = ""  # of HOLDERS, OFFICE, NOBODY
    branch: Branch | None = None
    person: Employee | None = None

    def counts(self, holder: str, person: int | None, branch: int | None) -> bool:
        """Whether minutes in these hands (``holder`` of Holder, or empty) are among them."""
        if self.holder and holder != self._written:
            return False
        if self.branch is not None and (holder, branch) != (Holder.BRANCH, self.branch.pk):
            return False
        return self.person is None or (holder, person) == (Holder.PERSON, self.person.pk)

    def has(self, hands: Hands | None) -> bool:
        return self.counts(hands.holder, hands.person, hands.branch) if hands else self.counts("", None, None)

    def of(self, breach: Breach) -> int:
        """The minutes that a breach (with its ``charges``) adds to the number."""
        charges: Charges = breach.charges  # type: ignore[attr-defined]
        return sum(
            one.minutes
            for one in charges
            if self.counts(one.holder, one.person.pk if one.person else None, one.branch.pk if one.branch else None)
        )

    def kept(self) -> Q:
        """The charges that are kept of them."""
        found = Q()
        if self.holder:
            found &= Q(holder=self._written)
        if self.branch is not None:
            found &= Q(holder=Holder.BRANCH, branch=self.branch)
        if self.person is not None:
            found &= Q(holder=Holder.PERSON, person=self.person)
        return found

    def stages(self) -> Q:
        """The breaches that may be among them: what nobody holds is told apart by its clock."""
        if self.holder == OFFICE:
            return Q(kind__in=OF_THE_OFFICE)
        return ~Q(kind__in=OF_THE_OFFICE) if self.holder == NOBODY else Q()

    @property
    def _written(self) -> str:
        return "" if self.holder in (OFFICE, NOBODY) else self.holder


def breaches_behind(
    window: Window, held: Held, figures: Delays, *, at: datetime, branch: Branch | None = None, kind: str = ""
) -> BreachQuerySet:
    """The breaches that a number of these figures (``with_lists``) is made of."""
    since, until = window.starts_at, min(window.ends_at, at)
    clocks = {clock for (_kind, hands), found in figures.uncharged.items() if held.has(hands) for clock in found}
    period = {"day__gte": local_day(since), "day__lte": window.last, **({"kind": kind} if kind else {})}
    charged = BreachCharge.objects.filter(held.kept(), breach=OuterRef("pk"), **period)
    again = UnchargedBreach.objects.filter(breach=OuterRef("pk"))
    cut = {**({"branch": branch} if branch else {}), **({"kind": kind} if kind else {})}
    return Breach.objects.filter(held.stages(), due_at__gte=since, due_at__lt=until, **cut).filter(
        (Exists(charged) & ~Exists(again)) | Q(clock__in=clocks)
    )


def column_of(kind: str, holder: str) -> str:
    """Where the minutes of a clock stand (``HOLDER_LABELS``) that were in these hands, or in nobody's (empty)."""
    return holder or (OFFICE if kind in OF_THE_OFFICE else NOBODY)

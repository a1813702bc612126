"""The funnel: what became of the cases that began in a month."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from applications.lifecycle import FINISHED, Stage, State
from applications.models import Application
from applications.querysets import ApplicationQuerySet
from organization.models import Branch
from supervision.periods import Month
from supervision.selectors import of_branch

# How far a case came: the stamp that says so. Everybody begins; the other steps are the bank's macro stages.
REACHED: dict[str, Q] = {
    "begun": Q(),
    "taken-in": Q(taken_in_at__isnull=False),
    "entered": Q(entered_at__isnull=False),
    "issued": Q(issued_at__isnull=False),
    "activated": Q(activated_at__isnull=False),
}
STAGE_OF_STEP: dict[str, Stage] = {
    "begun": Stage.REFERRAL,
    "taken-in": Stage.INTAKE,
    "entered": Stage.CENTRAL_ENTRY,
    "issued": Stage.CARD_ISSUE,
    "activated": Stage.ACTIVATION,
}
ENDS: dict[str, Q] = {
    "rejected": Q(state=State.REJECTED),
    "withdrawn": Q(state=State.WITHDRAWN),
    "expired": Q(state=State.EXPIRED),
    "returned": Q(round__gt=1),
    "open": ~Q(state__in=FINISHED),
}
ORIGINS: dict[str, Q] = {"referred": Q(referred_at__isnull=False), "walk-in": Q(referred_at=None)}


@dataclass(frozen=True, slots=True)
class Funnel:
    """Cases by origin and step (``begun`` … ``activated``) and by how they ended."""

    steps: Mapping[str, Mapping[str, int]]  # origin → step → cases
    ends: Mapping[str, int]

    def total(self, step: str) -> int:
        return sum(steps[step] for steps in self.steps.values())


def funnel_board(*, scope: Branch | None, month: Month) -> Funnel:
    figures = funnel_cases(scope=scope, month=month).order_by().aggregate(
        **{
            f"{origin}/{step}": Count("pk", filter=came_from & reached)
            for origin, came_from in ORIGINS.items()
            for step, reached in REACHED.items()
        },
        **{f"end/{name}": Count("pk", filter=ended) for name, ended in ENDS.items()},
    )  # fmt: skip
    return Funnel(
        steps={origin: {step: figures[f"{origin}/{step}"] for step in REACHED} for origin in ORIGINS},
        ends={name: figures[f"end/{name}"] for name in ENDS},
    )


def funnel_cases(
    *, scope: Branch | None, month: Month, origin: str = "", reached: str = "", end: str = ""
) -> ApplicationQuerySet:
    """The list behind a number of the funnel."""
    cases = Application.objects.filter(of_branch(scope), created_at__gte=month.starts_at, created_at__lt=month.ends_at)
    for wanted, table in ((origin, ORIGINS), (reached, REACHED), (end, ENDS)):
        if wanted:
            cases = cases.filter(table[wanted])
    return cases


def first_month(at: datetime) -> datetime | None:
    """When the first case began; the choice of months starts there."""
    begun: datetime | None = Application.objects.order_by("pk").values_list("created_at", flat=True).first()
    return begun if begun and begun <= at else None

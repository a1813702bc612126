"""The funnel: what became of the cases that began in a month.

Its numbers are sums over the counts of cases (supervision.models.figures), which are true at every moment; the list
behind a number asks the cases themselves. A cut is named once here for both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import pgettext_lazy

from applications.lifecycle import FINISHED, State
from applications.models import Application
from applications.querysets import ApplicationQuerySet
from organization.models import Branch
from supervision.models import CaseCount
from supervision.periods import Month
from supervision.selectors import of_branch


@dataclass(frozen=True, slots=True)
class Cut:
    """A number of the funnel: which cases it counts, and which of their counts."""

    cases: Q
    counts: Q


# How far a case came: the stamp that says so. Everybody begins; the other steps are the bank's macro stages.
REACHED: dict[str, Cut] = {
    "begun": Cut(Q(), Q()),
    "taken-in": Cut(Q(taken_in_at__isnull=False), Q(is_taken_in=True)),
    "entered": Cut(Q(entered_at__isnull=False), Q(is_entered=True)),
    "issued": Cut(Q(issued_at__isnull=False), Q(is_issued=True)),
    "activated": Cut(Q(activated_at__isnull=False), Q(is_activated=True)),
}
STEP_LABELS = {
    "begun": pgettext_lazy("funnel", "Begun"),
    "taken-in": pgettext_lazy("funnel", "Taken in"),
    "entered": pgettext_lazy("funnel", "Entered"),
    "issued": pgettext_lazy("funnel", "Issued"),
    "activated": pgettext_lazy("funnel", "Activated"),
}
ENDS: dict[str, Cut] = {
    "rejected": Cut(Q(state=State.REJECTED), Q(ended_as=State.REJECTED)),
    "withdrawn": Cut(Q(state=State.WITHDRAWN), Q(ended_as=State.WITHDRAWN)),
    "expired": Cut(Q(state=State.EXPIRED), Q(ended_as=State.EXPIRED)),
    "returned": Cut(Q(round__gt=1), Q(is_returned=True)),
    "open": Cut(~Q(state__in=FINISHED), Q(ended_as="")),
}
ORIGINS: dict[str, Cut] = {
    "referred": Cut(Q(referred_at__isnull=False), Q(is_referred=True)),
    "walk-in": Cut(Q(referred_at=None), Q(is_referred=False)),
}


@dataclass(frozen=True, slots=True)
class Funnel:
    """Cases by origin and step (``begun`` … ``activated``) and by how they ended."""

    steps: Mapping[str, Mapping[str, int]]  # origin → step → cases
    ends: Mapping[str, int]

    def total(self, step: str) -> int:
        return sum(steps[step] for steps in self.steps.values())


def funnel_board(*, scope: Branch | None, month: Month) -> Funnel:
    figures = CaseCount.objects.filter(of_branch(scope), month=month.first_day).aggregate(
        **{
            f"{origin}/{step}": _sum(came_from.counts & reached.counts)
            for origin, came_from in ORIGINS.items()
            for step, reached in REACHED.items()
        },
        **{f"end/{name}": _sum(ended.counts) for name, ended in ENDS.items()},
    )  # fmt: skip
    return Funnel(
        steps={origin: {step: figures[f"{origin}/{step}"] for step in REACHED} for origin in ORIGINS},
        ends={name: figures[f"end/{name}"] for name in ENDS},
    )


def _sum(counts: Q) -> Coalesce:
    return Coalesce(Sum("cases", filter=counts), 0)


def funnel_cases(
    *, scope: Branch | None, month: Month, origin: str = "", reached: str = "", end: str = ""
) -> ApplicationQuerySet:
    """The list behind a number of the funnel."""
    cases = Application.objects.filter(of_branch(scope), created_at__gte=month.starts_at, created_at__lt=month.ends_at)
    for wanted, table in ((origin, ORIGINS), (reached, REACHED), (end, ENDS)):
        if wanted:
            cases = cases.filter(table[wanted].cases)
    return cases

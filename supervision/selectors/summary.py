"""The figures of a personal summary: what one person did in a month, each with the list behind it. No money here: that
is the floor above."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext_lazy, pgettext_lazy

from applications.models import Application, CaseClock, KeyDifference
from applications.querysets import ApplicationQuerySet
from organization.models import Employee
from supervision.models import MonthSummary
from supervision.on_time import IN_TIME, LATE, NOT_THE_PERSONS
from supervision.periods import Month

OWN_LATE = LATE - NOT_THE_PERSONS

LABELS: Mapping[str, Any] = {
    "referred": pgettext_lazy("summary", "Referred"),
    "taken_in": pgettext_lazy("summary", "Taken in"),
    "activated": pgettext_lazy("summary", "Activated, referred or taken in by me"),
    "returned": pgettext_lazy("summary", "Files of the month that came back"),
    "on_time": pgettext_lazy("summary", "Deadlines kept"),
    "late": pgettext_lazy("summary", "Deadlines missed"),
    "errors": pgettext_lazy("summary", "Wrong fields found"),
    "open": gettext_lazy("Still open at the end of the month"),
}
# Under which block of the summary a figure stands.
OF_BLOCK: Mapping[str, tuple[str, ...]] = {
    "review": ("referred", "taken_in"),
    "results": ("activated", "on_time"),
    "problems": ("returned", "late", "errors"),
    "measures": (),
    "plan": ("open",),
}


@dataclass(frozen=True, slots=True)
class Summary:
    """A month of a person: the figures, and what the person wrote, if anything."""

    month: Month
    figures: Mapping[str, int]
    written: MonthSummary | None

    @property
    def version(self) -> int:
        """0: nothing has been written."""
        return self.written.version if self.written else 0

    @property
    def texts(self) -> dict[str, str]:
        return {block: getattr(self.written, block, "") for block in MonthSummary.BLOCKS}


def summary_of(person: Employee, *, month: Month) -> Summary:
    figures = {name: summary_cases(person, month=month, name=name).order_by().count() for name in CUTS}
    clocks = _clocks(person, month).aggregate(
        on_time=Count("pk", filter=Q(outcome__in=IN_TIME)), late=Count("pk", filter=Q(outcome__in=OWN_LATE))
    )
    wrong = KeyDifference.objects.filter(
        wrong_keyer=person, found_at__gte=month.starts_at, found_at__lt=month.ends_at
    ).count()
    written = MonthSummary.objects.filter(person=person, month=month.first_day).first()
    return Summary(month, figures | clocks | {"errors": wrong}, written)


CUTS = ("referred", "taken_in", "activated", "returned", "open")


def summary_cases(person: Employee, *, month: Month, name: str) -> ApplicationQuerySet:
    """The cases behind a figure; ``on_time``, ``late`` and ``errors`` count clocks and fields, and list their cases."""
    cases = Application.objects.filter(is_imported=False)
    start, end = month.starts_at, month.ends_at
    mine = Q(referrer=person) | Q(collector=person)
    match name:
        case "referred":
            return cases.filter(referrer=person, referred_at__gte=start, referred_at__lt=end)
        case "taken_in":
            return cases.filter(collector=person, taken_in_at__gte=start, taken_in_at__lt=end)
        case "activated":
            return cases.filter(mine, activated_at__gte=start, activated_at__lt=end)
        case "returned":
            return cases.filter(collector=person, taken_in_at__gte=start, taken_in_at__lt=end, round__gt=1)
        case "open":
            ended = [Q(**{stamp: None}) | Q(**{f"{stamp}__gte": end}) for stamp in _ENDS]
            return cases.filter(mine, *ended, created_at__lt=end)
        case "errors":
            wrong = KeyDifference.objects.filter(wrong_keyer=person, found_at__gte=start, found_at__lt=end)
            return cases.filter(pk__in=wrong.values("application"))
        case _clock:
            outcomes = IN_TIME if name == "on_time" else OWN_LATE
            return cases.filter(pk__in=_clocks(person, month).filter(outcome__in=outcomes).values("application"))


_ENDS = ("activated_at", "rejected_at", "withdrawn_at", "expired_at")


def _clocks(person: Employee, month: Month) -> Any:
    """The clocks that the person answered for and that ended in the month."""
    return CaseClock.objects.filter(
        owner=person, stopped_at__gte=month.starts_at, stopped_at__lt=month.ends_at, application__is_imported=False
    ).order_by()

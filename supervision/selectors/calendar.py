"""Changes of the calendar as people decide on them: what differs, and which deadlines would move."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from applications.services.remeasure import Moves, Ruler, open_over
from ops_center.kernel.worktime import Day
from organization.models import CalendarChange
from organization.models.versions import PolicyStatus
from organization.services.calendar import calendar_with
from supervision.services.calendar import days_of, turned_days


def changes() -> QuerySet[CalendarChange]:
    """Newest first, with who drafted and approved them, and how far their clocks are."""
    return CalendarChange.objects.select_related("drafted_by", "approved_by", "recount").order_by("-drafted_at", "-pk")


def waiting() -> QuerySet[CalendarChange]:
    return changes().filter(status=PolicyStatus.DRAFT)


def departures(turned: list[tuple[Day, Day]]) -> list[tuple[Day, Day]]:
    """Of the days that differ those that people look at: not the plain days of a year that only become official."""
    return [(before, day) for before, day in turned if before.is_workday != day.is_workday or before.name != day.name]


def moves_of(change: CalendarChange, *, at: datetime) -> Moves:
    """The open clocks by the calendar as the change would leave it: what its approval would move now."""
    days = days_of(change)
    turned = [day.on for _before, day in turned_days(days)]
    if not turned:
        return Moves(at)
    return Moves.of(Ruler(calendar_with(days)).measure(open_over(turned[0], turned[-1])), at=at)

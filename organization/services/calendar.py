"""The working calendar: read from the table once per process and revision, never from a library at run time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db import transaction

from ops_center.kernel.worktime import Day, WorkCalendar
from organization.models import CalendarDay
from organization.services.revisions import bump, revision

_loaded: dict[str, tuple[int, WorkCalendar]] = {}


def working_calendar() -> WorkCalendar:
    """The bank's calendar as it stands now."""
    current = revision("calendar")
    held = _loaded.get("calendar")
    if held is None or held[0] != current:
        days = [
            Day(on=on, is_workday=is_workday, name=name)
            for on, is_workday, name in CalendarDay.objects.values_list("on", "is_workday", "name")
        ]
        held = _loaded["calendar"] = (current, WorkCalendar(days))
    return held[1]


@transaction.atomic
def install_days(*, days: Iterable[tuple[date, bool, str]], source: str) -> int:
    """Writes official days that are not there yet; days that the bank has changed stay. Returns how many were added."""
    rows = [CalendarDay(on=on, is_workday=is_workday, name=name, source=source) for on, is_workday, name in days]
    before = CalendarDay.objects.count()
    CalendarDay.objects.bulk_create(rows, ignore_conflicts=True)
    added = CalendarDay.objects.count() - before
    if added:
        bump("calendar")
    return added


def years_without_days(years: Iterable[int]) -> list[int]:
    """The years of which no official day is known."""
    known = set(CalendarDay.objects.values_list("on__year", flat=True).distinct())
    return [year for year in years if year not in known]

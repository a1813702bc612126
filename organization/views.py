"""The working calendar as a page: which days count, for which years nobody has published them yet, and what is about to
change."""

from __future__ import annotations

import calendar as months
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed
from ops_center.kernel.worktime import Day, WorkCalendar
from ops_center.web.keyset import read_query
from ops_center.web.pages import StaffRequest, staff
from organization.models import CalendarChange
from organization.models.versions import PolicyStatus
from organization.roles import Role
from organization.services.calendar import missing_years, working_calendar

FIRST_YEAR, LAST_YEAR = 2000, 2099
WATCHERS = frozenset({Role.MGT, Role.SUP, Role.AUD})  # who see changes before they hold
LATEST_CHANGES = 20


@dataclass(frozen=True, slots=True)
class Month:
    """Weeks from Monday; days of other months are left out."""

    first: date
    weeks: list[list[Day | None]]
    workdays: int


@staff()
@require_GET
def calendar(request: StaffRequest) -> HttpResponse:
    """One year: working days, holidays by name, make-up days; a year without official days is marked provisional."""
    today = local_day(request.at)
    year = _year(read_query(request.GET, known=("year",)).get("year", str(today.year)))
    known = working_calendar()
    year_of = [month(known, date(year, number, 1)) for number in range(1, 13)]
    days = [day for one in year_of for week in one.weeks for day in week if day is not None]
    facts: dict[str, Any] = {
        "year": year,
        "years": [str(beside) for beside in (year - 1, year, year + 1) if FIRST_YEAR <= beside <= LAST_YEAR],
        "months": year_of,
        "today": today,
        "workdays": sum(one.workdays for one in year_of),
        "is_provisional": not any(day.official for day in days),
        "missing": missing_years(today),
        "is_management": Role.MGT in request.roles,
    }
    if request.roles & WATCHERS:
        changes = CalendarChange.objects.select_related("drafted_by", "approved_by")
        facts["waiting"] = changes.filter(status=PolicyStatus.DRAFT)
        facts["decided"] = changes.filter(year=year).exclude(status=PolicyStatus.DRAFT)[:LATEST_CHANGES]
    return render(request, "organization/calendar.html", facts)


def month(known: WorkCalendar, first: date) -> Month:
    weeks = [
        [known.day(on) if on.month == first.month else None for on in week]
        for week in months.Calendar().monthdatescalendar(first.year, first.month)
    ]
    return Month(first, weeks, sum(day is not None and day.is_workday for week in weeks for day in week))


def _year(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or not FIRST_YEAR <= int(text[:5]) <= LAST_YEAR:
        raise Malformed("bad_year", _("A year from %(first)s to %(last)s.") % {"first": FIRST_YEAR, "last": LAST_YEAR})
    return int(text)

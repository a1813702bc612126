"""The calendar editor: a year's list or single days, drafted with a diff and a preview, approved by a second person."""

from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from applications.views.door import attempt, go
from ops_center.clock import local_day
from ops_center.web.keyset import read_query
from ops_center.web.pages import StaffRequest, staff
from organization.models import CalendarChange
from organization.models.versions import PolicyStatus
from organization.roles import Role
from organization.services import versions
from organization.services.calendar import working_calendar
from supervision import holidays
from supervision.forms.policies import DraftDays, suggested
from supervision.selectors.calendar import changes, departures, moves_of
from supervision.services import calendar as services
from supervision.services.calendar import days_of, turned_days
from supervision.views.policies import preview_facts

READERS = (Role.MGT, Role.SUP, Role.AUD)


@staff(*READERS)
@require_GET
def calendar_change(request: StaffRequest, change: int) -> HttpResponse:
    """One change: the days that differ, what its approval would move now, and the decision."""
    asked = read_query(request.GET, known=("show",))
    row = changes().filter(pk=change).first()
    if row is None:
        raise versions.no_version()
    days = days_of(row)
    turned = turned_days(days)
    facts = {
        "change": row,
        "turned": turned,
        "departures": departures(turned),
        "laid": [day for day in days if day.name or day.is_workday is day.is_weekend],
        "doubts": holidays.doubts(days) if len(days) > holidays.LONGEST_PATCH else "",
        "is_draft": row.status == PolicyStatus.DRAFT,
        "is_management": Role.MGT in request.roles,
        "is_own": row.drafted_by_id == request.actor.pk,
        "now": request.at,
    }
    if row.status == PolicyStatus.DRAFT:
        facts |= preview_facts(moves_of(row, at=request.at), asked)
    return render(request, "supervision/calendar_change.html", facts)


@staff(Role.MGT)
@require_http_methods(["GET", "HEAD", "POST"])
def new_calendar_change(request: StaffRequest) -> HttpResponse:
    """Empty for the next year, or half filled in for a day that was pressed in the calendar."""
    if request.method != "POST":
        form = DraftDays(actor=request.actor, at=request.at, initial=_initial(request))
        return render(request, "supervision/new_calendar_change.html", {"form": form})
    form = DraftDays(request.POST, request.FILES, actor=request.actor, at=request.at)
    drafted: list[CalendarChange] = []
    status = attempt(
        form,
        lambda form: drafted.append(services.draft_change(actor=request.actor, at=request.at, **form.said())),
    )
    if status:
        return render(request, "supervision/new_calendar_change.html", {"form": form}, status=status)
    messages.success(request, _("Drafted. Look at what it would move; a second person of the management approves it."))
    return go(request, reverse("calendar-change", args=[drafted[0].pk]))


def _initial(request: StaffRequest) -> dict[str, object]:
    try:
        on = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        asked = request.GET.get("year", "")
        year = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) == 4 else 0
        return {"year": year or local_day(request.at).year + 1, "is_whole_year": "yes"}
    return suggested(on, is_workday=working_calendar().is_workday(on))


@staff(Role.MGT)
@require_POST
def approve_calendar_change(request: StaffRequest, change: int) -> HttpResponse:
    row = services.approve_change(change=change, actor=request.actor, at=request.at)
    if row.moved is None:
        messages.success(request, _("Approved: the calendar holds at once. Its many clocks are being reckoned anew."))
        return go(request, reverse("calendar-change", args=[row.pk]))
    said = _("Approved: the calendar of %(year)s holds, and %(moved)s deadlines of open clocks moved.")
    messages.success(request, said % {"year": row.year, "moved": row.moved})
    return go(request, f"{reverse('calendar')}?year={row.year}")


@staff(Role.MGT)
@require_POST
def discard_calendar_change(request: StaffRequest, change: int) -> HttpResponse:
    row = services.discard_change(change=change, actor=request.actor, at=request.at)
    messages.success(request, _("Discarded."))
    return go(request, f"{reverse('calendar')}?year={row.year}")

"""Changes of the working calendar: a year's official list, or single days that the bank turns. Drafted by one of the
management with a diff and a preview, put in force by a second; then the open clocks are computed again (rule K8).

What is over stays: a clock that has stopped keeps its dates. Only whose delay is not settled yet and would have been in
time by the corrected days is exempt (domain section 5).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from applications.lifecycle import LATE_OUTCOMES
from applications.models import CaseClock, ClockInterval, Event
from applications.services.recounts import add, recount_for_change
from applications.services.remeasure import open_over, over
from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed, Refused
from ops_center.kernel.worktime import Day, WorkCalendar
from organization.models import CalendarChange, CalendarDay, Employee
from organization.models.versions import PolicyStatus
from organization.services import versions
from organization.services.audit import record
from organization.services.calendar import change_days
from supervision.holidays import require_sound, whole_year
from supervision.services.breaches import renew_windows
from supervision.services.charges import charge_again
from supervision.services.justifications import renew_decisions
from supervision.services.recounts import tell_of_ends

FIRST_YEAR, YEARS_AHEAD = 2024, 2
LONGEST_SOURCE = 120
UNDER_WAY = timedelta(minutes=15)  # no step takes longer; see count_once_more


@transaction.atomic
def draft_change(
    *,
    year: int,
    days: Sequence[Day],
    is_whole_year: bool,
    source: str,
    actor: Employee,
    at: datetime,
    reason: str = "",
) -> CalendarChange:
    """A year's official list (the days that it does not name follow the week), or single days. Malformed for days that
    contradict each other, that change nothing, or that have begun when no reason for a correction is given; Refused
    while another draft of the year waits."""
    versions.require_management(actor, at=at)
    today = local_day(at)
    wrong = {}
    if not FIRST_YEAR <= year <= today.year + YEARS_AHEAD:
        years = {"first": FIRST_YEAR, "last": today.year + YEARS_AHEAD}
        wrong["year"] = _("A year from %(first)s to %(last)s.") % years
    if not 0 < len(source.strip()) <= LONGEST_SOURCE:
        wrong["source"] = _("Say where the days come from, such as the number of the official notice.")
    if wrong:
        raise Malformed("bad_change", " ".join(wrong.values()), wrong)
    require_sound(days, year=year, is_whole_year=is_whole_year)
    laid = whole_year(year, days) if is_whole_year else sorted(days, key=lambda day: day.on)
    turned = turned_days(laid)
    if not turned:
        sentence = _("This is what the calendar says already: there is nothing to change.")
        raise Malformed("no_change", sentence, {"days": sentence})
    if any(day.on <= today for _before, day in turned) and not reason.strip():
        sentence = _("Days that have begun are changed as a correction only: give the reason.")
        raise Malformed("needs_reason", sentence, {"reason": sentence})
    if CalendarChange.objects.select_for_update().filter(year=year, status=PolicyStatus.DRAFT).exists():
        raise Refused("draft_waits", _("A change of this year waits already. Decide on it, or discard it, first."))
    change = CalendarChange.objects.create(
        year=year, days=[_spelled(day) for day in laid], source=source.strip(), drafted_by=actor, drafted_at=at,
        reason=reason.strip()[: versions.LONGEST_NOTE],
    )  # fmt: skip
    record(action="draft_calendar", at=at, actor=actor, subject=str(year), days=len(turned), source=change.source)
    return change


@transaction.atomic
def approve_change(*, change: int, actor: Employee, at: datetime) -> CalendarChange:
    """Lays the days down and computes the open clocks again; by a second person of the management."""
    row = versions.decidable(CalendarChange, pk=change, actor=actor, at=at)
    if no := versions.why_not_alone(row, actor):
        raise no
    days = days_of(row)
    turned = [day.on for _before, day in turned_days(days)]
    if not turned:
        raise Refused("no_change", _("The calendar says this already by now. Discard the draft."))
    if turned[0] <= local_day(at) and not row.reason:
        raise Refused(
            "needs_reason",
            _("Days of this draft have begun meanwhile. Discard it and draft it anew as a correction with a reason."),
        )
    change_days(days=days, source=row.source)
    first, last = turned[0], turned[-1]
    recount = recount_for_change(row, _concerned(first, last), days=len(turned), at=at)
    versions.sign(row, actor=actor, at=at, moved=recount.moved if recount.finished_at else None)
    charge_again(first, last)
    renew_windows(at=at)
    renew_decisions()
    record(action="approve_calendar", at=at, actor=actor, subject=str(row.year), days=len(turned), clocks=recount.total)
    tell_of_ends(at=at)
    return row


def discard_change(*, change: int, actor: Employee, at: datetime) -> CalendarChange:
    """Takes a draft off the table; by anyone of the management, the drafter included."""
    return versions.discard(CalendarChange, pk=change, actor=actor, at=at)


def count_once_more(*, at: datetime) -> int:
    """A step that was under way while a change was approved may have counted by the old days: for a quarter of an hour
    the clocks that it has started or let go on are computed again. Returns the deadlines that moved."""
    moved = 0
    approved = CalendarChange.objects.filter(status=PolicyStatus.APPROVED, approved_at__gt=at - UNDER_WAY)
    for row in approved.filter(recount__isnull=False).select_related("recount"):
        days, before = days_of(row), row.recount.moved
        since, until = row.recount.begun_at - UNDER_WAY, row.recount.begun_at + UNDER_WAY
        stepped = Event.objects.filter(application=OuterRef("application"), at__range=(since, until))
        begun = ClockInterval.objects.filter(clock=OuterRef("pk"), since__range=(since, until))
        clocks = open_over(days[0].on, days[-1].on).filter(Q(Exists(stepped)) | Q(Exists(begun)))
        with transaction.atomic():
            moved += add(row.recount, clocks, at=at).moved - before
    return moved


# -- what a change says ------------------------------------------------------------------------------------------------
def days_of(change: CalendarChange) -> list[Day]:
    """The days that it lays down, in their order."""
    return [
        Day(date.fromisoformat(row["on"]), is_workday=row["is_workday"], name=row["name"])
        for row in sorted(change.days, key=lambda row: str(row["on"]))
    ]


def turned_days(days: Sequence[Day]) -> list[tuple[Day, Day]]:
    """Those that differ from what the calendar says now, before and after. That a plain day becomes official is a
    difference too: what is counted over it is provisional no more."""
    standing = CalendarDay.objects.filter(on__in=[day.on for day in days]).values_list("on", "is_workday", "name")
    known = {on: Day(on, is_workday=is_workday, name=name) for on, is_workday, name in standing}
    unofficial = WorkCalendar()
    return [(before, day) for day in days if (before := known.get(day.on, unofficial.day(day.on))) != day]


def _spelled(day: Day) -> dict[str, Any]:
    return {"on": day.on.isoformat(), "is_workday": day.is_workday, "name": day.name}


# -- what follows from it ----------------------------------------------------------------------------------------------
def _concerned(first: date, last: date) -> list[QuerySet[CaseClock]]:
    """The clocks to which one of these days may matter: open ones, and what has stopped late and is not settled."""
    late = CaseClock.objects.filter(outcome__in=LATE_OUTCOMES, breach__settled_at=None, breach__isnull=False)
    return [open_over(first, last), over(late, first, last)]

"""What goes out at an hour of the day: cut-off reminders, the list of what was not dispatched, agreed calls, what is
about to lapse, the alarm over a missing calendar.

Each may run at any moment, as often as it likes: what has gone out is remembered in a row, so a stopped clock of the
scheduler delays a message and never doubles it.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.db import transaction

from applications.lifecycle import FINISHED, State
from applications.models import Application, ContactLog, ProblemItem
from applications.services.endings import has_lapsed, lapses_at
from ops_center.clock import local_day
from ops_center.kernel.worktime import SHANGHAI
from organization.models import Branch, Employee
from organization.roles import Role
from organization.services.calendar import missing_years, opening_times, working_calendar
from organization.services.inbox import tell
from organization.services.telling import who_may_be_told
from supervision.models import CallReminder, DayNotice
from supervision.services.notices import NAMED

END_OF_DAY = time(20, 0)
REMIND_BEFORE_CUT_OFF = (60, 20)  # minutes
REMIND_BEFORE_CALL = timedelta(minutes=30)
REMIND_BEFORE_EXPIRY = timedelta(days=3)
LAST_DAY = timedelta(days=1)  # of a case that lapses people hear at any hour
AT_THE_BRANCH = (State.TAKEN_IN, State.BAGGED)


@transaction.atomic
def remind_of_cut_off(*, at: datetime) -> int:
    """60 and 20 minutes before a branch's cut-off: how many files are not in a bag yet. Returns the branches told."""
    today = local_day(at)
    if not working_calendar().is_workday(today):
        return 0
    waiting, times = _files_at_branches([State.TAKEN_IN]), opening_times()
    told = 0
    for branch in Branch.objects.filter(pk__in=waiting):
        cut_off = datetime.combine(today, times.hours(branch, on=today).cut_off_on(today), SHANGHAI)
        left = (cut_off - at) / timedelta(minutes=1)
        due = min((minutes for minutes in REMIND_BEFORE_CUT_OFF if 0 < left <= minutes), default=None)
        if due is None or not _first_time(f"cut_off_{due}", today, branch.code, at):
            continue
        people = Employee.objects.filter(branch=branch).holding(Role.CM, Role.BAG, Role.BH, on=today)
        tell(people, kind="cut_off_soon", at=at, about="/bags/", count=len(waiting[branch.pk]),
             cut_off=f"{cut_off:%H:%M}")  # fmt: skip
        told += 1
    return told


@transaction.atomic
def list_undispatched(*, at: datetime) -> int:
    """After 20:00 of a working day: the files still at each branch, to its head and the trackers. Returns the files."""
    today = local_day(at)
    if at < datetime.combine(today, END_OF_DAY, SHANGHAI) or not working_calendar().is_workday(today):
        return 0
    waiting = _files_at_branches(AT_THE_BRANCH)
    trackers = list(Employee.objects.holding(Role.TR, on=today))
    listed = 0
    for branch in Branch.objects.filter(pk__in=waiting):
        if not _first_time("undispatched", today, branch.code, at):
            continue
        numbers = waiting[branch.pk]
        heads = Employee.objects.filter(branch=branch).holding(Role.BH, on=today)
        about = f"/applications/?branch={branch.code}"
        tell([*heads, *trackers], kind="undispatched", at=at, about=about, branch=branch.name, count=len(numbers),
             numbers=numbers[:NAMED])  # fmt: skip
        listed += len(numbers)
    return listed


@transaction.atomic
def remind_of_calls(*, at: datetime) -> int:
    """30 minutes before a call agreed with a client: a message to who agreed it, unless it was made meanwhile."""
    agreed = (
        ContactLog.objects.filter(
            promised_at__gt=at - timedelta(days=1), promised_at__lte=at + REMIND_BEFORE_CALL, reminder=None
        )
        .exclude(application__state__in=FINISHED)
        .select_related("application")
    )
    told = 0
    for contact in agreed:
        newer = ContactLog.objects.filter(application=contact.application_id, at__gt=contact.at).exists()
        _row, first = CallReminder.objects.get_or_create(contact=contact, defaults={"at": at})
        if first and not newer:
            number, agreed_at = contact.application.number, contact.promised_at
            told += tell([contact.by_id], kind="call_agreed", at=at, about=f"/applications/{number}/", number=number,
                         agreed=agreed_at.isoformat() if agreed_at else "")  # fmt: skip
    return told


@transaction.atomic
def remind_of_waits(*, at: datetime) -> int:
    """On the day until which a client asked to wait (U03), or the first working day after: the case, to the trackers.
    Returns the cases told of."""
    today = local_day(at)
    if not working_calendar().is_workday(today):
        return 0
    over = ProblemItem.objects.filter(closed_at=None, wait_until__lte=today).select_related("application")
    trackers = list(Employee.objects.holding(Role.TR, on=today))
    told = 0
    for item in over.order_by("wait_until", "pk"):
        number = item.application.number
        if item.wait_until is not None and _first_time("wait_over", item.wait_until, number, at):
            tell(trackers, kind="wait_over", at=at, about=f"/applications/{number}/", number=number,
                 day=item.wait_until.isoformat())  # fmt: skip
            told += 1
    return told


@transaction.atomic
def remind_of_expiry(*, at: datetime) -> int:
    """Three days before a case lapses: to its collector (of a lead nobody took: its referrer), and after the issue to
    who coached the client, else to the after-sales officers; as soon as one of them may be told, on its last day at any
    hour. Returns the cases told of."""
    officers = list(Employee.objects.holding(Role.AS, on=local_day(at)).values_list("pk", flat=True))
    soon: list[tuple[Application, datetime, set[int]]] = []
    for case in Application.objects.filter(has_lapsed(at + REMIND_BEFORE_EXPIRY)).select_related("coaching"):
        lapses = lapses_at(case)
        if lapses is not None and lapses > at:
            people = {person for person in [case.collector_id or case.referrer_id] if person is not None}
            if case.issued_at:
                coaching = getattr(case, "coaching", None)
                people |= {coaching.officer_id} if coaching else set(officers)
            soon.append((case, lapses, people))
    awake = who_may_be_told(at, set().union(*(people for _case, _lapses, people in soon)))
    told = 0
    for case, lapses, people in soon:
        if people.isdisjoint(awake) and lapses > at + LAST_DAY:
            continue
        if not _first_time("expires_soon", local_day(lapses), case.number, at):
            continue
        tell(people, kind="expires_soon", at=at, about=f"/applications/{case.number}/", number=case.number,
             day=local_day(lapses).isoformat())  # fmt: skip
        told += 1
    return told


@transaction.atomic
def alarm_missing_calendar(*, at: datetime) -> int:
    """Once a week to management and administrators, as soon as one of them may be told: a year whose official days are
    not known although they are needed. This year's always are; next year's from 1 November. Returns the number of such
    years."""
    today = local_day(at)
    missing = missing_years(today)
    monday = today - timedelta(days=today.weekday())
    people = Employee.objects.holding(Role.MGT, Role.ADM, on=today) if missing else Employee.objects.none()
    awake = who_may_be_told(at, people.values_list("pk", flat=True))
    if awake and _first_time("calendar_missing", monday, "", at):
        tell(people, kind="calendar_missing", at=at, about="/calendar/", years=[str(year) for year in missing])
    return len(missing)


@transaction.atomic
def tell_of_silence(*, since: datetime, until: datetime) -> int:
    """After the sweep stood still: supervisors and administrators hear from when to when, once. Returns how many."""
    if not _first_time("sweep_stood_still", local_day(since), f"{since.astimezone(SHANGHAI):%H:%M:%S}", until):
        return 0
    people = Employee.objects.holding(Role.SUP, Role.ADM, on=local_day(until))
    return tell(people, kind="sweep_stood_still", at=until, about="/rules/jobs/", since=since.isoformat(),
                until=until.isoformat())  # fmt: skip


def _files_at_branches(states: list[State] | tuple[State, ...]) -> dict[int, list[str]]:
    """The files whose paper lies at a branch, by the branch that has it in custody."""
    at_branch: dict[int, list[str]] = {}
    rows = Application.objects.filter(state__in=states, is_imported=False).order_by("taken_in_at", "pk")
    for case in rows.only("number", "branch_id", "host_branch_id", "host_confirmed_at"):
        if case.custody_branch_id is not None:
            at_branch.setdefault(case.custody_branch_id, []).append(case.number)
    return at_branch


def _first_time(kind: str, on: date, subject: str, at: datetime) -> bool:
    """True for the one caller that gets to send it."""
    _row, first = DayNotice.objects.get_or_create(kind=kind, on=on, subject=subject, defaults={"at": at})
    return first

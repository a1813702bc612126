"""What the simulation is fitted to: the stays of cases in the center's queues, who was there, and what lies there now.

Read from the events, so that imported cases of the time before the system serve as well as the bank's own.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db.models import Max, Q, QuerySet

from applications.lifecycle import QUEUES, Clock, EntryMode, State, Step
from applications.models import Application, CaseClock, Event
from applications.models.problem import Party
from applications.services.clocks import CENTER_HOURS, policy_for
from ops_center.clock import local_day
from ops_center.kernel.worktime import SHANGHAI, Mode, due_at
from organization.models import Absence, Employee, RosterDay
from organization.services.calendar import working_calendar
from supervision.capacity.fit import QUEUES as SIMULATED
from supervision.capacity.fit import History, Worked
from supervision.capacity.model import (
    FILED,
    LEFT,
    PROBLEM,
    Arrival,
    Axis,
    Deadline,
    Minutes,
    NoHistory,
    Person,
    Stop,
    Visit,
)
from supervision.selectors.minutes import standard_minutes

LOOK_BACK = timedelta(weeks=13)
ENOUGH_EVENTS = 500_000  # a center that makes more of them in 13 weeks is looked back on for fewer
FEWEST_WEEKS = 3  # the week that a check holds back, and two before it
AHEAD = timedelta(days=90)  # so far the axis reaches beyond now: deadlines lie in it
PRACTISED = 0.05  # who has done less than this share of the own work in a queue is not counted among its hands
SLACK = 0.25  # a day with less than this share of the usual work was no working day
OPENS, CLOSES = (of.hour * 60 + of.minute for of in (CENTER_HOURS.opens, CENTER_HOURS.closes))
FULL_DAY = CLOSES - OPENS  # minutes of the center
CLOCKS = (Clock.CHECK, Clock.ENTRY, Clock.FILE)
ROLES = tuple(QUEUES[name].role for name in SIMULATED)

_Row = tuple[str, str, datetime, int | None, dict[str, Any]]  # from, to, at, who, facts


class Source(StrEnum):
    """Whose history: the system's own cases, or those of the time before, which know fewer steps."""

    OWN = "own"
    IMPORTED = "imported"


# The state in which a case stands in a queue, and that by which it is through.
STANDS: Mapping[Source, Mapping[str, str]] = {
    Source.OWN: {queue.states[0]: name for name, queue in QUEUES.items() if name in SIMULATED},
    Source.IMPORTED: {State.TAKEN_IN: "check", State.CHECKED: "entry"},
}
THROUGH = {Source.OWN: State.SUBMITTED, Source.IMPORTED: State.ENTERED}


class _Taken:
    """When somebody first took the case from a queue, where the case remembers it."""

    def __init__(self, axis: Axis, check: datetime | None, entry: datetime | None) -> None:
        stamps = {"check": check, "entry": entry}
        self.found = {queue: axis.position(at) for queue, at in stamps.items() if at is not None}

    def between(self, queue: str, came: Minutes, left: Minutes | None) -> Minutes | None:
        moment = self.found.get(queue)
        return moment if moment is not None and came <= moment and (left is None or moment <= left) else None


@dataclass(slots=True)
class _Log:
    """The stays of all cases, as their events are read one after the other."""

    axis: Axis
    through: str
    visits: list[Visit] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)

    def read(self, case: int, rows: Iterable[_Row], stands: Mapping[str, str], taken: _Taken) -> None:
        """One case. ``queue``: where it stands, or whence a problem took it; empty outside the center."""
        queue, came, is_fresh, in_trouble, stops_clocks = "", 0.0, False, False, True
        for from_state, to_state, at, actor, facts in rows:
            if to_state == from_state:
                continue
            moment, goes = self.axis.position(at), self._goes(to_state, stands)
            if queue and in_trouble:
                self.stops.append(Stop(case, queue, came, moment, stops_clocks))
            elif queue:
                began = taken.between(queue, came, moment)
                self.visits.append(Visit(case, queue, came, began, moment, goes, actor, is_fresh))
            is_fresh = from_state not in stands and from_state != State.PROBLEM
            in_trouble = goes == PROBLEM
            stops_clocks = facts.get("party") != Party.CENTER
            queue, came = "" if goes in (FILED, LEFT) else queue if in_trouble else goes, moment
        if queue and in_trouble:
            self.stops.append(Stop(case, queue, came, None, stops_clocks))
        elif queue:
            self.visits.append(Visit(case, queue, came, taken.between(queue, came, None), is_fresh=is_fresh))

    def _goes(self, state: str, stands: Mapping[str, str]) -> str:
        if state == self.through:
            return FILED
        return PROBLEM if state == State.PROBLEM else stands.get(state, LEFT)


def history(*, at: datetime, source: Source = Source.OWN) -> History:
    """The center's last 13 weeks on the axis of its working time; of imported cases the last 13 weeks that they know.

    Path A's own cases count from the review on: before, they stand in no queue. NoHistory when there is nothing.
    """
    stands, until = STANDS[source], at if source is Source.OWN else _end_of_imports(at)
    axis = _own_axis(at) if source is Source.OWN else _worked_axis(until)
    log = _Log(axis, THROUGH[source])
    events = _events(source, until).order_by("application_id", "seq").values_list(
        "application_id", "application__entry_mode", "application__check_started_at",
        "application__entry_started_at", "from_state", "to_state", "at", "actor_id", "facts",
    )  # fmt: skip
    for case, rows in groupby(events.iterator(chunk_size=5_000), key=itemgetter(0)):
        steps = list(rows)
        _case, mode, check, entry = steps[0][:4]
        own_way = {State.RECEIVED, State.CHECKED} if mode == EntryMode.SELF else set[str]()
        at_desks = {state: queue for state, queue in stands.items() if state not in own_way}
        log.read(case, (row[4:] for row in steps), at_desks, _Taken(axis, check, entry))
    if not log.visits:
        raise NoHistory("no case has stood in a queue of the center")
    log.visits.sort(key=lambda visit: (visit.came, visit.case))
    people = _roster(axis, log.visits, at) if source is Source.OWN else _who_was_there(axis, log.visits)
    return History(axis, log.visits, log.stops, people, standard_minutes(local_day(at)))


def deadlines(axis: Axis, *, limits: Mapping[str, int] | None = None) -> Deadline:
    """When a clock of the center that starts at a position is due, by the policy of its day. ``limits``: other amounts
    than the bank's, in the measure of the clock's policy, by its name."""
    calendar, other = working_calendar(), limits or {}
    known: dict[tuple[str, int], Minutes] = {}

    def due(kind: str, start: Minutes) -> Minutes:
        day = int(start // axis.length)
        if (kind, day) in known:
            return known[kind, day]
        begins = axis.instant(start)
        limit = policy_for(kind, on=local_day(begins)).limit
        limit = replace(limit, amount=other.get(kind, limit.amount))
        found = axis.position(due_at(begins, limit, calendar, CENTER_HOURS))
        if limit.mode is Mode.WORKDAYS_EOD:  # the same for the whole day
            known[kind, day] = found
        return found

    return due


def standing(seen: History, *, at: datetime) -> list[Arrival]:
    """What lies in the center now, with the deadlines that its clocks carry."""
    axis, worked = seen.axis, Worked(seen)
    now = axis.position(at)
    cases = Application.objects.filter(is_imported=False, awaits_arbitration=False).filter(
        Q(state__in=STANDS[Source.OWN]) | Q(state=State.PROBLEM, resume_state__in=STANDS[Source.OWN])
    )
    rows = cases.exclude(
        entry_mode=EntryMode.SELF, state__in=[State.RECEIVED, State.CHECKED]
    ).order_by("pk").values_list("pk", "state", "resume_state", "progressed_at")  # fmt: skip
    running = CaseClock.objects.filter(application__in=cases, stopped_at=None, kind__in=CLOCKS)
    due: defaultdict[int, dict[str, Minutes]] = defaultdict(dict)
    for case, kind, due_on in running.values_list("application_id", "kind", "due_at"):
        due[case][kind] = axis.position(due_on) if due_on > at else now - 1
    found = []
    for case, state, resumes, since in rows:
        queue = STANDS[Source.OWN][resumes if state == State.PROBLEM else state]
        waited = worked.minutes(queue, axis.position(since), now)
        found.append(Arrival(case, now, queue, due[case], waited, stopped=state == State.PROBLEM))
    return found


# -- the axis ----------------------------------------------------------------------------------------------------------
def _own_axis(at: datetime) -> Axis:
    """The working calendar and the center's hours."""
    calendar, today = working_calendar(), local_day(at)
    first = today - LOOK_BACK
    days = (first + timedelta(days=n) for n in range((LOOK_BACK + AHEAD).days))
    return Axis([on for on in days if calendar.is_workday(on)], OPENS, FULL_DAY)


def _worked_axis(until: datetime) -> Axis:
    """The hours and days in which the people of the old records really worked: another bank's, another zone's."""
    finished = _events(Source.IMPORTED, until).filter(step__in=[Step.PASS_CHECK, Step.SUBMIT_ENTRY])
    moments = [at.astimezone(SHANGHAI) for at in finished.values_list("at", flat=True)]
    opens, length = busy_hours(Counter(moment.hour for moment in moments))
    days = Counter((moment - timedelta(minutes=opens)).date() for moment in moments)
    usual = sorted(days.values())[len(days) // 2] if days else 0
    worked = sorted(on for on, pieces in days.items() if pieces >= usual * SLACK)
    last = worked[-1] if worked else local_day(until)
    ahead = [last + timedelta(days=n) for n in range(1, AHEAD.days)]
    return Axis([*worked, *(on for on in ahead if on.weekday() < 5)], opens, length)


def busy_hours(pieces: Mapping[int, int]) -> tuple[int, int]:
    """Opening (minute of the day) and length (minutes) of the shortest stretch around the clock that holds every hour
    with at least a quarter of the mean of all hours."""
    least = sum(pieces.values()) / 24 / 4
    busy = [hour for hour in range(24) if pieces.get(hour, 0) >= max(least, 1)]
    if not busy:
        return OPENS, FULL_DAY
    gaps = [((after - before - 1) % 24, after) for before, after in zip(busy, [*busy[1:], busy[0]], strict=True)]
    quiet, opens = max(gaps)
    return opens * 60, (24 - quiet) * 60


def _end_of_imports(at: datetime) -> datetime:
    """The end of the last day on which the old records still show files that come in as they used to: afterwards the
    log only follows the cases that it has."""
    taken_in = Application.objects.filter(is_imported=True, taken_in_at__lte=at)
    last: datetime | None = taken_in.aggregate(last=Max("taken_in_at"))["last"]
    if last is None:
        raise NoHistory("no imported case has reached the center")
    return min(at, last)


def _events(source: Source, until: datetime) -> QuerySet[Event, Event]:
    imported = source is Source.IMPORTED
    events = Event.objects.filter(application__is_imported=imported, at__lte=until)
    last_week = events.filter(at__gte=until - timedelta(weeks=1)).count()
    weeks = ENOUGH_EVENTS // max(last_week, 1)
    return events.filter(at__gte=until - min(LOOK_BACK, max(weeks, FEWEST_WEEKS) * timedelta(weeks=1)))


# -- people ------------------------------------------------------------------------------------------------------------
def _roster(axis: Axis, visits: Iterable[Visit], at: datetime) -> list[Person]:
    """The people of the center with the minutes planned for each day, and the queues that each really works on."""
    today = local_day(at)
    staff = Employee.objects.filter(is_active=True).holding(*ROLES, on=today)
    done = _pieces(visits)
    planned = planned_minutes([person.pk for person in staff], days=axis.days, full=axis.length)
    return [
        Person(
            name=person.number,
            queues=practised(held_queues(person.role_codes(today)), done[person.pk]),
            minutes={day: planned[person.pk, on] for day, on in enumerate(axis.days)},
        )
        for person in staff
    ]


def held_queues(roles: Iterable[str]) -> frozenset[str]:
    """The queues that these roles open."""
    return frozenset(name for name in SIMULATED if QUEUES[name].role in set(roles))


def practised(held: frozenset[str], done: Mapping[str, int]) -> frozenset[str]:
    """Of the queues that a person may take from those that the person does; all, while there is nothing to go by."""
    pieces = sum(done.get(queue, 0) for queue in held)
    return frozenset(queue for queue in held if done.get(queue, 0) >= pieces * PRACTISED) if pieces else held


def planned_minutes(people: Collection[int], *, days: Sequence[date], full: Minutes) -> dict[tuple[int, date], Minutes]:
    """The roster: a whole day but where it says otherwise, nothing while absent. By the key of the person and day."""
    planned = {(person, on): full for person in people for on in days}
    for row in RosterDay.objects.filter(employee__in=people, on__in=days):
        planned[row.employee_id, row.on] = min(row.minutes, full)
    for away in Absence.objects.filter(employee__in=people, starts_on__lte=max(days), ends_on__gte=min(days)):
        for on in days:
            if away.starts_on <= on <= away.ends_on:
                planned[away.employee_id, on] = 0
    return planned


def _pieces(visits: Iterable[Visit]) -> defaultdict[int | None, Counter[str]]:
    done: defaultdict[int | None, Counter[str]] = defaultdict(Counter)
    for visit in visits:
        if visit.by is not None and visit.goes not in (LEFT, PROBLEM):
            done[visit.by][visit.queue] += 1
    return done


def _who_was_there(axis: Axis, visits: Iterable[Visit]) -> list[Person]:
    """Of the time before the system nobody kept a roster: who finished something on a day was there."""
    done = _pieces(visits)
    days: defaultdict[int, set[int]] = defaultdict(set)
    for visit in visits:
        if visit.by is not None and visit.by in done and visit.left is not None:
            days[visit.by].add(int(visit.left // axis.length))
    return [
        Person(str(person), frozenset(done[person]), dict.fromkeys(sorted(there), float(axis.length)))
        for person, there in sorted(days.items())
    ]

"""Working time: when a limit that starts now runs out, and why on that day.

Rules K0–K5 of the bank. Days are Shanghai's days; every instant that comes in is aware, every instant that goes
out is in UTC. The calendar is a Monday-to-Friday week plus the days on which the State Council departs from it, so
that counting the working days before any day of any year is one formula and one bisection, never a loop over days:

    working days before a day = weekdays before it + (make-up days − holidays on weekdays) before it
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import accumulate
from typing import Any
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")

_NOON = time(12)
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_MICROSECONDS_A_MINUTE = 60_000_000


class Mode(StrEnum):
    """How a limit is measured."""

    WORKHOURS = "WORKHOURS"  # hours inside business hours
    WORKDAYS_EOD = "WORKDAYS_EOD"  # T+N: closing time of the N-th working day after the start day
    SAME_DAY = "SAME_DAY"  # the evening truck of the day, if taken in by the cut-off
    NEXT_DAY_NOON = "NEXT_DAY_NOON"  # 12:00 of the first working day after the start's date
    CALENDAR_DAYS = "CALENDAR_DAYS"  # N × 24 hours, working day or not
    CLOCK_HOURS = "CLOCK_HOURS"  # hours by the wall clock
    MONTH_DAY = "MONTH_DAY"  # closing time of a day of the next month, or of the last working day before it


# Real time runs on in these; working time does not enter.
_BY_THE_WALL_CLOCK = frozenset({Mode.CALENDAR_DAYS, Mode.CLOCK_HOURS})
# A pause keeps what is left of these in real time: they aim at an hour of the day, not at an amount of work.
_PAUSED_IN_REAL_TIME = _BY_THE_WALL_CLOCK | {Mode.SAME_DAY, Mode.NEXT_DAY_NOON}


@dataclass(frozen=True, slots=True)
class Hours:
    """Business hours of a place, Shanghai time. ``cut_offs`` are those that differ by weekday (Monday is 0). Raises
    ``ValueError`` when it closes before it opens, or for a weekday that there is not."""

    opens: time = time(8, 30)
    closes: time = time(17, 30)
    cut_off: time = time(17, 30)
    dispatch_by: time = time(20, 0)
    cut_offs: tuple[tuple[int, time], ...] = ()

    def __post_init__(self) -> None:
        if self.opens >= self.closes:
            raise ValueError("business hours must open before they close")
        if not all(0 <= weekday < 7 for weekday, _cut_off in self.cut_offs):
            raise ValueError("a week has seven days, from 0")

    def cut_off_on(self, on: date) -> time:
        """Until when the bag of that day takes what comes in."""
        weekday = on.weekday()
        return next((cut_off for day, cut_off in self.cut_offs if day == weekday), self.cut_off)


BANK_HOURS = Hours()


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the calendar; ``name`` is the holiday's. Not ``official``: nobody has published this day yet."""

    on: date
    is_workday: bool
    name: str = ""
    official: bool = True

    @property
    def is_weekend(self) -> bool:
        return self.on.weekday() >= 5


@dataclass(frozen=True, slots=True)
class Limit:
    """How long a stage may take.

    ``amount`` is in hours (WORKHOURS, CLOCK_HOURS), working days (WORKDAYS_EOD), days (CALENDAR_DAYS) or the day of
    the month (MONTH_DAY); SAME_DAY and NEXT_DAY_NOON ignore it. The warning comes at ``warn_percent`` of the limit's
    own measure, or at the full day ``warn_at_day`` after the start. Raises ``ValueError`` on impossible figures.
    """

    mode: Mode
    amount: int
    warn_percent: int = 75
    warn_at_day: int | None = None

    def __post_init__(self) -> None:
        if self.amount < 0 or (self.mode is Mode.MONTH_DAY and not 1 <= self.amount <= 31):
            raise ValueError("the amount of a limit is out of range")
        if not 0 <= self.warn_percent <= 100 or (self.warn_at_day is not None and self.warn_at_day < 0):
            raise ValueError("the warning of a limit is out of range")


class WorkCalendar:
    """Working days. Days that are not given are Monday to Friday and not official. Immutable."""

    __slots__ = ("_days", "_departures", "_gained", "_worked_before_departure")

    def __init__(self, days: Iterable[Day] = ()) -> None:
        self._days = {day.on: day for day in days}
        departures = sorted(
            (day.on.toordinal(), 1 if day.is_workday else -1)
            for day in self._days.values()
            if day.is_workday is day.is_weekend
        )
        self._departures = [ordinal for ordinal, _ in departures]
        # _gained[i]: working days that the first i departures add to the plain weeks (a negative number: they cost).
        self._gained = list(accumulate((change for _, change in departures), initial=0))
        self._worked_before_departure = [
            _weekdays_before(ordinal) + gained
            for ordinal, gained in zip(self._departures, self._gained[:-1], strict=True)
        ]

    def day(self, on: date) -> Day:
        known = self._days.get(on)
        return known if known is not None else Day(on, is_workday=on.weekday() < 5, official=False)

    def is_workday(self, on: date) -> bool:
        known = self._days.get(on)
        return known.is_workday if known is not None else on.weekday() < 5

    def next_workday(self, on: date, n: int = 1) -> date:
        """The ``n``-th working day after the day (``n`` ≥ 1)."""
        if n < 1:
            raise ValueError("n starts at 1")
        return self._nth_workday(self._worked_before(on.toordinal() + 1) + n - 1)

    def same_or_next_workday(self, on: date) -> date:
        return on if self.is_workday(on) else self.next_workday(on)

    def previous_or_same_workday(self, on: date) -> date:
        return on if self.is_workday(on) else self._nth_workday(self._worked_before(on.toordinal()) - 1)

    def workdays_between(self, a: date, b: date) -> int:
        """Working days from ``a`` on and before ``b``; 0 when ``b`` is not after ``a``."""
        return max(self._worked_before(b.toordinal()) - self._worked_before(a.toordinal()), 0)

    def working_minutes(self, start: datetime, end: datetime, hours: Hours = BANK_HOURS) -> int:
        """Whole minutes inside business hours between two instants, rounded down; 0 when ``end`` is not after."""
        return max(self._position(end, hours) - self._position(start, hours), 0) // _MICROSECONDS_A_MINUTE

    def add_working_minutes(self, start: datetime, minutes: int, hours: Hours = BANK_HOURS) -> datetime:
        """The instant at which so many working minutes are used up; used up at closing, it is closing time, not the
        next opening. No minutes: the start itself."""
        if minutes < 0:
            raise ValueError("working minutes run forward only")
        if minutes == 0:
            return _local(start).astimezone(UTC)
        opens = _microseconds(hours.opens)
        day_length = _microseconds(hours.closes) - opens
        position = self._position(start, hours) + minutes * _MICROSECONDS_A_MINUTE
        # The last microsecond worked, not the first one after it: that keeps closing time on its own day.
        full_days, worked = divmod(position - 1, day_length)
        return _instant(self._nth_workday(full_days), opens + worked + 1)

    def _worked_before(self, ordinal: int) -> int:
        return _weekdays_before(ordinal) + self._gained[bisect_left(self._departures, ordinal)]

    def _nth_workday(self, n: int) -> date:
        """The working day with exactly ``n`` working days before it, counted from the year 1."""
        seen = bisect_right(self._worked_before_departure, n)  # departures on or before the day sought
        if seen and self._worked_before_departure[seen - 1] == n and self._gained[seen] > self._gained[seen - 1]:
            return date.fromordinal(self._departures[seen - 1])  # it is itself a make-up day
        weeks, weekday = divmod(n - self._gained[seen], 5)
        return date.fromordinal(1 + weeks * 7 + weekday)

    def _position(self, at: datetime, hours: Hours) -> int:
        """Working microseconds up to the instant, counted from the year 1."""
        local = _local(at)
        opens = _microseconds(hours.opens)
        day_length = _microseconds(hours.closes) - opens
        position = self._worked_before(local.toordinal()) * day_length
        if self.is_workday(local.date()):
            position += min(max(_microseconds(local) - opens, 0), day_length)
        return position


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a limit runs out and how the date came about.

    ``counted`` and ``skipped`` are the days from the start to the due day. ``provisional``: one of them lies in a
    time for which no official calendar has been published. ``after_hours``: the start came too late for its own day.
    """

    started_at: datetime
    due_at: datetime
    warn_at: datetime
    mode: Mode
    counted: tuple[Day, ...]
    skipped: tuple[Day, ...]
    provisional: bool
    after_hours: bool = False

    def as_json(self) -> dict[str, Any]:
        """The explanation for pages and programs: times with the offset of Shanghai, each day with its ``why``:
        start_day, after_hours, weekend, holiday, makeup_workday, workday or due_day."""
        days = sorted([(day.on, True, day) for day in self.counted] + [(day.on, False, day) for day in self.skipped])
        return {
            "started_at": self.started_at.astimezone(SHANGHAI).isoformat(),
            "due_at": self.due_at.astimezone(SHANGHAI).isoformat(),
            "warn_at": self.warn_at.astimezone(SHANGHAI).isoformat(),
            "mode": self.mode.value,
            "provisional": self.provisional,
            "days": [
                {"on": on.isoformat(), "counted": counted, "why": self._why(day, counted), "name": day.name}
                for on, counted, day in days
            ],
        }

    def _why(self, day: Day, counted: bool) -> str:
        is_start = day.on == self.started_at.astimezone(SHANGHAI).date()
        if not counted and day.is_workday:
            return "after_hours" if is_start and self.after_hours else "start_day"
        if day.is_workday and day.is_weekend:
            return "makeup_workday"  # before due_day: it answers "why on a Saturday?"
        if counted and day.on == self.due_at.astimezone(SHANGHAI).date():
            return "due_day"
        if is_start and (counted or self.mode in _BY_THE_WALL_CLOCK):
            return "start_day"
        if day.is_workday:
            return "workday"
        return "weekend" if day.is_weekend and not day.name else "holiday"


def deadline(start: datetime, limit: Limit, calendar: WorkCalendar, hours: Hours = BANK_HOURS) -> Deadline:
    """The deadline of a limit that starts at an aware instant, with its warning and its explanation."""
    due = due_at(start, limit, calendar, hours)
    counted, skipped = _days_of(start, due, limit, calendar, hours)
    return Deadline(
        started_at=start.astimezone(UTC),
        due_at=due,
        warn_at=warn_at(start, due, limit, calendar, hours),
        mode=limit.mode,
        counted=counted,
        skipped=skipped,
        provisional=not all(day.official for day in counted + skipped),
        after_hours=_is_after_hours(_local(start), limit.mode, hours),
    )


def due_at(start: datetime, limit: Limit, calendar: WorkCalendar, hours: Hours = BANK_HOURS) -> datetime:
    """Only the instant at which the limit runs out: for jobs over many cases."""
    local = _local(start)
    today = local.date()
    match limit.mode:
        case Mode.WORKHOURS:
            return calendar.add_working_minutes(start, limit.amount * 60, hours)
        case Mode.WORKDAYS_EOD:
            first = _first_day(local, limit.mode, calendar, hours)
            return _at(calendar.next_workday(first, limit.amount) if limit.amount else first, hours.closes)
        case Mode.SAME_DAY:
            return _at(_first_day(local, limit.mode, calendar, hours), hours.dispatch_by)
        case Mode.NEXT_DAY_NOON:
            return _at(calendar.next_workday(today), _NOON)
        case Mode.CALENDAR_DAYS:
            return start.astimezone(UTC) + timedelta(days=limit.amount)
        case Mode.CLOCK_HOURS:
            return start.astimezone(UTC) + timedelta(hours=limit.amount)
        case Mode.MONTH_DAY:
            return _at(calendar.previous_or_same_workday(_day_of_next_month(today, limit.amount)), hours.closes)


def resume(
    due_at: datetime,
    paused_at: datetime,
    resumed_at: datetime,
    mode: Mode,
    calendar: WorkCalendar,
    hours: Hours = BANK_HOURS,
) -> tuple[datetime, int]:
    """The new due time after a pause and the whole minutes that were left at the pause (K5).

    What was left is laid on working time from the resumption; in modes that run by the wall clock or aim at an hour
    of the day, on real time. A limit already used up at the pause stays where it was. The warning moves by the same
    call with ``warn_at`` in place of ``due_at``. Raises ``ValueError`` when the resumption comes before the pause.
    """
    if resumed_at < paused_at:
        raise ValueError("a pause ends after it began")
    if paused_at >= due_at:
        return due_at.astimezone(UTC), 0
    left = minutes_between(paused_at, due_at, mode, calendar, hours)
    if mode in _PAUSED_IN_REAL_TIME:
        return resumed_at.astimezone(UTC) + timedelta(minutes=left), left
    return calendar.add_working_minutes(resumed_at, left, hours), left


def deadline_after_pause(
    resumed_at: datetime, due_at: datetime, mode: Mode, calendar: WorkCalendar, hours: Hours = BANK_HOURS
) -> Deadline:
    """The days on which what was left after a pause is used up; where a pause keeps real time, every day is."""
    working = mode not in _PAUSED_IN_REAL_TIME
    limit = Limit(Mode.WORKHOURS if working else Mode.CLOCK_HOURS, 0)
    counted, skipped = _days_of(resumed_at, due_at, limit, calendar, hours)
    return Deadline(
        started_at=resumed_at.astimezone(UTC),
        due_at=due_at,
        warn_at=due_at,
        mode=limit.mode,
        counted=counted,
        skipped=skipped,
        provisional=not all(day.official for day in counted + skipped),
        after_hours=_is_after_hours(_local(resumed_at), limit.mode, hours),
    )


def minutes_between(
    since: datetime, until: datetime, mode: Mode, calendar: WorkCalendar, hours: Hours = BANK_HOURS
) -> int:
    """What a clock of this mode measures between two instants, whether it ran or was paused: whole working minutes,
    rounded down, and real minutes in the modes that a pause keeps in real time; 0 when ``until`` is not after."""
    if mode in _PAUSED_IN_REAL_TIME:
        return max((until - since) // _MINUTE, 0)
    return calendar.working_minutes(since, until, hours)


def warn_at(
    start: datetime, due: datetime, limit: Limit, calendar: WorkCalendar, hours: Hours = BANK_HOURS
) -> datetime:
    """Only the instant of the warning, of a limit that is due then (K3)."""
    begun = start.astimezone(UTC)
    if limit.warn_at_day is not None:
        return begun + timedelta(days=limit.warn_at_day)
    if limit.mode is Mode.SAME_DAY:  # the truck will not wait: an hour before the cut-off of the day it is due
        on = _local(due).date()
        return _at(on, hours.cut_off_on(on)) - timedelta(hours=1)
    if limit.mode in _BY_THE_WALL_CLOCK:
        return begun + timedelta(minutes=(due - begun) // _MINUTE * limit.warn_percent // 100)
    minutes = calendar.working_minutes(start, due, hours)
    return calendar.add_working_minutes(start, minutes * limit.warn_percent // 100, hours)


def _days_of(
    start: datetime, due: datetime, limit: Limit, calendar: WorkCalendar, hours: Hours
) -> tuple[tuple[Day, ...], tuple[Day, ...]]:
    """The days that explain the date: those that count, and those that do not."""
    local = _local(start)
    begun, due_on = local.date(), _local(due).date()
    first_counted, last = due_on, due_on
    days = []
    match limit.mode:
        case Mode.WORKHOURS:
            first_counted = begun + _DAY if _is_after_hours(local, limit.mode, hours) else begun
        case Mode.WORKDAYS_EOD if limit.amount:
            first_counted = _first_day(local, limit.mode, calendar, hours) + _DAY
        case Mode.CALENDAR_DAYS:
            first_counted = begun + _DAY
        case Mode.CLOCK_HOURS:
            first_counted = begun
        case Mode.MONTH_DAY:  # nothing is counted on the way; free days at the month's day may bring it forward
            days.append(calendar.day(begun))
            begun, last = due_on, _day_of_next_month(begun, limit.amount)
    days += [calendar.day(date.fromordinal(n)) for n in range(begun.toordinal(), last.toordinal() + 1)]
    every_day = limit.mode in _BY_THE_WALL_CLOCK
    counts = [day.on >= first_counted and (every_day or day.is_workday) for day in days]
    return (
        tuple(day for day, counted in zip(days, counts, strict=True) if counted),
        tuple(day for day, counted in zip(days, counts, strict=True) if not counted),
    )


def _is_after_hours(local: datetime, mode: Mode, hours: Hours) -> bool:
    """Whether the start comes too late to belong to its own day: 17:30 itself is still in time for a day, but leaves
    no working minute of it."""
    match mode:
        case Mode.WORKHOURS:
            return local.time() >= hours.closes
        case Mode.WORKDAYS_EOD:
            return local.time() > hours.closes
        case Mode.SAME_DAY:
            return local.time() > hours.cut_off_on(local.date())
        case _:
            return False


def _first_day(local: datetime, mode: Mode, calendar: WorkCalendar, hours: Hours) -> date:
    """The working day to which the start belongs: its own, or the next one after closing and on free days."""
    on = local.date()
    return calendar.same_or_next_workday(on + _DAY if _is_after_hours(local, mode, hours) else on)


def _day_of_next_month(on: date, day: int) -> date:
    """That day of the month after; a shorter month has its last day."""
    year, month = (on.year + 1, 1) if on.month == 12 else (on.year, on.month + 1)
    return date(year, month, min(day, monthrange(year, month)[1]))


def _weekdays_before(ordinal: int) -> int:
    weeks, weekday = divmod(ordinal - 1, 7)  # day 1 of the proleptic calendar is a Monday
    return weeks * 5 + min(weekday, 5)


def _microseconds(of_day: time | datetime) -> int:
    return ((of_day.hour * 60 + of_day.minute) * 60 + of_day.second) * 1_000_000 + of_day.microsecond


def _local(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("an instant needs its time zone")
    return at.astimezone(SHANGHAI)


def _at(on: date, of_day: time) -> datetime:
    return datetime.combine(on, of_day, SHANGHAI).astimezone(UTC)


def _instant(on: date, microseconds: int) -> datetime:
    return (datetime.combine(on, time(), SHANGHAI) + timedelta(microseconds=microseconds)).astimezone(UTC)

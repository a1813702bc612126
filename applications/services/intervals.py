"""The intervals of clock runs: rows that follow each other without a gap, running and paused, measured alike.

Minutes are counted from the start of the run, and those of an interval are what has been added since it began: so the
intervals of a run add up to the minutes between its start and its stop, to the minute, whatever the seconds are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F

from applications.models import CaseClock, ClockInterval
from ops_center.kernel.worktime import Hours, Mode, WorkCalendar, minutes_between
from organization.services.calendar import working_calendar

STORY = ("since", F("until").asc(nulls_last=True), "id")  # what has no length comes before what begins with it

_TAKE_BACK = "DELETE FROM applications_clockinterval WHERE clock_id = ANY(%(clocks)s) AND since > %(at)s"
_END = """
    UPDATE applications_clockinterval i
    SET until = %(at)s,
        minutes = greatest(0, w.minutes - (SELECT coalesce(sum(e.minutes), 0) FROM applications_clockinterval e
                                           WHERE e.clock_id = i.clock_id AND e.id <> i.id))
    FROM unnest(%(clocks)s::bigint[], %(minutes)s::int[]) AS w(clock_id, minutes)
    WHERE i.clock_id = w.clock_id AND i.since <= %(at)s AND {which}
"""
_OPEN, _AT_THAT_TIME = "i.until IS NULL", "(i.until IS NULL OR i.until > %(at)s)"


def mode_of(clock: CaseClock) -> Mode:
    return Mode(clock.policy.mode) if clock.policy else Mode.WORKDAYS_EOD


def minutes_run(clock: CaseClock, *, until: datetime, hours: Hours, calendar: WorkCalendar) -> int:
    """From the start of a run to an instant, pauses and all, by the measure of its mode."""
    return minutes_between(clock.started_at, until, mode_of(clock), calendar, hours)


def open_intervals(clocks: Iterable[CaseClock], *, at: datetime) -> None:
    """These runs go on from an instant."""
    ClockInterval.objects.bulk_create([ClockInterval(clock=clock, since=at) for clock in clocks], batch_size=1000)


def end_intervals(minutes: Mapping[int, int], *, at: datetime) -> None:
    """Ends what these clocks do at an instant; ``minutes`` (clock → ``minutes_run``). What a run did after an instant
    that the card system reports late has not been."""
    facts: dict[str, Any] = {"clocks": list(minutes), "minutes": list(minutes.values()), "at": at}
    with connection.cursor() as cursor:
        cursor.execute(_END.format(which=_OPEN), facts)
        if cursor.rowcount < len(minutes):
            cursor.execute(_TAKE_BACK, facts)
            cursor.execute(_END.format(which=_AT_THAT_TIME), facts)


def measure_again(clocks: Mapping[int, tuple[CaseClock, Hours]]) -> None:
    """Lays the rows of these runs (by key, each with its hours) out between their starts and stops, and measures them
    by the calendar of now: after a correction of a stamp or of the calendar."""
    calendar = working_calendar()
    runs: dict[int, list[ClockInterval]] = defaultdict(list)
    for row in ClockInterval.objects.filter(clock__in=clocks).order_by("clock_id", *STORY):
        runs[row.clock_id].append(row)
    for key, rows in runs.items():
        clock, hours = clocks[key]
        stopped = clock.stopped_at
        rows[0].since = clock.started_at
        kept = [row for row in rows if stopped is None or row.since <= stopped]
        kept[-1].until = stopped
        done = 0
        for row in kept:
            total = done if row.until is None else minutes_run(clock, until=row.until, hours=hours, calendar=calendar)
            row.minutes, done = None if row.until is None else max(total - done, 0), total
        ClockInterval.objects.filter(pk__in=[row.pk for row in rows[len(kept) :]]).delete()
        runs[key] = kept
    ClockInterval.objects.bulk_update(
        [row for rows in runs.values() for row in rows], ["since", "until", "minutes"], batch_size=1000
    )

"""Clocks measured once more: by another calendar, another limit, other hours.

What a change would move is reckoned by ``Ruler``, over a whole set and without a query per clock; ``remeasure`` writes
the same answer for open clocks when the days of the calendar have changed (rule K8). Pauses are played again: each
keeps what was left of the new limit when it began.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from applications.lifecycle import FINISHED
from applications.models import Application, CaseClock, ClockInterval, ClockPolicy
from applications.services.clocks import BY_THE_BRANCH, hours_of
from applications.services.deadlines import DeadlineTable, JsonText
from ops_center.clock import SHANGHAI, local_day
from ops_center.kernel.worktime import Hours, Limit, Mode, WorkCalendar, minutes_between, resume, warn_at
from organization.models import Branch
from organization.services.calendar import opening_times

BATCH = 2_000  # clocks per statement


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a clock as it stands, with what it is measured by."""

    pk: int
    case: int
    limit: Limit
    hours: Hours
    started_at: datetime
    due_at: datetime
    stopped_at: datetime | None
    paused_at: datetime | None

    def was_running(self, at: datetime) -> bool:
        """Whether nothing had paused or stopped it by then: a recount may come to it later."""
        return (self.paused_at is None or self.paused_at > at) and (self.stopped_at is None or self.stopped_at > at)


@dataclass(frozen=True, slots=True)
class Measured:
    """A run and when it would be due."""

    run: Run
    due_at: datetime

    @property
    def has_moved(self) -> bool:
        return self.due_at != self.run.due_at

    def becomes_overdue(self, at: datetime) -> bool:
        return self.run.was_running(at) and self.due_at < at <= self.run.due_at

    def is_relieved(self, at: datetime) -> bool:
        """It is overdue, and would not be any more."""
        return self.run.was_running(at) and self.run.due_at < at <= self.due_at


@dataclass(slots=True)
class Moves:
    """What a change moves, of how many runs."""

    at: datetime
    measured: int = 0
    moved: list[Measured] = field(default_factory=list)

    @classmethod
    def of(cls, found: Iterable[Measured], *, at: datetime) -> Moves:
        moves = cls(at)
        for one in found:
            moves.measured += 1
            if one.has_moved:
                moves.moved.append(one)
        return moves

    @property
    def cases(self) -> int:
        return len({one.run.case for one in self.moved})

    @property
    def overdue(self) -> list[Measured]:
        return [one for one in self.moved if one.becomes_overdue(self.at)]

    @property
    def relieved(self) -> list[Measured]:
        return [one for one in self.moved if one.is_relieved(self.at)]


class Ruler:
    """Measures by a calendar, and by each clock's own limit and hours where no other is tried."""

    def __init__(self, calendar: WorkCalendar, *, limit: Limit | None = None, hours: Hours | None = None) -> None:
        self.table = DeadlineTable(calendar)
        self.limit, self.hours = limit, hours
        self._pauses: dict[int, list[ClockInterval]] = {}

    def measure(
        self, clocks: QuerySet[CaseClock], rows: Mapping[int, list[ClockInterval]] | None = None
    ) -> Iterator[Measured]:
        """When each of these clocks would be due; ``rows``: with these intervals instead of those that are written.
        What has no policy keeps its date."""
        self._pauses = dict(rows) if rows is not None else _pauses_of(clocks)
        for run in _runs(clocks, limit=self.limit, hours=self.hours):
            yield Measured(run, self.after_pauses(run, self.table.due_at(run.started_at, run.limit, run.hours)))

    def after_pauses(self, run: Run, instant: datetime) -> datetime:
        """Where the pauses of a run have moved a due time or a warning."""
        for row in self._pauses.get(run.pk, ()):
            if row.pause and row.until is not None:
                instant, _left = resume(instant, row.since, row.until, run.limit.mode, self.table.calendar, run.hours)
        return instant

    def told(self, run: Run) -> tuple[datetime, JsonText]:
        """The warning after all pauses, and how the first deadline came about."""
        due = self.table.due_at(run.started_at, run.limit, run.hours)
        warns = warn_at(run.started_at, due, run.limit, self.table.calendar, run.hours)
        explanation = self.table.explain(run.started_at, due, warns, run.limit, run.hours)
        return self.after_pauses(run, warns), explanation

    def intervals(self, run: Run) -> Iterator[ClockInterval]:
        """The rows of a run that has been paused, as they measure now."""
        mode, calendar, done = run.limit.mode, self.table.calendar, 0
        due = self.table.due_at(run.started_at, run.limit, run.hours)
        for row in self._pauses.get(run.pk, ()):
            if row.pause:
                row.due_before = due
                row.minutes_left = minutes_between(row.since, due, mode, calendar, run.hours)
            if row.until is not None:
                if row.pause:
                    due, _left = resume(due, row.since, row.until, mode, calendar, run.hours)
                total = minutes_between(run.started_at, row.until, mode, calendar, run.hours)
                row.minutes, done = max(total - done, 0), total
            yield row


def over(clocks: QuerySet[CaseClock], first: date, last: date) -> QuerySet[CaseClock]:
    """Those to whose deadline one of these days may matter. A limit that aims at a day of the month looks at the days
    after its deadline too."""
    begins, ends = (datetime.combine(day, time(), SHANGHAI) for day in (first, last + timedelta(days=1)))
    return clocks.filter(Q(due_at__gte=begins) | Q(policy__mode=Mode.MONTH_DAY), started_at__lt=ends)


def open_over(first: date, last: date) -> QuerySet[CaseClock]:
    """Open clocks to which one of these days may matter."""
    return over(CaseClock.objects.filter(stopped_at=None), first, last)


def lock_cases(clocks: QuerySet[CaseClock]) -> None:
    """Locks the cases of these clocks until the transaction ends, in the order in which everybody does."""
    cases = Application.objects.filter(pk__in=clocks.order_by().values("application")).order_by("pk")
    list(cases.select_for_update().values_list("pk", flat=True))


def remeasure(clocks: QuerySet[CaseClock], *, calendar: WorkCalendar, at: datetime) -> Moves:
    """Writes for these clocks of locked cases what the calendar says: deadline, warning, explanation, the minutes of
    their pauses, and the earliest deadline of their cases. Whoever was promised a later date by the old days is exempt
    until then (``at``: when the calendar was changed). Returns what has moved."""
    ruler = Ruler(calendar)
    found = list(ruler.measure(clocks))
    intervals = [row for one in found for row in ruler.intervals(one.run)]
    ClockInterval.objects.bulk_update(intervals, ["minutes", "minutes_left", "due_before"], batch_size=BATCH)
    with connection.cursor() as cursor:
        for start in range(0, len(found), BATCH):
            batch = found[start : start + BATCH]
            told = [ruler.told(one.run) for one in batch]
            facts: dict[str, Any] = {
                "clocks": [one.run.pk for one in batch],
                "due": [one.due_at for one in batch],
                "warns": [warns for warns, _why in told],
                "why": [str(why) for _warns, why in told],
                "promised": [one.run.due_at if one.becomes_overdue(at) else None for one in batch],
            }
            cursor.execute(_WRITE, facts)
    settle_cases({one.run.case for one in found})
    return Moves.of(found, at=at)


def settle_cases(cases: Collection[int]) -> None:
    """As ``Ticking.settle``, for a set: the earliest running deadline stands on the case."""
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, {"cases": list(cases), "finished": sorted(FINISHED)})


_WRITE = """
    UPDATE applications_caseclock c
    SET due_at = w.due_at, warn_at = w.warn_at, explanation = w.why, exempt_until = coalesce(w.promised, c.exempt_until)
    FROM unnest(%(clocks)s::bigint[], %(due)s::timestamptz[], %(warns)s::timestamptz[], %(why)s::jsonb[],
                %(promised)s::timestamptz[]) AS w(id, due_at, warn_at, why, promised)
    WHERE c.id = w.id
"""
_SETTLE = """
    UPDATE applications_application a
    SET due_at = f.due_at, warn_at = f.warn_at, due_clock = coalesce(f.kind, '')
    FROM unnest(%(cases)s::bigint[]) AS w(id)
    LEFT JOIN (SELECT DISTINCT ON (application_id) application_id, kind, due_at,
                      min(warn_at) OVER (PARTITION BY application_id) AS warn_at
               FROM applications_caseclock
               WHERE application_id = ANY(%(cases)s) AND stopped_at IS NULL AND paused_at IS NULL
               ORDER BY application_id, due_at, started_at, id) f ON f.application_id = w.id
    WHERE a.id = w.id AND a.state <> ALL(%(finished)s)
"""


# -- reading -----------------------------------------------------------------------------------------------------------
def _runs(clocks: QuerySet[CaseClock], *, limit: Limit | None, hours: Hours | None) -> Iterator[Run]:
    limits = {policy.pk: policy.limit for policy in ClockPolicy.objects.all()}
    branches, times = Branch.objects.in_bulk(), opening_times()
    known: dict[tuple[int | None, date], Hours] = {}
    rows = clocks.filter(policy__isnull=False).order_by()
    for pk, case, kind, policy, started, due, stopped, paused, home, host, hosted, priced_on in rows.values_list(
        "pk", "application_id", "kind", "policy_id", "started_at", "due_at", "stopped_at", "paused_at",
        "application__branch_id", "application__host_branch_id", "application__host_confirmed_at",
        "application__priced_on",
    ).iterator(chunk_size=5_000):  # fmt: skip
        measured_by = hours
        if measured_by is None:
            place: tuple[int | None, date] = (None, date.min)
            if kind in BY_THE_BRANCH:  # of the branch that had the paper when the clock started
                place = (host if hosted and hosted <= started else home), priced_on or local_day(started)
            measured_by = known.get(place)
            if measured_by is None:
                branch = branches.get(place[0]) if place[0] is not None else None
                measured_by = known[place] = hours_of(kind, branch, on=place[1], times=times)
        yield Run(pk, case, limit or limits[policy], measured_by, started, due, stopped, paused)


def _pauses_of(clocks: QuerySet[CaseClock]) -> dict[int, list[ClockInterval]]:
    """All intervals, in their order, of those of these clocks that have ever been paused."""
    paused = ClockInterval.objects.filter(clock__in=clocks.order_by()).exclude(pause="").values("clock")
    found: dict[int, list[ClockInterval]] = defaultdict(list)
    for row in ClockInterval.objects.filter(clock__in=paused).order_by("since", "id"):
        found[row.clock_id].append(row)
    return found

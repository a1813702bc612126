"""Declared outages (rule K4): every clock that ran inside the window is paused for exactly what they have in common.

``plan_outage`` reckons what a window does to the clocks, over a set and without writing: the preview and the act are
the same reckoning. A window that still lasts holds what runs now; every minute it is laid on what has begun to run
since, and at its end all is let go (services/recounts.py). What stopped late, and in time by the moved deadline, is
exempt.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from applications.lifecycle import LATE_OUTCOMES, Outcome, PauseReason
from applications.models import CaseClock, ClockInterval, Outage
from applications.services.intervals import STORY
from applications.services.remeasure import Measured, Ruler, settle_cases
from organization.services.calendar import working_calendar

Span = tuple[datetime, datetime]

# What of the window each interval has in common with it, while its case was in one of the states.
_COMMON = """
    WITH touched AS (
        SELECT i.id, i.clock_id, c.application_id, greatest(i.since, %(since)s) AS since,
               least(coalesce(i.until, %(until)s), %(until)s) AS until
        FROM applications_clockinterval i
        JOIN applications_caseclock c ON c.id = i.clock_id
        JOIN applications_clockpolicy k ON k.id = c.policy_id AND k.pauses_for ? 'OUTAGE'
        JOIN applications_application a ON a.id = c.application_id AND NOT a.is_imported
        WHERE i.pause = '' AND i.since < %(until)s AND (i.until IS NULL OR i.until > %(since)s) {only}
    )
"""
_THESE_CLOCKS = "AND i.clock_id = ANY(%(clocks)s)"
_ANY_STATE = "SELECT clock_id, id, since, until FROM touched WHERE since < until"
_THESE_STATES = """
    , stood AS (
        SELECT v.application_id, v.to_state, v.at AS since,
               lead(v.at) OVER (PARTITION BY v.application_id ORDER BY v.seq) AS until
        FROM applications_event v WHERE v.application_id IN (SELECT application_id FROM touched)
    )
    SELECT t.clock_id, t.id, greatest(t.since, s.since), least(t.until, coalesce(s.until, t.until))
    FROM touched t JOIN stood s ON s.application_id = t.application_id AND s.to_state = ANY(%(states)s)
    WHERE greatest(t.since, s.since) < least(t.until, coalesce(s.until, t.until))
    ORDER BY 1, 3
"""
_STILL_HELD = """
    SELECT i.clock_id FROM applications_clockinterval i
    WHERE i.until IS NULL AND i.pause = 'OUTAGE' AND i.since >= %(since)s AND i.since < %(until)s {only}
"""
_MOVE = """
    UPDATE applications_caseclock c
    SET due_at = w.due_at, warn_at = w.warn_at, paused_at = w.paused_at, outcome = w.outcome
    FROM unnest(%(clocks)s::bigint[], %(due)s::timestamptz[], %(warns)s::timestamptz[], %(paused)s::timestamptz[],
                %(outcomes)s::text[]) AS w(id, due_at, warn_at, paused_at, outcome)
    WHERE c.id = w.id
"""


_WRITE = """
    UPDATE applications_clockinterval i
    SET since = w.since, until = w.until, pause = w.pause, minutes = w.minutes, minutes_left = w.minutes_left,
        due_before = w.due_before
    FROM unnest(%(pk)s::bigint[], %(since)s::timestamptz[], %(until)s::timestamptz[], %(pause)s::text[],
                %(minutes)s::int[], %(minutes_left)s::int[], %(due_before)s::timestamptz[])
         AS w(id, since, until, pause, minutes, minutes_left, due_before)
    WHERE i.id = w.id
"""
_COLUMNS = ("pk", "since", "until", "pause", "minutes", "minutes_left", "due_before")
EXCUSABLE = frozenset(LATE_OUTCOMES) - {Outcome.LATE_JUSTIFIED}


@dataclass(slots=True)
class Plan:
    """What a window does: the rows of each clock as they become, and when each is due by them."""

    at: datetime
    rows: dict[int, list[ClockInterval]] = field(default_factory=dict)
    outcomes: dict[int, str] = field(default_factory=dict)
    found: list[Measured] = field(default_factory=list)
    warns: dict[int, datetime] = field(default_factory=dict)

    @property
    def moved(self) -> list[Measured]:
        return [one for one in self.found if one.has_moved]

    @property
    def relieved(self) -> list[Measured]:
        """Late until now, and not any more: they run and have time left, or stopped inside the moved deadline."""
        return [one for one in self.found if self._is_late(one) and (one.run.stopped_at or self.at) <= one.due_at]

    @property
    def exempt(self) -> set[int]:
        return {one.run.pk for one in self.relieved if one.run.stopped_at is not None}

    def _is_late(self, one: Measured) -> bool:
        if one.run.stopped_at is not None:
            return self.outcomes[one.run.pk] in EXCUSABLE
        return one.run.paused_at is None and one.run.due_at < self.at


def plan_outage(
    *, since: datetime, until: datetime, states: Sequence[str], at: datetime, holds: bool = False,
    clocks: list[int] | None = None,
) -> Plan:  # fmt: skip
    """What a window does to the clocks. ``holds``: it goes on at its end, and what runs then stays paused; else the
    clocks run on from there, so that a preview of a window that lies ahead tells its whole effect if nothing else
    happens. ``clocks``: to these only."""
    plan = Plan(at)
    common = _in_common(since, until, states, clocks)
    held: set[int] = set() if holds else _still_held(since, until, clocks)
    concerned = CaseClock.objects.filter(pk__in=common.clocks | held)
    plan.outcomes = dict(concerned.values_list("pk", "outcome"))
    stories: dict[int, list[ClockInterval]] = defaultdict(list)
    for row in ClockInterval.objects.filter(clock__in=plan.outcomes).order_by("clock_id", *STORY):
        stories[row.clock_id].append(row)
    for key, rows in stories.items():
        if key in held:
            rows[-1].until = until
            rows.append(ClockInterval(clock_id=key, since=until))
        plan.rows[key] = [part for row in rows for part in _cut(row, common[key, row.pk], until if holds else None)]
    ruler = Ruler(working_calendar())
    plan.found = list(ruler.measure(concerned, plan.rows))
    for one in plan.found:
        plan.warns[one.run.pk], _why = ruler.told(one.run)
        plan.rows[one.run.pk] = list(ruler.intervals(one.run))
    return plan


def lock_outage(outage: int) -> Outage:
    """The outage, with its row locked until the transaction ends."""
    return Outage.objects.select_for_update().get(pk=outage)


def touched(outage: Outage, *, at: datetime) -> set[int]:
    """The clocks on which a declared window is to be laid by now: those that ran in what of it has passed and, once it
    is over, those that it still holds. Of what has been laid it finds nothing."""
    until = min(outage.until, at)
    if outage.since >= until:
        return set()
    held = set() if at < outage.until else _still_held(outage.since, until)
    return _in_common(outage.since, until, outage.states).clocks | held


def lay(outage: Outage, clocks: QuerySet[CaseClock], *, at: datetime) -> Plan:
    """Lays on these clocks of locked cases what of a declared window has passed; a second time it finds nothing."""
    holds, keys = at < outage.until, list(clocks.values_list("pk", flat=True))
    plan = plan_outage(
        since=outage.since, until=min(outage.until, at), states=outage.states, at=at, holds=holds, clocks=keys
    )  # fmt: skip
    _write(plan)
    return plan


# -- reckoning ---------------------------------------------------------------------------------------------------------
class Common(dict[tuple[int, int], list[Span]]):
    """(clock, interval) → the spans in which it stood inside the window."""

    @property
    def clocks(self) -> set[int]:
        return {clock for clock, _interval in self}

    def __missing__(self, key: tuple[int, int]) -> list[Span]:
        return []


def _in_common(
    since: datetime, until: datetime, states: Sequence[str], clocks: list[int] | None = None
) -> Common:  # fmt: skip
    facts: dict[str, Any] = {"since": since, "until": until, "states": list(states), "clocks": clocks}
    spans_of = _COMMON.format(only="" if clocks is None else _THESE_CLOCKS)
    common = Common()
    with connection.cursor() as cursor:
        cursor.execute(spans_of + (_THESE_STATES if states else _ANY_STATE), facts)
        for clock, interval, begins, ends in cursor.fetchall():
            spans = common.setdefault((clock, interval), [])
            if spans and spans[-1][1] == begins:  # from one of the states into another
                begins = spans.pop()[0]
            spans.append((begins, ends))
    return common


def _still_held(since: datetime, until: datetime, clocks: list[int] | None = None) -> set[int]:
    """Clocks that a window which is over still holds."""
    with connection.cursor() as cursor:
        held = _STILL_HELD.format(only="" if clocks is None else _THESE_CLOCKS)
        cursor.execute(held, {"since": since, "until": until, "clocks": clocks})
        return {clock for (clock,) in cursor.fetchall()}


def _cut(row: ClockInterval, spans: Sequence[Span], held_from: datetime | None) -> Iterator[ClockInterval]:
    """An interval that ran, cut by the spans in which it is paused; its own row is the first part. A span that reaches
    to ``held_from`` does not end yet."""
    parts: list[tuple[datetime, datetime | None, str]] = []
    begins: datetime | None = row.since
    for since, until in spans:
        if begins is not None and begins < since:
            parts.append((begins, since, ""))
        begins = None if row.until is None and until == held_from else until
        parts.append((since, begins, PauseReason.OUTAGE))
    if begins is not None and (row.until is None or begins < row.until or not parts):
        parts.append((begins, row.until, row.pause))
    rows = [row, *(ClockInterval(clock_id=row.clock_id) for _part in parts[1:])]
    for part, (since, ends, pause) in zip(rows, parts, strict=True):
        part.since, part.until, part.pause = since, ends, pause
        yield part


def _write(plan: Plan) -> None:
    rows = [row for one in plan.found for row in plan.rows[one.run.pk]]
    kept = [row for row in rows if row.pk is not None]
    last = {one.run.pk: plan.rows[one.run.pk][-1] for one in plan.found}
    exempt = plan.exempt
    facts: dict[str, Any] = {
        "clocks": list(last),
        "due": [one.due_at for one in plan.found],
        "warns": [plan.warns[key] for key in last],
        "paused": [row.since if row.pause and row.until is None else None for row in last.values()],
        "outcomes": [Outcome.EXEMPT.value if key in exempt else plan.outcomes[key] for key in last],
    }
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, {name: [getattr(row, name) for row in kept] for name in _COLUMNS})
        ClockInterval.objects.bulk_create([row for row in rows if row.pk is None], batch_size=5_000)
        cursor.execute(_MOVE, facts)
    settle_cases({one.run.case for one in plan.found})

"""Counts the days that are over, for the boards: what stopped, how it ended, how long it took.

A day is counted when something of it was touched and it is over. The rows of the queue are taken off first, in the
transaction that counts: whatever is committed later has left a row of its own and is found by the next pass.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from applications.services.claims import HOLDER_CLOCKS
from applications.services.clocks import CENTER_HOURS
from ops_center.clock import local_day
from ops_center.kernel.worktime import Mode, minutes_between
from organization.services.calendar import working_calendar
from supervision.models import BreachCount, CaseCount, DayFigure, DayTimes, DelayCount, PeriodTimes, WorkCount
from supervision.periods import Month
from supervision.selectors.counted import OF_THE_CASE, STOPPED, UNSPOILT, facts_of
from supervision.selectors.timeliness import ROLLING, TIMES_OF, days_over

_LOCK = 7_319_302  # one counts a day at a time
TAKEN_FROM_A_QUEUE = frozenset(kind for kinds in HOLDER_CLOCKS.values() for kind in kinds)

_COUNT = f"""
    INSERT INTO supervision_dayfigure (day, kind, outcome, scope, key, clocks, first_pass, imported)
    SELECT %(day)s, x.kind, x.outcome, s.scope, s.key, count(*), count(*) FILTER (WHERE x.unspoilt),
           count(*) FILTER (WHERE x.is_imported)
    FROM (SELECT c.kind, c.outcome, c.owner_id, coalesce(a.branch_id, 0) AS branch_id, a.is_imported,
                 {UNSPOILT} AS unspoilt
          {STOPPED.format(case=OF_THE_CASE)} OFFSET 0) x
    CROSS JOIN LATERAL (VALUES ('BANK', 0), ('BRANCH', x.branch_id), ('PERSON', x.owner_id)) s(scope, key)
    WHERE s.key IS NOT NULL
    GROUP BY 2, 3, 4, 5
"""  # noqa: S608  OFFSET 0: each clock is looked at once, not once per scope
# The minutes of a run stand on its intervals; before it was taken it could only be paused as a whole.
_MINUTES = f"""
    SELECT c.id, c.kind, c.branch_id, c.started_at, CASE WHEN c.owner_id IS NOT NULL THEN c.owned_since END,
           c.stopped_at, p.mode, i.gross, i.net, i.paused_before
    FROM (SELECT c.*, a.branch_id {STOPPED.format(case=OF_THE_CASE)} OFFSET 0) c
    CROSS JOIN LATERAL (
        SELECT sum(i.minutes) AS gross, sum(i.minutes) FILTER (WHERE i.pause = '') AS net,
               sum(i.minutes) FILTER (WHERE i.pause <> '' AND i.since < c.owned_since) AS paused_before
        FROM applications_clockinterval i WHERE i.clock_id = c.id
    ) i
    LEFT JOIN applications_clockpolicy p ON p.id = c.policy_id
    WHERE i.gross IS NOT NULL
"""  # noqa: S608
_SUM_UP = f"""
    INSERT INTO supervision_periodtimes (period, until, kind, part, median, p90, clocks)
    SELECT %(period)s, %(until)s, t.kind, t.part, t.median, t.p90, t.clocks
    FROM ({TIMES_OF.format(only="")}) t
"""  # noqa: S608


ADD_UP = (
    (CaseCount, "month", "cases"),
    (BreachCount, "day", "breaches"),
    (WorkCount, "day", "pieces"),
    (DelayCount, "day", "minutes"),
)
MANY_CHANGES = 1000  # rows that a board reads beside the sums of a month or day
_MANY_CHANGES = "SELECT {name}, count(*) FROM {table} WHERE NOT is_sum GROUP BY 1 HAVING count(*) >= %(many)s"
_PUT_TOGETHER = """
    WITH apart AS (DELETE FROM {table} WHERE {name} = ANY(%(many)s::date[]) RETURNING *)
    INSERT INTO {table} ({columns}, {number}, is_sum)
    SELECT {columns}, sum({number}), TRUE FROM apart GROUP BY {columns} HAVING sum({number}) <> 0
"""


def count_touched_days(*, at: datetime) -> dict[str, int]:
    """Counts every day that is over and has been touched since it was counted; then the periods it belongs to."""
    today = local_day(at)
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT day FROM supervision_touchedday WHERE day < %s ORDER BY day", [today])
        touched = [row[0] for row in cursor.fetchall()]
    counted = [day for day in touched if _count_day(day)]
    stale = {str(Month(day.year, day.month)) for day in counted}
    for period, days in ROLLING.items():
        first, last = today - timedelta(days=days), today - timedelta(days=1)
        known = PeriodTimes.objects.filter(period=period, until=last).exists()
        if not known or any(first <= day <= last for day in counted):
            stale.add(period)
    for period in sorted(stale):
        _sum_up(period, today=today)
    return {"days": len(counted), "periods": len(stale), "changes": put_together()}


@transaction.atomic
def put_together() -> int:
    """Sums the counts up where many changes have been added to them; how many changes. Whoever reads meanwhile sees the
    rows or their sum, whoever changes something adds rows of their own: it is the same at every moment."""
    with connection.cursor() as cursor:
        if not _alone(cursor):
            return 0
        changes = 0
        for model, name, number in ADD_UP:
            table, apart = model._meta.db_table, {"id", number, "is_sum"}
            columns = ", ".join(str(field.column) for field in model._meta.concrete_fields if field.name not in apart)
            cursor.execute(_MANY_CHANGES.format(table=table, name=name), {"many": MANY_CHANGES})
            many = cursor.fetchall()
            changes += sum(found for _name, found in many)
            cursor.execute(
                _PUT_TOGETHER.format(table=table, name=name, number=number, columns=columns),
                {"many": [found[0] for found in many]},
            )
    return changes


@transaction.atomic
def _count_day(day: date) -> bool:
    """False when another pass has counted it meanwhile, or is counting: then the day waits for the next pass."""
    with connection.cursor() as cursor:
        if not _alone(cursor):
            return False
        cursor.execute("DELETE FROM supervision_touchedday WHERE day = %s", [day])
        if not cursor.rowcount:
            return False
        DayFigure.objects.filter(day=day).delete()
        DayTimes.objects.filter(day=day).delete()
        facts = facts_of(day)
        cursor.execute(_COUNT, facts)
        cursor.execute(_MINUTES, facts)
        DayTimes.objects.bulk_create(_times_of(day, cursor.fetchall()), batch_size=1000)
    return True


def _times_of(day: date, rows: Iterable[tuple[Any, ...]]) -> list[DayTimes]:
    """One row per clock and branch, with the minutes of each of its runs."""
    calendar = working_calendar()
    times: dict[tuple[str, int | None], DayTimes] = {}
    for clock, kind, branch, started, taken, stopped, mode, gross, net, paused_before in rows:
        row = times.get((kind, branch))
        if row is None:
            row = DayTimes(day=day, kind=kind, branch_id=branch, clocks=[], gross=[], net=[], wait=[], work=[])
            times[kind, branch] = row
        ran, waited = int(net or 0), None
        row.clocks.append(clock)
        row.gross.append(int(gross))
        row.net.append(ran)
        if kind in TAKEN_FROM_A_QUEUE and taken is not None and started <= taken <= stopped:
            before = minutes_between(started, taken, Mode(mode or Mode.WORKDAYS_EOD), calendar, CENTER_HOURS)
            waited = min(max(before - int(paused_before or 0), 0), ran)
        row.wait.append(waited)
        row.work.append(None if waited is None else ran - waited)
    return list(times.values())


@transaction.atomic
def _sum_up(period: str, *, today: date) -> None:
    """Median and 90th percentile of the bank over one period, from its days that are over."""
    first, last = days_over(period, today=today)
    with connection.cursor() as cursor:
        if not _alone(cursor):
            return
        PeriodTimes.objects.filter(period=period).delete()
        cursor.execute(_SUM_UP, {"period": period, "first": first, "until": last, "branch": None})


def _alone(cursor: Any) -> bool:
    """Whether this transaction is the one that counts, until it ends."""
    cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
    return bool(cursor.fetchone()[0])

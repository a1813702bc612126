"""The sweep over the clocks: warnings, breaches, escalation. Each is one statement over a set and finds only what has
not been done, so it may run at any moment, any number of times and twice at once.

A clock is breached when it runs past its due time, and also when it stopped late without any sweep having seen it (rule
K10). Cases imported from the time before the system are left alone (domain section 0, decision 12).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Min

from applications.lifecycle import LATE_OUTCOMES, Clock
from applications.models import CaseClock
from applications.services.clocks import is_personal, policy_for
from ops_center.clock import local_day
from ops_center.kernel.worktime import BANK_HOURS, SHANGHAI, Limit, Mode, WorkCalendar, due_at
from organization.roles import Role
from organization.services.calendar import working_calendar
from supervision.models import Breach, ClockNotice
from supervision.services.notices import News, for_the_answering, for_the_watching, tell_waiting

SUPERVISOR_AFTER = Limit(Mode.WORKDAYS_EOD, 1)  # K3: one working day after due
MANAGEMENT_AFTER = Limit(Mode.WORKDAYS_EOD, 3)

# The day to which an instant belongs when working days are counted: after closing it is the next one (rule K1).
_LATE_IN_THE_DAY = timedelta(days=1) - timedelta(hours=BANK_HOURS.closes.hour, minutes=BANK_HOURS.closes.minute)
_DAY_OF = f"""(({{column}} AT TIME ZONE 'Asia/Shanghai')
    + interval '{int(_LATE_IN_THE_DAY.total_seconds())} seconds' - interval '1 microsecond')::date"""

# A change of the calendar or an outage has yet to be reckoned for the others (applications.services.recounts).
IS_RECKONED = "NOT EXISTS (SELECT FROM applications_staleclock s WHERE s.clock_id = c.id)"
_UNSEEN = f"""
    FROM applications_caseclock c JOIN applications_application a ON a.id = c.application_id
    {{join}}
    WHERE {{late}} AND NOT a.is_imported AND {IS_RECKONED}
      AND NOT EXISTS (SELECT FROM supervision_breach b WHERE b.clock_id = c.id)
"""
_RUNNING = "c.stopped_at IS NULL AND c.paused_at IS NULL AND c.due_at < %(at)s"
_STOPPED = "c.outcome IN %(late)s AND c.stopped_at BETWEEN %(since)s AND %(at)s AND c.due_at < c.stopped_at"
_WINDOW_ROWS = """
    unnest(%(days)s::date[], %(file_by)s::timestamptz[], %(supervisor)s::timestamptz[],
           %(management)s::timestamptz[]) AS w(day, file_by, supervisor_at, management_at)
"""
_WINDOWS = f"""
    JOIN {_WINDOW_ROWS} ON w.day = {_DAY_OF.format(column="c.due_at")}
"""
_COLUMNS = """c.id, c.application_id, c.kind, a.branch_id,
    CASE WHEN c.owned_since <= c.due_at THEN c.owner_id END, c.owner_branch_id, c.owner_role,
    c.due_at, %(at)s, w.file_by, w.supervisor_at, w.management_at"""
# One row comes back: how many, and the clocks that are news. What is so old that the window for explanations has closed
# is none.
_COUNTED = """
    WITH written AS ({statement})
    SELECT count(*), coalesce(array_agg(clock_id) FILTER (WHERE is_news AND file_by >= %(at)s), '{{}}') FROM written
"""
_FIND = f"""
    INSERT INTO supervision_breach (clock_id, application_id, kind, branch_id, owner_id, owner_branch_id, owner_role,
                                    due_at, found_at, file_by, supervisor_at, management_at)
    SELECT {_COLUMNS} {_UNSEEN.format(join=_WINDOWS, late=_RUNNING)}
    UNION ALL
    SELECT {_COLUMNS} {_UNSEEN.format(join=_WINDOWS, late=_STOPPED)}
    ON CONFLICT (clock_id) DO NOTHING
    RETURNING clock_id, file_by, TRUE AS is_news
"""
# A deadline that was moved after it had been missed (an outage, a corrected day or stamp) and is missed again: the
# breach takes the new dates. It is news only if it was lifted in between.
_MISSED_AGAIN = f"""
    b.settled_at IS NULL AND c.due_at <> b.due_at AND {IS_RECKONED}
    AND (({_RUNNING}) OR c.outcome IN %(late)s AND c.due_at < c.stopped_at)
"""
_MOVE = f"""
    UPDATE supervision_breach b
    SET due_at = c.due_at, file_by = w.file_by, supervisor_at = w.supervisor_at, management_at = w.management_at,
        found_at = CASE WHEN c.due_at < b.found_at THEN b.found_at ELSE %(at)s END
    FROM applications_caseclock c {_WINDOWS}
    WHERE c.id = b.clock_id AND {_MISSED_AGAIN}
    RETURNING b.clock_id, b.file_by, b.found_at = %(at)s AS is_news
"""  # noqa: S608
# The oldest due time of what has no breach yet, running or stopped, and of what was missed again.
_LOOK = f"""
    SELECT (SELECT c.due_at {_UNSEEN.format(join="", late=_RUNNING)} ORDER BY c.due_at LIMIT 1),
           (SELECT min(c.due_at) {_UNSEEN.format(join="", late=_STOPPED)}),
           (SELECT min(c.due_at) FROM supervision_breach b JOIN applications_caseclock c ON c.id = b.clock_id
            WHERE {_MISSED_AGAIN})
"""  # noqa: S608

_WARN = f"""
    INSERT INTO supervision_clocknotice (clock_id, level, at)
    SELECT c.id, 'WARNING', %(at)s
    FROM applications_caseclock c JOIN applications_application a ON a.id = c.application_id
    WHERE c.stopped_at IS NULL AND c.paused_at IS NULL AND c.warn_at <= %(at)s AND c.due_at >= %(at)s
      AND (c.owner_id IS NOT NULL OR c.owner_branch_id IS NOT NULL) AND NOT a.is_imported AND {IS_RECKONED}
      AND NOT EXISTS (SELECT FROM supervision_clocknotice n WHERE n.clock_id = c.id AND n.level = 'WARNING')
    ON CONFLICT (clock_id, level) DO NOTHING
    RETURNING clock_id
"""  # noqa: S608
# Who took a case after its clock was started may have had less than two hours left: then nobody has to explain.
_TAKEN_LATER = """
    SELECT id, owner_id, owned_since, started_at, due_at FROM applications_caseclock
    WHERE id = ANY(%(clocks)s) AND owned_since > started_at
"""
_ESCALATE = f"""
    INSERT INTO supervision_clocknotice (clock_id, level, at)
    SELECT b.clock_id, %(level)s, %(at)s
    FROM supervision_breach b JOIN applications_caseclock c ON c.id = b.clock_id
    WHERE b.settled_at IS NULL AND b.{{column}} <= %(at)s AND {{running}} AND {IS_RECKONED}
      AND NOT EXISTS (SELECT FROM supervision_clocknotice n WHERE n.clock_id = b.clock_id AND n.level = %(level)s)
    ON CONFLICT (clock_id, level) DO NOTHING
    RETURNING clock_id
"""  # noqa: S608

# Nobody's window for an explanation gets shorter.
_RENEW = f"""
    UPDATE supervision_breach b
    SET file_by = greatest(b.file_by, w.file_by), supervisor_at = w.supervisor_at, management_at = w.management_at
    FROM {_WINDOW_ROWS}
    WHERE b.settled_at IS NULL AND w.day = {_DAY_OF.format(column="b.due_at")}
"""  # noqa: S608


@transaction.atomic
def find_breaches(*, at: datetime, since: datetime | None = None) -> int:
    """Writes a breach for every clock past due that has none, and tells its people; returns how many were new.

    ``since`` limits the look at clocks that have stopped (the minute's pass looks back two days, the night's over all).
    """
    found, news = mark_breaches(at=at, since=since)
    if news:
        _tell_of_breaches(news, at=at)
    return found


@transaction.atomic
def mark_breaches(*, at: datetime, since: datetime | None = None) -> tuple[int, list[int]]:
    """Writes the breaches; returns how many were new, and the clocks of which people should hear."""
    facts: dict[str, Any] = {
        "at": at,
        "late": tuple(outcome.value for outcome in LATE_OUTCOMES),
        "since": since or datetime.min.replace(tzinfo=UTC),
    }
    with connection.cursor() as cursor:
        cursor.execute(_LOOK, facts)
        oldest = [due for due in cursor.fetchone() if due is not None]
        if not oldest:
            return 0, []
        facts |= _windows(local_day(min(oldest)), local_day(at), working_calendar())
        cursor.execute(_COUNTED.format(statement=_MOVE), facts)
        _moved, missed_again = cursor.fetchone()
        cursor.execute(_COUNTED.format(statement=_FIND), facts)
        found, fresh = cursor.fetchone()
    return found, [*missed_again, *fresh]


@transaction.atomic
def warn(*, at: datetime) -> int:
    """Tells the owner of every running clock past its warning, once per clock; returns how many clocks were new."""
    with connection.cursor() as cursor:
        cursor.execute(_WARN, {"at": at})
        warned = [row[0] for row in cursor.fetchall()]
    for_the_answering(warned, News.WARNING, at=at)
    tell_waiting(at=at)
    return len(warned)


@transaction.atomic
def escalate(*, at: datetime) -> dict[str, int]:
    """Tells the supervisors one working day after due and the management after three, while the clock still runs.

    Returns the number of clocks per level, each counted once in its life.
    """
    counts = {
        "supervisor": _escalate("supervisor_at", News.SUPERVISOR, Role.SUP, at=at),
        "management": _escalate("management_at", News.MANAGEMENT, Role.MGT, at=at),
    }
    tell_waiting(at=at)
    return counts


@transaction.atomic
def renew_windows(*, at: datetime) -> int:
    """After a change of the calendar: until when what is not settled may be explained, and from when it is escalated.
    Returns the number of breaches."""
    oldest = Breach.objects.filter(settled_at=None).aggregate(oldest=Min("due_at"))["oldest"]
    if oldest is None:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_RENEW, _windows(local_day(oldest), local_day(at), working_calendar()))
        return int(cursor.rowcount)


def _escalate(column: str, level: News, role: Role, *, at: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_ESCALATE.format(column=column, running=_RUNNING), {"at": at, "level": ClockNotice.Level(level)})
        raised = [row[0] for row in cursor.fetchall()]
    for_the_watching(raised, level, role, at=at)
    return len(raised)


def _tell_of_breaches(clocks: list[int], *, at: datetime) -> None:
    """The owner hears of each breach, the trackers of all of a pass."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKEN_LATER, {"clocks": clocks})
        taken_later = [
            (clock, CaseClock(owner_id=owner, owned_since=owned_since, started_at=started_at, due_at=due))
            for clock, owner, owned_since, started_at, due in cursor.fetchall()
        ]
    nobodys = {pk for pk, clock in taken_later if not is_personal(clock)}
    for_the_answering([pk for pk in clocks if pk not in nobodys], News.BREACH, at=at)
    for_the_answering(sorted(nobodys), News.OVERDUE, at=at)
    for_the_watching(clocks, News.FOUND, Role.TR, at=at)
    tell_waiting(at=at)


def _windows(first: date, last: date, calendar: WorkCalendar) -> dict[str, list[Any]]:
    """What follows from a due time on each of these days, and on the day after (rule K1): until when it may be
    explained, when it is escalated."""
    windows: dict[str, list[Any]] = {"days": [], "file_by": [], "supervisor": [], "management": []}
    for ordinal in range(first.toordinal(), last.toordinal() + 2):
        day = date.fromordinal(ordinal)
        noon = datetime.combine(day, time(12), SHANGHAI)
        windows["days"].append(day)
        windows["file_by"].append(due_at(noon, policy_for(Clock.JUSTIFY, on=day).limit, calendar))
        windows["supervisor"].append(due_at(noon, SUPERVISOR_AFTER, calendar))
        windows["management"].append(due_at(noon, MANAGEMENT_AFTER, calendar))
    return windows

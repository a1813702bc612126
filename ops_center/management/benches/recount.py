"""A change of the calendar, and an outage, over many open clocks: how long the request takes that brings it about, and
the whole recount, against the bare update of the same columns."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date, datetime, timedelta
from time import perf_counter
from typing import Any

from django.db import connection

from applications.models import CaseClock, Recount
from applications.services.recounts import count_portion
from ops_center.clock import local_day
from ops_center.kernel.worktime import Day
from ops_center.management.benches.sweep import load, pattern_of, timed, working_time
from organization.models import Branch, Employee, RoleAssignment
from organization.roles import Role
from organization.services.calendar import working_calendar
from supervision.services.breaches import find_breaches
from supervision.services.calendar import approve_change, draft_change
from supervision.services.outages import declare_outage

_FLOOR = """
    UPDATE applications_caseclock SET due_at = due_at + interval '1 minute', warn_at = warn_at + interval '1 minute',
           explanation = explanation || '{"bench": 1}', exempt_until = NULL
    WHERE stopped_at IS NULL
"""
_RAN_FROM_ITS_START = """
    INSERT INTO applications_clockinterval (clock_id, since, pause)
    SELECT id, started_at, '' FROM applications_caseclock ON CONFLICT DO NOTHING
"""


def bench_recount(*, clocks: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Seconds of the bare update, of the approval of a free day and of its recount, and of an outage of three hours;
    and of the sweep that waits for them in the middle."""
    at = working_time()
    load(clocks, pattern=pattern_of(at), at=at, say=say)
    _sql(_RAN_FROM_ITS_START, "VACUUM ANALYZE applications_caseclock", "ANALYZE applications_clockinterval")
    people = _people(at)
    seconds = {"floor": timed(lambda: _sql(_FLOOR))}
    _sql("VACUUM ANALYZE applications_caseclock")
    drafted = draft_change(
        year=at.year, days=[Day(_a_day_ahead(at), is_workday=False, name="停业")], is_whole_year=False, source="bench",
        actor=people[0], at=at,
    )  # fmt: skip
    seconds["approval"] = timed(lambda: approve_change(change=drafted.pk, actor=people[1], at=at))
    seconds["recount"], portion = _to_the_end(at, say=say)
    _sql("VACUUM ANALYZE applications_caseclock")
    since, until = at - timedelta(hours=1), at + timedelta(hours=2)
    seconds["outage"] = timed(lambda: declare_outage(since=since, until=until, reason="bench", actor=people[2], at=at))
    seconds["sweep meanwhile"] = timed(lambda: find_breaches(at=at, since=at - timedelta(days=2)))
    seconds["outage's recount"], _portion = _to_the_end(at, say=say)
    return {
        "open_clocks": CaseClock.objects.count(),
        "reckoned": sum(Recount.objects.values_list("done", flat=True)),
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
        "longest_portion": round(portion, 3),
        "ratio_recount": round((seconds["approval"] + seconds["recount"]) / seconds["floor"], 2),
        "load_average": round(os.getloadavg()[0], 1),
    }


def _to_the_end(at: datetime, *, say: Callable[[str], None]) -> tuple[float, float]:
    """Seconds until nothing is stale, and of the longest portion."""
    recount, begun, longest = Recount.objects.get(finished_at=None).pk, perf_counter(), 0.0
    moved: int | None = 0
    while moved is not None:
        started = perf_counter()
        moved = count_portion(recount, at=at)
        longest = max(longest, perf_counter() - started)
    taken = perf_counter() - begun
    say(f"recount {recount}: {taken:.2f} s")
    return taken, longest


def _a_day_ahead(at: datetime) -> date:
    return working_calendar().next_workday(local_day(at))


def _people(at: datetime) -> list[Employee]:
    """Two of the management and a supervisor."""
    branch = Branch.objects.order_by("pk")[0]
    people: list[Employee] = Employee.objects.bulk_create(
        Employee(number=f"RULES{n}", name=f"管理{n}", branch=branch, password="!")  # noqa: S106
        for n in range(3)
    )
    RoleAssignment.objects.bulk_create(
        RoleAssignment(employee=person, role=role, starts_on=local_day(at))
        for person, role in zip(people, (Role.MGT, Role.MGT, Role.SUP), strict=True)
    )
    return people


def _sql(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)

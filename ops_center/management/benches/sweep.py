"""The sweep over the clocks against bare SQL: marking what has newly fallen due among many open clocks, the whole pass
with everybody told, and passes that find nothing at growing sizes."""

# ruff: noqa: S608  every name in the statements is one of ours

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta
from statistics import median
from time import perf_counter
from typing import Any

from django.db import connection, models, transaction

from applications.lifecycle import Clock, State
from applications.models import Application, CaseClock, ClockPolicy, Product
from ops_center.clock import SHANGHAI, local_day, now
from organization.models import Branch, Employee, Message, RoleAssignment
from organization.roles import Role
from organization.services.calendar import working_calendar
from supervision.models import (
    Breach,
    BreachCharge,
    ClockNotice,
    Justification,
    JustificationPaper,
    UnchargedBreach,
    Untold,
)
from supervision.services.breaches import escalate, find_breaches, mark_breaches, warn
from supervision.services.notices import tell_waiting

KINDS = (Clock.CHECK, Clock.ENTRY, Clock.FILE, Clock.COACH)  # of every case; one of a kind can run
STAFF, TRACKERS = 400, 3
NEWLY_OVERDUE = 10_000
ROUNDS, IDLE_ROUNDS = 5, 15
LOOK_BACK = timedelta(days=2)  # as the minute's pass

_FLOOR = """
    INSERT INTO supervision_breach (clock_id, application_id, kind, branch_id, owner_id, owner_branch_id, owner_role,
                                    due_at, found_at, file_by, supervisor_at, management_at)
    SELECT c.id, c.application_id, c.kind, a.branch_id, c.owner_id, c.owner_branch_id, c.owner_role, c.due_at, %(at)s,
           %(file_by)s, %(supervisor)s, %(management)s
    FROM applications_caseclock c JOIN applications_application a ON a.id = c.application_id
    WHERE c.stopped_at IS NULL AND c.paused_at IS NULL AND c.due_at < %(at)s AND NOT a.is_imported
      AND NOT EXISTS (SELECT FROM supervision_breach b WHERE b.clock_id = c.id)
    ON CONFLICT (clock_id) DO NOTHING
"""


def bench_sweep(*, clocks: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Seconds of the bare statement, of our marking and of the whole pass for 10,000 newly overdue among ``clocks``
    open ones; and of passes that find nothing at a hundredth, a tenth and all of them."""
    at = working_time()
    pattern = pattern_of(at)
    idle, loaded = {}, 0
    for size in (clocks // 100, clocks // 10, clocks):
        load(size - loaded, pattern=pattern, at=at, say=say)
        loaded = size
        idle[size] = _idle(at)
        say(f"{size} open clocks, nothing to find: {idle[size] * 1000:.1f} ms")
    overdue = min(NEWLY_OVERDUE, clocks // 10)
    _let_fall_due(overdue, at=at)
    seconds = _compare(at, overdue=overdue, say=say)
    known = _idle(at)  # all of them are known by now
    return {
        "open_clocks": clocks,
        "newly_overdue": overdue,
        "seconds": {name: round(value, 4) for name, value in seconds.items()},
        "ratio_marking": round(seconds["marking"] / seconds["floor"], 2),
        "ratio_whole_pass": round(seconds["whole pass"] / seconds["floor"], 2),
        "idle_ms": {str(size): round(value * 1000, 1) for size, value in idle.items()},
        "idle_ms_with_known_overdue": round(known * 1000, 1),
        "load_average": round(os.getloadavg()[0], 1),
    }


# -- what is measured --------------------------------------------------------------------------------------------------
def _compare(at: datetime, *, overdue: int, say: Callable[[str], None]) -> dict[str, float]:
    arms: dict[str, Callable[[], object]] = {
        "floor": lambda: _floor(at),
        "marking": lambda: mark_breaches(at=at, since=at - LOOK_BACK),
        "whole pass": lambda: find_breaches(at=at, since=at - LOOK_BACK),
    }
    taken: dict[str, list[float]] = {name: [] for name in arms}
    for turn in range(ROUNDS):
        for name, arm in arms.items():
            _forget()
            taken[name].append(timed(arm))
            if Breach.objects.count() != overdue:
                raise AssertionError(f"{name} found {Breach.objects.count()} of {overdue}")
            say(f"round {turn + 1}, {name}: {taken[name][-1]:.3f} s")
    return {name: median(times) for name, times in taken.items()}


def _idle(at: datetime) -> float:
    """A minute's jobs of the sweep together."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE applications_caseclock, supervision_breach, supervision_clocknotice")

    def minute() -> None:
        find_breaches(at=at, since=at - LOOK_BACK)
        warn(at=at)
        escalate(at=at)
        tell_waiting(at=at)

    return min(timed(minute) for _turn in range(IDLE_ROUNDS))  # what the machine's other work adds is no cost of ours


@transaction.atomic
def _floor(at: datetime) -> None:
    windows = {"file_by": timedelta(days=2), "supervisor": timedelta(days=1), "management": timedelta(days=3)}
    with connection.cursor() as cursor:
        cursor.execute(_FLOOR, {"at": at, **{name: at + after for name, after in windows.items()}})


def timed(act: Callable[[], object]) -> float:
    begun = perf_counter()
    act()
    return perf_counter() - begun


def _forget() -> None:
    laid = (Breach, BreachCharge, UnchargedBreach, Justification, JustificationPaper, Untold, ClockNotice, Message)
    tables = ", ".join(model._meta.db_table for model in laid)
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {tables}")


# -- the load ----------------------------------------------------------------------------------------------------------
def working_time() -> datetime:
    """Ten in the morning of a working day: people are told at once."""
    day = working_calendar().next_workday(local_day(now()))
    return datetime.combine(day, time(10), SHANGHAI)


def pattern_of(at: datetime) -> tuple[Application, dict[str, CaseClock]]:
    """The rows that are copied, each as the models make it, and the people who answer for them."""
    branches = list(Branch.objects.order_by("pk"))
    people = Employee.objects.bulk_create(
        Employee(number=f"SWEEP{n}", name=f"员工{n}", branch=branches[n % len(branches)], password="!")  # noqa: S106
        for n in range(STAFF)
    )
    RoleAssignment.objects.bulk_create(
        RoleAssignment(employee=person, role=Role.TR, starts_on=local_day(at)) for person in people[:TRACKERS]
    )
    case = Application.objects.create(
        number="SWEEP0", status_code="SWEEP0", state=State.CHECKED, product=Product.objects.order_by("pk")[0],
        branch=branches[0], created_at=at, progressed_at=at, priced_on=local_day(at),
    )  # fmt: skip
    clocks = {
        str(kind): CaseClock.objects.create(
            application=case, kind=kind, round=1, policy=ClockPolicy.objects.filter(kind=kind)[0],
            started_at=at - timedelta(days=1), due_at=at + timedelta(days=9), warn_at=at + timedelta(days=8),
            owner=people[0], owned_since=at - timedelta(days=1),
        )
        for kind in KINDS
    }  # fmt: skip
    return case, clocks


def load(
    clocks: int, *, pattern: tuple[Application, dict[str, CaseClock]], at: datetime, say: Callable[[str], None]
) -> None:
    """So many open clocks more, due on the days ahead."""
    case, of_kind = pattern
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS made")
        cursor.execute(
            "CREATE TEMPORARY TABLE made AS SELECT nextval('applications_application_id_seq') AS id "
            "FROM generate_series(1, %s)",
            [clocks // len(KINDS)],
        )
        cursor.execute(
            _copies(case, {"id": "made.id", "number": "'S' || made.id", "status_code": "'S' || made.id"})
        )  # fmt: skip
        for clock in of_kind.values():
            cursor.execute(
                _copies(
                    clock,
                    {
                        "application_id": "made.id",
                        "owner_id": "(%(people)s::bigint[])[1 + made.id %% cardinality(%(people)s::bigint[])]",
                        "due_at": "%(at)s + interval '2 days' + (made.id %% 20000) * interval '1 minute'",
                        "warn_at": "%(at)s + interval '1 day' + (made.id %% 20000) * interval '1 minute'",
                    },
                ),
                {
                    "at": at,
                    "people": list(Employee.objects.filter(number__startswith="SWEEP").values_list("pk", flat=True)),
                },
            )
        cursor.execute("ANALYZE applications_application, applications_caseclock")
    say(f"{CaseClock.objects.count()} clocks")


def _copies(row: models.Model, changed: Mapping[str, str]) -> str:
    """A copy of a row for each case that was made, with these columns changed."""
    table = row._meta.db_table
    columns = [str(field.column) for field in row._meta.concrete_fields]
    own = [column for column in columns if column != "id" or "id" in changed]
    values = ", ".join(changed.get(column, f'pattern."{column}"') for column in own)
    names = ", ".join(f'"{column}"' for column in own)
    return f"INSERT INTO {table} ({names}) SELECT {values} FROM made, {table} AS pattern WHERE pattern.id = {row.pk}"


def _let_fall_due(clocks: int, *, at: datetime) -> None:
    """Spread over the whole table, all within the last minute."""
    step = max(CaseClock.objects.count() // clocks, 1)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE applications_caseclock SET due_at = %(at)s - interval '1 second' * (1 + id %% 59), "
            "warn_at = %(at)s - interval '1 hour' WHERE id IN "
            "(SELECT id FROM applications_caseclock WHERE id %% %(step)s = 0 ORDER BY id LIMIT %(clocks)s)",
            {"at": at, "step": step, "clocks": clocks},
        )
        cursor.execute("VACUUM ANALYZE applications_caseclock")

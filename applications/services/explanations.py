"""Why a deadline is where it is: the limit and the hours, the days that were counted and skipped, each pause with what
was left and the days on which that was used up. Somebody who has only the listing reckons the same date."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from applications.lifecycle import PauseReason
from applications.models import CaseClock, ClockInterval
from applications.services.clocks import day_of_rules, hours_of
from applications.services.intervals import mode_of
from ops_center.clock import local_day
from ops_center.kernel.worktime import SHANGHAI, Hours, Mode, deadline_after_pause
from organization.services.calendar import working_calendar


def explain(clock: CaseClock) -> dict[str, Any]:
    """The explanation that was stored at the start, with what it stands on and what has happened since."""
    hours = hours_at_start(clock)
    rows = [row for row in clock.intervals.all() if row.pause]
    dues = [row.due_before for row in rows[1:]] + [clock.due_at]
    pauses = [_pause(row, due, mode_of(clock), hours) for row, due in zip(rows, dues, strict=False)]
    return {**clock.explanation, "limit": _limit(clock), "hours": _hours(hours, clock.started_at), "pauses": pauses}


def _pause(row: ClockInterval, due_after: datetime | None, mode: Mode, hours: Hours) -> dict[str, Any]:
    days: list[dict[str, Any]] = []
    if row.until is None:
        due_after = None
    elif due_after is not None and row.minutes_left:
        days = deadline_after_pause(row.until, due_after, mode, working_calendar(), hours).as_json()["days"]
    return {
        "from": _local(row.since),
        "to": _local(row.until),
        "reason": row.pause,
        "label": str(PauseReason(row.pause).label),
        "minutes": row.minutes,
        "minutes_left": row.minutes_left,
        "due_before": _local(row.due_before),
        "due_after": _local(due_after),
        "days": days,
    }


def hours_at_start(clock: CaseClock) -> Hours:
    """By whose hours a clock runs: of the branch that had the paper when it started."""
    case, started = clock.application, clock.started_at
    is_hosted = case.host_confirmed_at is not None and case.host_confirmed_at <= started
    return hours_of(
        clock.kind, case.host_branch if is_hosted else case.branch, on=day_of_rules(case, clock.kind, at=started)
    )


def _limit(clock: CaseClock) -> dict[str, Any] | None:
    policy = clock.policy
    return {"mode": policy.mode, "amount": policy.amount, "since": policy.starts_on.isoformat()} if policy else None


def _hours(hours: Hours, started_at: datetime) -> dict[str, str]:
    times = {
        "opens": hours.opens, "closes": hours.closes, "cut_off": hours.cut_off_on(local_day(started_at)),
        "dispatch_by": hours.dispatch_by,
    }  # fmt: skip
    return {name: f"{time:%H:%M}" for name, time in times.items()}


def _local(instant: datetime | None) -> str | None:
    return instant.astimezone(SHANGHAI).isoformat() if instant else None

"""Deadlines of many clocks over one calendar: what all starts of a day have in common is reckoned and spelled once."""

from __future__ import annotations

import json
from datetime import date, datetime

from ops_center.kernel.worktime import SHANGHAI, Hours, Limit, Mode, WorkCalendar, deadline, due_at, warn_at

# Modes whose deadline is the same for all starts of one day on the same side of closing time and cut-off.
_BY_THE_DAY = frozenset({Mode.WORKDAYS_EOD, Mode.SAME_DAY, Mode.NEXT_DAY_NOON, Mode.MONTH_DAY})

_Start = tuple[Limit, Hours, date, int]


class JsonText(str):
    """JSON that is already spelled."""

    __slots__ = ()


class DeadlineTable:
    """The same answers as ``kernel.worktime``, for a whole set."""

    def __init__(self, calendar: WorkCalendar) -> None:
        self.calendar = calendar
        self._due: dict[_Start, datetime] = {}
        self._days: dict[tuple[_Start, date], str] = {}

    def due_at(self, start: datetime, limit: Limit, hours: Hours) -> datetime:
        if limit.mode not in _BY_THE_DAY:
            return due_at(start, limit, self.calendar, hours)
        key = _start(start, limit, hours)
        due = self._due.get(key)
        if due is None:
            due = self._due[key] = due_at(start, limit, self.calendar, hours)
        return due

    def due(self, start: datetime, limit: Limit, hours: Hours) -> tuple[datetime, datetime]:
        """When the limit runs out and when it warns."""
        due = self.due_at(start, limit, hours)
        return due, warn_at(start, due, limit, self.calendar, hours)

    def explain(self, start: datetime, due: datetime, warns: datetime, limit: Limit, hours: Hours) -> JsonText:
        """How the date came about, as Deadline.as_json tells it."""
        begun, ends = start.astimezone(SHANGHAI), due.astimezone(SHANGHAI)
        key = (_start(start, limit, hours), ends.date())
        days = self._days.get(key)
        if days is None:
            told = deadline(start, limit, self.calendar, hours).as_json()
            common = {name: said for name, said in told.items() if name not in ("started_at", "due_at", "warn_at")}
            days = self._days[key] = json.dumps(common, ensure_ascii=False)[1:]
        return JsonText(
            f'{{"started_at":"{begun.isoformat()}","due_at":"{ends.isoformat()}",'
            f'"warn_at":"{warns.astimezone(SHANGHAI).isoformat()}",{days}'
        )


def _start(start: datetime, limit: Limit, hours: Hours) -> _Start:
    """What of a start its day's deadline depends on."""
    local = start.astimezone(SHANGHAI)
    on, clock = local.date(), local.time()
    side = (clock >= hours.closes) + (clock > hours.closes) + (clock > hours.cut_off_on(on))
    return limit, hours, on, side

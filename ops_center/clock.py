"""The application's clock: the one place where the time is read.

Services never read it; an edge (view, API, task, command) reads it once and passes ``at`` down.
In demo mode ``OPS_CENTER_CLOCK`` moves it: an offset such as ``+15d``, ``-2h``, ``+90m``, ``+30s``, or an ISO time
at which the clock starts. The supervisor turns an ISO time into an offset once, so that web, worker and beat agree.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import cache

from django.conf import settings

from ops_center.kernel.worktime import SHANGHAI as SHANGHAI  # the bank's own time zone, for who reads the clock

_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}


def offset_of(setting: str, *, real: datetime) -> timedelta:
    """The offset that ``OPS_CENTER_CLOCK`` asks for; ``ValueError`` when it is neither an offset nor an ISO time."""
    if not setting:
        return timedelta()
    match = re.fullmatch(r"([+-])(\d+(?:\.\d+)?)([dhms])", setting.strip())
    if match:
        sign, amount, unit = match.groups()
        return timedelta(seconds=float(amount) * _UNITS[unit]) * (1 if sign == "+" else -1)
    wanted = datetime.fromisoformat(setting.strip())
    if wanted.tzinfo is None:
        wanted = wanted.replace(tzinfo=SHANGHAI)
    return wanted - real


@cache
def _offset() -> timedelta:
    if not settings.DEMO:
        return timedelta()
    return offset_of(settings.OPS_CENTER_CLOCK, real=datetime.now(UTC))


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC) + _offset()


def today() -> date:
    """The present day in Shanghai."""
    return local_day(now())


def local_day(at: datetime) -> date:
    """The day in Shanghai on which the instant falls."""
    return at.astimezone(SHANGHAI).date()

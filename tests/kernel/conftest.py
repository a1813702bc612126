from __future__ import annotations

from datetime import date, timedelta

import chinese_calendar
import pytest

from ops_center.kernel.worktime import Day, WorkCalendar


@pytest.fixture(scope="session")
def official_days() -> list[Day]:
    """Every day of 2024–2026 as the State Council published it."""
    first, last = date(2024, 1, 1), date(2026, 12, 31)
    days = []
    for offset in range((last - first).days + 1):
        on = first + timedelta(days=offset)
        _is_free, name = chinese_calendar.get_holiday_detail(on)
        days.append(Day(on, chinese_calendar.is_workday(on), name or ""))
    return days


@pytest.fixture(scope="session")
def calendar(official_days: list[Day]) -> WorkCalendar:
    return WorkCalendar(official_days)

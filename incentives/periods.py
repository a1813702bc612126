"""Periods of a confirmation: a month (2026-11) or, for a faster thank-you, a week (2026-W47)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils.translation import gettext as _

from ops_center.clock import SHANGHAI, local_day
from ops_center.kernel.errors import Malformed


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days in Shanghai, both included."""

    label: str
    first: date
    last: date

    @property
    def starts_at(self) -> datetime:
        return datetime.combine(self.first, time(), SHANGHAI)

    @property
    def ends_at(self) -> datetime:
        """The first instant after it."""
        return datetime.combine(self.last + timedelta(days=1), time(), SHANGHAI)

    @property
    def before(self) -> str:
        """The month, or the week, before."""
        eve = self.first - timedelta(days=1)
        return f"{eve:%G-W%V}" if "W" in self.label else f"{eve:%Y-%m}"

    @property
    def month(self) -> str:
        """The month of its last day, as in a document number: 202611."""
        return f"{self.last:%Y%m}"


def period_of(text: str) -> Period:
    """Reads ``2026-11`` or ``2026-W47``; Malformed otherwise."""
    try:
        if week := re.fullmatch(r"(\d{4})-W(\d{2})", text):
            monday = date.fromisocalendar(int(week[1]), int(week[2]), 1)
            return Period(text, monday, monday + timedelta(days=6))
        if month := re.fullmatch(r"(\d{4})-(\d{2})", text):
            first = date(int(month[1]), int(month[2]), 1)
            return Period(text, first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))
    except (ValueError, OverflowError):
        pass
    sentence = _("A period is a month such as 2026-11, or a week such as 2026-W47.")
    raise Malformed("bad_period", sentence, {"period": sentence})


def month_of(at: datetime) -> str:
    """The month in Shanghai in which an instant falls: 2026-11."""
    return f"{local_day(at):%Y-%m}"


def months_before(at: datetime, number: int) -> list[str]:
    """The running month and those before it, newest first; so many together."""
    months, day = [], local_day(at)
    for _place in range(number):
        months.append(f"{day:%Y-%m}")
        day = day.replace(day=1) - timedelta(days=1)
    return months

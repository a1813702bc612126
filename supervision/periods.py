"""Months, quarters and weeks, as the boards ask for them: ``2026-11``, ``2026-Q4``, ``2026-11-16``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils.translation import gettext as _

from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed
from ops_center.kernel.worktime import SHANGHAI

CLOSES_BEFORE_MIDNIGHT = timedelta(hours=6)  # a week's figures are those of Sunday, 18:00


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month in Shanghai."""

    year: int
    number: int

    @classmethod
    def of(cls, at: datetime) -> Month:
        on = local_day(at)
        return cls(on.year, on.month)

    @classmethod
    def read(cls, text: str, *, at: datetime) -> Month:
        """From ``2026-11``; nothing is the running month. Malformed (400) for anything else."""
        if not text:
            return cls.of(at)
        match = re.fullmatch(r"(20\d\d)-(0[1-9]|1[0-2])", text)
        if match is None:
            sentence = _("A month is written like 2026-11.")
            raise Malformed("bad_period", sentence, {"period": sentence})
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.year}-{self.number:02d}"

    @property
    def first_day(self) -> date:
        return date(self.year, self.number, 1)

    @property
    def starts_at(self) -> datetime:
        return datetime(self.year, self.number, 1, tzinfo=SHANGHAI)

    @property
    def ends_at(self) -> datetime:
        """The first instant of the month after."""
        return self.next.starts_at

    @property
    def last_day(self) -> date:
        return self.next.first_day - timedelta(days=1)

    @property
    def next(self) -> Month:
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    @property
    def previous(self) -> Month:
        before = self.first_day - timedelta(days=1)
        return Month(before.year, before.month)


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """Three calendar months in Shanghai: ``2026-Q4``."""

    year: int
    number: int

    @classmethod
    def of(cls, at: datetime) -> Quarter:
        on = local_day(at)
        return cls(on.year, (on.month + 2) // 3)

    def __str__(self) -> str:
        return f"{self.year}-Q{self.number}"

    @property
    def months(self) -> tuple[Month, Month, Month]:
        first = Month(self.year, 3 * self.number - 2)
        return first, first.next, first.next.next

    @property
    def first_day(self) -> date:
        return self.months[0].first_day

    @property
    def starts_at(self) -> datetime:
        return self.months[0].starts_at

    @property
    def ends_at(self) -> datetime:
        """The first instant of the quarter after."""
        return self.months[2].ends_at

    @property
    def last_day(self) -> date:
        return self.months[2].last_day

    @property
    def previous(self) -> Quarter:
        return Quarter(self.year, self.number - 1) if self.number > 1 else Quarter(self.year - 1, 4)


Span = Month | Quarter


def read_span(text: str, *, at: datetime) -> Span:
    """From ``2026-11`` or ``2026-Q4``; nothing is the running month. Malformed (400) for anything else."""
    quarter = re.fullmatch(r"(20\d\d)-Q([1-4])", text)
    if quarter:
        return Quarter(int(quarter[1]), int(quarter[2]))
    try:
        return Month.read(text, at=at)
    except Malformed:
        sentence = _("A period is a month like 2026-11 or a quarter like 2026-Q4.")
        raise Malformed("bad_period", sentence, {"period": sentence}) from None


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """A week of the branches' feedback, Monday to Sunday. It closes on Sunday at 18:00; what is done after that belongs
    to the next one, so that every deed stands in exactly one week."""

    monday: date

    @classmethod
    def of(cls, at: datetime) -> Week:
        """The week in which a deed of that instant is counted."""
        on = local_day(at + CLOSES_BEFORE_MIDNIGHT)
        return cls(on - timedelta(days=on.weekday()))

    @classmethod
    def read(cls, text: str, *, at: datetime) -> Week:
        """From the day of its Monday; nothing is the last week that has closed. Malformed (400) for anything else."""
        if not text:
            return cls.of(at).previous
        try:
            monday = date.fromisoformat(text)
        except ValueError:
            monday = None
        if monday is None or monday.weekday() or not 2000 <= monday.year < 2100:
            sentence = _("A week is named by its Monday, like 2026-11-16.")
            raise Malformed("bad_week", sentence, {"week": sentence})
        return cls(monday)

    def __str__(self) -> str:
        return self.monday.isoformat()

    @property
    def sunday(self) -> date:
        return self.monday + timedelta(days=6)

    @property
    def starts_at(self) -> datetime:
        return datetime.combine(self.monday, time(), SHANGHAI) - CLOSES_BEFORE_MIDNIGHT

    @property
    def ends_at(self) -> datetime:
        """Sunday, 18:00: the first instant that is the next week's."""
        return self.next.starts_at

    @property
    def next(self) -> Week:
        return Week(self.monday + timedelta(days=7))

    @property
    def previous(self) -> Week:
        return Week(self.monday - timedelta(days=7))

"""Working days around the moment of the load, and times of day on them."""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta

from ops_center.clock import local_day
from ops_center.kernel.worktime import SHANGHAI, WorkCalendar

CLOSING = time(17, 30)


WINDOW = 90  # calendar days that the demo bank looks back on


class Days:
    """``today`` is the working day whose morning has come in: by ten past nine bags are signed for and work has begun.
    Other days are counted from it."""

    def __init__(self, calendar: WorkCalendar, now: datetime, rng: random.Random) -> None:
        self.calendar, self.now, self.rng = calendar, now, rng
        here = now.astimezone(SHANGHAI)
        self.today = calendar.previous_or_same_workday(here.date())
        if now < self.at(self.today, "09:10"):
            self.today = calendar.previous_or_same_workday(self.today - timedelta(days=1))

    def at(self, on: date, of_day: str | time) -> datetime:
        clock = time.fromisoformat(of_day) if isinstance(of_day, str) else of_day
        return datetime.combine(on, clock, SHANGHAI)

    def back(self, days: int) -> date:
        """The working day so many working days before today (0: today)."""
        on = self.today
        for _ in range(days):
            on = self.calendar.previous_or_same_workday(on - timedelta(days=1))
        return on

    def next(self, on: date, days: int = 1) -> date:
        return self.calendar.next_workday(on, days)

    def between(self, on: date, earliest: str, latest: str) -> datetime:
        """Some second of that day between two times."""
        first, last = self.at(on, earliest), self.at(on, latest)
        return first + timedelta(seconds=self.rng.randint(0, int((last - first).total_seconds())))

    def so_far(self, *, earliest: str = "08:32", latest: str = "17:25") -> datetime:
        """Some second of today's work that is already over."""
        first, last = self.at(self.today, earliest), min(self.at(self.today, latest), self.now)
        return first + timedelta(seconds=self.rng.randint(0, max(int((last - first).total_seconds()) - 1, 0)))

    def after(self, start: datetime, low: int, high: int) -> datetime:
        """Between so many working minutes later, in business hours, not to the second."""
        minutes = self.rng.randint(low, high)
        return self.calendar.add_working_minutes(start, minutes) + timedelta(seconds=self.rng.randint(0, 50))

    def ago(self, low: int, high: int) -> datetime:
        """Between so many working minutes before the load."""
        left, on = self.rng.randint(low, high), local_day(self.now)
        while (worked := self._worked(on)) <= left:
            left, on = left - worked, on - timedelta(days=1)
        return self.calendar.add_working_minutes(self.at(on, "00:00"), worked - left)

    def _worked(self, on: date) -> int:
        """Working minutes of a day up to the load."""
        return self.calendar.working_minutes(self.at(on, "00:00"), min(self.now, self.at(on, "23:59")))

    def evening(self) -> date:
        """The last working day whose cash truck has left: half past six and a little."""
        return self.today if self.now >= self.at(self.today, "18:45") else self.back(1)

    def window(self, length: int) -> list[date]:
        """The working days of the last ``length`` calendar days, up to today."""
        first = local_day(self.now) - timedelta(days=length)
        days = [first + timedelta(days=n) for n in range(length + 1)]
        return [on for on in days if on <= self.today and self.calendar.is_workday(on)]

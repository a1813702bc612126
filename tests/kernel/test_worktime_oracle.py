"""The working time against an oracle that only looks: every minute of four years is marked as worked or not, and all
answers are read off these marks. Nothing of it is shared with the code."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections import Counter
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from ops_center.kernel.worktime import SHANGHAI, Day, Hours, Limit, Mode, WorkCalendar, deadline, resume

FIRST, LAST = date(2024, 1, 1), date(2027, 12, 31)  # of 2027 nothing has been published
ZERO = datetime(2024, 1, 1, tzinfo=SHANGHAI)
BANK = {"opens": 510, "closes": 1050, "cut_off": 1050, "others": {}}  # minutes of the day
COUNTY = {"opens": 510, "closes": 1050, "cut_off": 960, "others": {5: 660, 6: 720}}
SHORT = {"opens": 540, "closes": 960, "cut_off": 900, "others": {4: 840, 0: 915}}
MOST = {Mode.WORKHOURS: 30, Mode.WORKDAYS_EOD: 10, Mode.CALENDAR_DAYS: 30, Mode.CLOCK_HOURS: 48}


class Oracle:
    """A branch with its hours, in minutes of the day."""

    def __init__(self, worked: dict[date, bool], place: dict[str, Any]) -> None:
        self.worked, self.place = worked, place
        # The numbers, from the first midnight on, of the minutes that are worked.
        self.minutes = [
            (on - FIRST).days * 1440 + minute
            for on, is_worked in worked.items()
            if is_worked
            for minute in range(place["opens"], place["closes"])
        ]

    @staticmethod
    def number(when: datetime) -> int:
        return int((when - ZERO).total_seconds()) // 60

    def between(self, since: datetime, until: datetime) -> int:
        """Worked minutes from one instant to another."""
        return bisect_left(self.minutes, self.number(until)) - bisect_left(self.minutes, self.number(since))

    def walk(self, since: datetime, minutes: int) -> datetime:
        """The end of the so-many-th worked minute."""
        if not minutes:
            return since
        last = self.minutes[bisect_left(self.minutes, self.number(since)) + minutes - 1]
        return ZERO + timedelta(minutes=last + 1)

    def next_day(self, on: date) -> date:
        on += timedelta(days=1)
        while not self.worked[on]:
            on += timedelta(days=1)
        return on

    def cut_off(self, on: date) -> int:
        return self.place["others"].get(on.weekday(), self.place["cut_off"])

    def due(self, start: datetime, mode: Mode, amount: int) -> datetime:
        on, minute = start.date(), start.hour * 60 + start.minute
        match mode:
            case Mode.WORKHOURS:
                return self.walk(start, amount * 60)
            case Mode.WORKDAYS_EOD:
                if not self.worked[on] or minute > self.place["closes"]:
                    on = self.next_day(on)
                for _ in range(amount):
                    on = self.next_day(on)
                return at(on, self.place["closes"])
            case Mode.SAME_DAY:
                return at(on if self.worked[on] and minute <= self.cut_off(on) else self.next_day(on), 20 * 60)
            case Mode.NEXT_DAY_NOON:
                return at(self.next_day(on), 12 * 60)
            case Mode.CALENDAR_DAYS:
                return start + timedelta(days=amount)
            case Mode.CLOCK_HOURS:
                return start + timedelta(hours=amount)
            case Mode.MONTH_DAY:
                month = on.month
                while on.month == month:
                    on += timedelta(days=1)
                on = on.replace(day=amount)
                while not self.worked[on]:
                    on -= timedelta(days=1)
                return at(on, self.place["closes"])

    def warning(self, start: datetime, due: datetime, mode: Mode) -> datetime:
        match mode:
            case Mode.SAME_DAY:
                return at(due.date(), self.cut_off(due.date()) - 60)
            case Mode.CALENDAR_DAYS | Mode.CLOCK_HOURS:
                return start + timedelta(minutes=(self.number(due) - self.number(start)) * 3 // 4)
            case _:
                return self.walk(start, self.between(start, due) * 3 // 4)

    def resumed(self, due: datetime, paused: datetime, resumed: datetime, mode: Mode) -> tuple[datetime, int]:
        if paused >= due:
            return due, 0
        if mode in (Mode.WORKHOURS, Mode.WORKDAYS_EOD, Mode.MONTH_DAY):
            left = self.between(paused, due)
            return self.walk(resumed, left), left
        return resumed + (due - paused), self.number(due) - self.number(paused)


def at(on: date, minute: int) -> datetime:
    return datetime.combine(on, time(minute // 60, minute % 60), SHANGHAI)


def hours_of(place: dict[str, Any]) -> Hours:
    def clock(minute: int) -> time:
        return time(minute // 60, minute % 60)

    others = tuple((weekday, clock(minute)) for weekday, minute in place["others"].items())
    return Hours(clock(place["opens"]), clock(place["closes"]), clock(place["cut_off"]), cut_offs=others)


def minute_class(dice: random.Random, oracle: Oracle, on: date) -> tuple[str, int]:
    """A minute of a day, from every part of it and from its edges, where mistakes live."""
    opens, closes, cut_off = oracle.place["opens"], oracle.place["closes"], oracle.cut_off(on)
    kind = dice.choice(
        ("before", "opening", "inside", "noon", "closing", "after", "cut-off − 1", "cut-off", "cut-off + 1", "edge")
    )
    minute = {
        "before": dice.randrange(opens),
        "opening": opens,
        "inside": dice.randrange(opens + 1, closes),
        "noon": dice.randrange(710, 850),
        "closing": closes,
        "after": dice.randrange(closes + 1, 1440),
        "cut-off − 1": cut_off - 1,
        "cut-off": cut_off,
        "cut-off + 1": cut_off + 1,
        "edge": dice.choice((0, opens - 1, opens + 1, closes - 1, closes + 1, 1439)),
    }[kind]
    return kind, minute


def compare(official_days: list[Day], *, cases: int, seed: int) -> Counter[str]:
    """So many random limits, starts and pauses; returns how often each kind of day and minute came."""
    dice = random.Random(seed)
    worked = {FIRST + timedelta(days=n): (FIRST + timedelta(days=n)).weekday() < 5 for n in range(1461)}
    worked |= {day.on: day.is_workday for day in official_days}
    calendar = WorkCalendar(official_days)
    places = [(Oracle(worked, place), hours_of(place)) for place in (BANK, COUNTY, SHORT)]
    holidays = [day.on for day in official_days if not day.is_workday and day.on.weekday() < 5]
    made_up = [day.on for day in official_days if day.is_workday and day.on.weekday() >= 5]
    last_start = LAST - timedelta(days=150)
    seen: Counter[str] = Counter()
    for _ in range(cases):
        oracle, hours = dice.choice(places)
        mode = dice.choice(list(Mode))
        limit = Limit(mode, 15 if mode is Mode.MONTH_DAY else dice.randint(1, MOST.get(mode, 1)))
        near = dice.choice(("any", "any", "holiday", "make-up"))
        on = FIRST + timedelta(days=dice.randrange((last_start - FIRST).days))
        if near != "any":
            on = dice.choice(holidays if near == "holiday" else made_up) - timedelta(days=dice.randrange(4))
        on = max(on, FIRST)
        kind, minute = minute_class(dice, oracle, on)
        seen.update((near, kind, str(on.year)))
        start = at(on, minute)
        due = oracle.due(start, mode, limit.amount)
        warns = oracle.warning(start, due, mode)
        answer = deadline(start, limit, calendar, hours)
        assert (answer.due_at, answer.warn_at) == (due, warns), (start, limit, hours)
        last_seen = due.date() if mode is not Mode.MONTH_DAY else due.date().replace(day=15)
        assert answer.provisional is (last_seen.year == 2027), (start, limit)
        moment = start
        for _pause in range(dice.choice((0, 0, 1, 2))):
            paused = moment + timedelta(minutes=dice.randrange(5000))
            moment = paused + timedelta(minutes=dice.randrange(12_000))
            seen["pause"] += 1
            expected = oracle.resumed(due, paused, moment, mode)
            assert resume(due, paused, moment, mode, calendar, hours) == expected, (due, paused, moment, mode, hours)
            due = expected[0]
    return seen


CLASSES = {
    "any", "holiday", "make-up", "2024", "2025", "2026", "2027", "pause", "before", "opening", "inside", "noon",
    "closing", "after", "cut-off − 1", "cut-off", "cut-off + 1", "edge",
}  # fmt: skip


def test_twenty_thousand_deadlines_and_pauses_equal_those_of_the_oracle(official_days: list[Day]) -> None:
    seen = compare(official_days, cases=20_000, seed=20261123)
    assert set(seen) == CLASSES
    assert min(seen.values()) > 500


@pytest.mark.long
def test_a_million_deadlines_and_pauses_equal_those_of_the_oracle(official_days: list[Day]) -> None:
    assert set(compare(official_days, cases=1_000_000, seed=1)) == CLASSES

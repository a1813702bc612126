"""The official list of a year's holidays as people have it: read, and held against the rules of such lists.

The State Council publishes only how a year departs from its weeks: free weekdays by the name of their holiday, and
Saturdays and Sundays that are worked in their place.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _

from ops_center.kernel.errors import Malformed
from ops_center.kernel.identity import looks_personal
from ops_center.kernel.worktime import Day

LONGEST_LIST = 400  # lines
LONGEST_PATCH = 360  # days: a change of more lays down a whole year
LONGEST_NAME = 40  # characters
USUAL_WORKDAYS = range(244, 256)  # of a year; a list that leaves another number is probably not whole
_WORKED = frozenset({"1", "true", "work", "working", "workday", "班", "上班", "工作日", "调休", "补班"})
_FREE = frozenset({"0", "false", "free", "off", "holiday", "休", "放假", "休息", "休息日", "节假日", "假"})
_HEADINGS = frozenset({"date", "on", "day", "日期"})


def read_list(text: str) -> list[Day]:
    """The days of a list: lines of date, working or free, name (commas or tabs), or JSON of the same. Malformed with a
    sentence per wrong line under ``days``."""
    rows = list(_json_rows(text) if text.lstrip().startswith(("[", "{")) else _lines(text))
    wrong = [] if rows else [_("The list is empty: a line per day, such as 2027-01-01,free,元旦.")]
    if len(rows) > LONGEST_LIST:
        wrong.append(_("At most %(most)s lines: a list is of one year.") % {"most": LONGEST_LIST})
    days = []
    for number, row in rows[:LONGEST_LIST]:
        try:
            days.append(_day(*row))
        except ValueError as no:
            wrong.append(_("Line %(line)s: %(what)s") % {"line": number, "what": no})
    _refuse(wrong)
    return days


def whole_year(year: int, listed: Iterable[Day]) -> list[Day]:
    """Every day of the year: what the list says, and the plain week where it says nothing."""
    said = {day.on: day for day in listed}
    first, last = date(year, 1, 1), date(year, 12, 31)
    every = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [said.get(on) or Day(on, is_workday=on.weekday() < 5) for on in every]


def require_sound(days: Sequence[Day], *, year: int, is_whole_year: bool) -> None:
    """Malformed, with a sentence per day under ``days``, for days that contradict each other or the week: one of
    another year, the same day twice, a make-up working day within the week, a holiday that the weekend gives anyway."""
    seen: set[date] = set()
    wrong = []
    for day in days:
        on = {"day": day.on.isoformat()}
        if day.on.year != year:
            wrong.append(_("%(day)s is not of %(year)s: a list is of one year.") % {**on, "year": year})
        elif day.on in seen:
            wrong.append(_("%(day)s stands there twice. Keep one of the two.") % on)
        elif day.is_workday and not day.is_weekend and day.name:
            wrong.append(
                _("%(day)s is worked anyway: a make-up working day (%(name)s) is a Saturday or a Sunday.")
                % {**on, "name": day.name}
            )
        elif not day.is_workday and day.is_weekend and not is_whole_year and not day.name:
            wrong.append(_("%(day)s is a weekend and free anyway: it needs no line.") % on)
        seen.add(day.on)
    _refuse(wrong)


def doubts(days: Iterable[Day]) -> str:
    """What speaks against a whole year's list being whole; empty when nothing does."""
    worked = sum(day.is_workday for day in days)
    if worked in USUAL_WORKDAYS:
        return ""
    return _(
        "This list leaves %(days)s working days; a year has %(least)s to %(most)s. "
        "Is it complete, with the make-up days?"
    ) % {"days": worked, "least": USUAL_WORKDAYS[0], "most": USUAL_WORKDAYS[-1]}


# -- reading -----------------------------------------------------------------------------------------------------------
Row = tuple[int, tuple[str, str, str]]


def _lines(text: str) -> Iterable[Row]:
    for number, line in enumerate(text.splitlines(), start=1):
        row = [cell.strip() for cell in _cells(line.replace("，", ",").replace("\t", ","))]
        if not any(row) or row[0].lower() in _HEADINGS:
            continue
        on, worked, name = (*row[:3], "", "", "")[:3]
        yield number, (on, worked, name)


def _cells(line: str) -> list[str]:
    try:
        return next(csv.reader([line]), [])
    except csv.Error:  # longer than a cell can be
        return [line[:LONGEST_NAME]]


def _json_rows(text: str) -> Iterable[Row]:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        raise _refusal([_("This is not JSON: a list of objects with date, working and name.")]) from None
    rows = said.get("days") if isinstance(said, dict) else said
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _refusal([_("This is not JSON: a list of objects with date, working and name.")])
    for number, row in enumerate(rows, start=1):
        yield number, (_first(row, "date", "on"), _first(row, "is_workday", "working"), _first(row, "name"))


def _first(row: dict[str, Any], *names: str) -> str:
    return next((str(row[name]) for name in names if row.get(name) is not None), "")


def _day(on: str, worked: str, name: str) -> Day:
    """ValueError with the sentence when it is none."""
    match = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", on)
    try:
        day = date(*map(int, match.groups())) if match else None
    except ValueError:
        day = None
    if day is None:
        raise ValueError(_("the date is written 2027-01-01."))
    word = worked.lower()
    if word not in _WORKED | _FREE:
        raise ValueError(_("after the date stands working or free (班 or 休)."))
    if not name.isprintable() or looks_personal(name):
        raise ValueError(_("the name is that of a holiday, in letters."))
    if len(name) > LONGEST_NAME:
        raise ValueError(_("the name has at most %(most)s characters.") % {"most": LONGEST_NAME})
    return Day(day, is_workday=word in _WORKED, name=name)


def _refuse(wrong: list[str]) -> None:
    if wrong:
        raise _refusal(wrong)


def _refusal(wrong: list[str]) -> Malformed:
    return Malformed("bad_list", _("The list cannot be taken as it is: see the lines below it."), {"days": wrong})

"""The working calendar and the times of the branches: read from their tables once per process and revision, never from
a library at run time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, time

from django.db import transaction

from ops_center.kernel.worktime import Day, Hours, WorkCalendar
from organization.models import Branch, BranchTimes, CalendarDay
from organization.models.versions import PolicyStatus
from organization.services.revisions import bump, revision

NEXT_YEAR_FROM = (11, 1)  # month, day

_loaded: dict[str, tuple[int, WorkCalendar]] = {}
_opening: dict[str, tuple[int, OpeningTimes]] = {}


def working_calendar() -> WorkCalendar:
    """The bank's calendar as it stands now."""
    current = revision("calendar")
    held = _loaded.get("calendar")
    if held is None or held[0] != current:
        days = [
            Day(on=on, is_workday=is_workday, name=name)
            for on, is_workday, name in CalendarDay.objects.values_list("on", "is_workday", "name")
        ]
        held = _loaded["calendar"] = (current, WorkCalendar(days))
    return held[1]


class OpeningTimes:
    """When the branches are open and close the day's bag, by date: the newest version that holds, else what stands
    with the branch itself."""

    def __init__(self, versions: Iterable[BranchTimes] = ()) -> None:
        self._versions: dict[int, list[BranchTimes]] = defaultdict(list)
        for version in sorted(versions, key=lambda version: version.starts_on, reverse=True):
            self._versions[version.branch_id].append(version)

    def version(self, branch: int, *, on: date) -> BranchTimes | None:
        """The version in force on a day, of the branch with this key."""
        return next((row for row in self._versions.get(branch, ()) if row.starts_on <= on), None)

    def hours(self, branch: Branch, *, on: date) -> Hours:
        return (self.version(branch.pk, on=on) or branch).hours

    def truck(self, branch: Branch, *, on: date) -> time:
        """When the cash truck comes."""
        return (self.version(branch.pk, on=on) or branch).truck_at


def opening_times() -> OpeningTimes:
    """The approved versions as they stand now."""
    current = revision("branch-times")
    held = _opening.get("all")
    if held is None or held[0] != current:
        versions = BranchTimes.objects.filter(status=PolicyStatus.APPROVED)
        held = _opening["all"] = (current, OpeningTimes(versions))
    return held[1]


@transaction.atomic
def install_days(*, days: Iterable[tuple[date, bool, str]], source: str) -> int:
    """Writes official days that are not there yet; days that the bank has changed stay. Returns how many were added."""
    rows = [CalendarDay(on=on, is_workday=is_workday, name=name, source=source) for on, is_workday, name in days]
    before = CalendarDay.objects.count()
    CalendarDay.objects.bulk_create(rows, ignore_conflicts=True)
    added = CalendarDay.objects.count() - before
    if added:
        bump("calendar")
    return added


@transaction.atomic
def change_days(*, days: Iterable[Day], source: str) -> None:
    """Lays days down as they are given, whatever stood there before."""
    rows = [CalendarDay(on=day.on, is_workday=day.is_workday, name=day.name, source=source) for day in days]
    CalendarDay.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["on"], update_fields=["is_workday", "name", "source"]
    )
    bump("calendar")


def calendar_with(days: Iterable[Day]) -> WorkCalendar:
    """The calendar as it would be with these days: nothing is written."""
    standing = CalendarDay.objects.values_list("on", "is_workday", "name")
    laid = {on: Day(on, is_workday=is_workday, name=name) for on, is_workday, name in standing}
    return WorkCalendar((laid | {day.on: day for day in days}).values())


def missing_years(today: date) -> list[int]:
    """The years whose official days should be known by now: this one, and from 1 November the next."""
    needed = [today.year, today.year + 1] if (today.month, today.day) >= NEXT_YEAR_FROM else [today.year]
    return years_without_days(needed)


def years_without_days(years: Iterable[int]) -> list[int]:
    """The years of which no official day is known."""
    known = set(CalendarDay.objects.values_list("on__year", flat=True).distinct())
    return [year for year in years if year not in known]

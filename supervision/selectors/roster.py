"""The roster of the center: who is planned for how long on the next working days, who is away, and what they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from applications.models import Application
from ops_center.clock import local_day
from organization.models import Absence, Employee
from organization.roles import Role
from organization.services.calendar import working_calendar
from supervision.selectors.load import CENTER_ROLES, held_cases
from supervision.selectors.workload import FULL_DAY, planned_minutes

DAYS = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One person: the roles at the center, and the absence on each day that has one."""

    employee: Employee
    roles: str
    away: Mapping[date, Absence]


@dataclass(frozen=True, slots=True)
class Roster:
    """``planned``: minutes by employee number and day, of days that nobody is away on. ``left_behind``: cases held by
    people who are away today."""

    days: Sequence[date]
    rows: Sequence[Row]
    planned: Mapping[tuple[str, date], int]
    absences: Sequence[Absence]
    left_behind: Sequence[Application]


def roster(*, at: datetime) -> Roster:
    """The next five working days, the running one included."""
    today, calendar = local_day(at), working_calendar()
    days = [calendar.same_or_next_workday(today)]
    while len(days) < DAYS:
        days.append(calendar.next_workday(days[-1]))
    staff = list(Employee.objects.filter(is_active=True).holding(*CENTER_ROLES, on=today).with_standing())
    absences = list(
        Absence.objects.filter(employee__in=staff, ends_on__gte=today).select_related("employee").order_by("starts_on")
    )
    rows = [
        Row(
            employee=person,
            roles=" · ".join(str(Role(role).label) for role in CENTER_ROLES if role in person.role_codes(today)),
            away={
                day: row
                for row in absences
                if row.employee_id == person.pk
                for day in days
                if row.starts_on <= day <= row.ends_on
            },
        )
        for person in staff
    ]
    minutes = planned_minutes([person.pk for person in staff], days=days, full=FULL_DAY)
    planned = {
        (row.employee.number, day): int(minutes[row.employee.pk, day])
        for row in rows
        for day in days
        if day not in row.away
    }
    away = [row.employee_id for row in absences if row.starts_on <= today]
    left_behind = held_cases(at=at).filter(claimed_by__in=away).with_people().order_by("due_at", "pk")
    return Roster(days, rows, planned, absences, list(left_behind))

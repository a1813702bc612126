"""A small bank for histories: reference data, an official calendar, a few people of every trade."""

from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path

import chinese_calendar
import pytest
from django.conf import settings

from applications.reference import install_reference_data
from organization.models import Area, Branch, Employee, Qualification, RoleAssignment
from organization.roles import Role
from organization.services.calendar import install_days

CAST = {
    Role.EMP: 3, Role.CM: 3, Role.BH: 1, Role.BAG: 2, Role.CS: 2, Role.RCV: 2, Role.CC: 2, Role.EC: 3, Role.ER: 2,
    Role.TR: 2, Role.AS: 2, Role.SUP: 2,
}  # fmt: skip
HIRED = date(2024, 1, 1)


class Cast(dict[str, list[Employee]]):
    """People by role; ``cast.cm`` is the first customer manager."""

    def __getattr__(self, name: str) -> Employee:
        return self[name.upper()][0]


@pytest.fixture
def bank(db: None) -> Cast:
    install_reference_data()
    install_days(days=official_days(2024, 2026), source="test")
    area = Area.objects.create(code="E", name="城东")
    branch = Branch.objects.create(code="T1", name="测试支行", area=area, has_e_intake=True)
    center = Branch.objects.create(code="T0", name="测试中心", kind=Branch.Kind.CENTER)
    cast, number = Cast(), 100
    for role, count in CAST.items():
        cast[role.value] = []
        for _ in range(count):
            number += 1
            home = branch if role in (Role.EMP, Role.CM, Role.BH, Role.BAG, Role.CS) else center
            person = Employee.objects.create(number=f"T{number}", name=f"员工{number}", branch=home)
            if role != Role.EMP:
                RoleAssignment.objects.create(employee=person, role=role, starts_on=HIRED)
            Qualification.objects.create(employee=person, starts_on=HIRED)
            if role == Role.CS:
                person.areas.add(area)
            cast[role.value].append(person)
    return cast


def official_days(first: int, last: int) -> list[tuple[date, bool, str]]:
    days, day = [], date(first, 1, 1)
    while day <= date(last, 12, 31):
        days.append((day, chinese_calendar.is_workday(day), ""))
        day += timedelta(days=1)
    return days


@pytest.fixture(scope="session")
def old_log() -> Path:
    """The stage table of the BPI Challenge 2012 log, which is not part of the project."""
    beside = settings.BASE_DIR.parent / "shared" / "data" / "stages_bpi2012.csv.gz"
    path = Path(os.environ.get("HISTORY_LOG") or beside)
    if not path.is_file():
        pytest.skip("no stage table: name it in HISTORY_LOG")
    return path

"""Areas, branches and about a hundred people of the demo bank. Adds what is missing, changes nothing that is there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

import chinese_calendar
from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, make_password

from ops_center.desk.demo_people import DEMO_PEOPLE
from ops_center.history.demo.clients import name_number
from organization.models import Area, Branch, Employee, Qualification, RoleAssignment
from organization.roles import Employment, Role
from organization.services.calendar import install_days
from organization.vault import vault

SINCE = date(2025, 1, 1)
QUALIFIED_UNTIL = date(2027, 12, 31)
MAIL_HOST = "jianglan.example"
VENDOR = "岚诚外包"
CALENDAR_SOURCE = "国务院办公厅节假日安排（chinesecalendar）"
FIRST_DAY, LAST_DAY = date(2024, 1, 1), date(2026, 12, 31)

AREAS = {"CD": "城东", "CX": "城西", "XY": "县域"}
# code: name, kind, area
BRANCHES: dict[str, tuple[str, Branch.Kind, str]] = {
    "HQ01": ("分行营业部", Branch.Kind.BRANCH, "CD"),
    "BH01": ("滨河支行", Branch.Kind.BRANCH, "CD"),
    "XF01": ("学府支行", Branch.Kind.BRANCH, "CD"),
    "DG01": ("东港支行", Branch.Kind.BRANCH, "CD"),
    "YX01": ("云栖支行", Branch.Kind.BRANCH, "CX"),
    "HM01": ("鹤鸣路支行", Branch.Kind.BRANCH, "CX"),
    "QH01": ("青禾支行", Branch.Kind.BRANCH, "CX"),
    "SQ01": ("石桥县支行", Branch.Kind.BRANCH, "XY"),
    "CC01": ("信用卡中心", Branch.Kind.CARD_CENTER, ""),
    "OC01": ("岚州集中操作中心", Branch.Kind.CENTER, ""),
    "MG01": ("管理部门", Branch.Kind.OFFICE, ""),
    "HR01": ("人力资源部", Branch.Kind.OFFICE, ""),
    "AU01": ("审计部", Branch.Kind.OFFICE, ""),
    "IT01": ("信息科技部", Branch.Kind.OFFICE, ""),
}
# Path A is switched off at 云栖, images are switched on at 学府. The times of the county branch stand in rules.py.
BRANCH_RULES: dict[str, dict[str, object]] = {
    "YX01": {"has_path_a": False},
    "XF01": {"has_e_intake": True},
}
OUTLETS = tuple(code for code, (_name, kind, _area) in BRANCHES.items() if kind == Branch.Kind.BRANCH)

# How many people of a trade each place has, the named ones included.
PER_OUTLET = {Role.BH: 1, Role.CM: 2, Role.BAG: 2}
PER_PLACE: tuple[tuple[str, Role, int], ...] = (
    ("CC01", Role.CS, 6), ("OC01", Role.RCV, 2), ("OC01", Role.CC, 5), ("OC01", Role.EC, 2), ("OC01", Role.ER, 2),
    ("OC01", Role.TR, 3), ("OC01", Role.AS, 6), ("OC01", Role.SUP, 2), ("MG01", Role.MGT, 2), ("HR01", Role.HR, 1),
    ("AU01", Role.AUD, 1), ("OC01", Role.CPL, 1), ("HR01", Role.VND, 1), ("IT01", Role.ADM, 1),
)  # fmt: skip
OUTSOURCED_CLERKS = 4
PLAIN_EMPLOYEES = 20
RETIREES = 2


@dataclass(frozen=True, slots=True)
class Post:
    """One person of the bank, before there is a row."""

    number: str
    name: str
    place: str
    roles: tuple[Role, ...]
    employment: Employment = Employment.REGULAR


def posts() -> list[Post]:
    """The named people of the demo first, then whoever is missing to fill every trade, numbered on from there."""
    place_of = {name: code for code, (name, _kind, _area) in BRANCHES.items()}
    named = [
        Post(
            person.number, person.name, place_of[person.place], _roles(person.role),
            Employment.OUTSOURCED if person.is_outsourced else Employment.REGULAR,
        )
        for person in DEMO_PEOPLE
    ]  # fmt: skip
    return named + list(_others(named))


def _others(named: list[Post]) -> Iterator[Post]:
    number, serial = 10_021, 0
    wanted = [(code, role, count, Employment.REGULAR) for code in OUTLETS for role, count in PER_OUTLET.items()]
    wanted += [(place, role, count, Employment.REGULAR) for place, role, count in PER_PLACE]
    wanted.append(("OC01", Role.EC, OUTSOURCED_CLERKS, Employment.OUTSOURCED))
    for place, role, count, employment in wanted:
        there = sum(
            post.place == place and post.employment == employment and _roles(role) == post.roles for post in named
        )
        for _ in range(count - there):
            yield Post(f"LZ{number}", name_number(serial), place, _roles(role), employment)
            number, serial = number + 1, serial + 1
    for place_no in range(PLAIN_EMPLOYEES - sum(not post.roles for post in named)):
        yield Post(f"LZ{10_235 + place_no}", name_number(serial), OUTLETS[place_no % len(OUTLETS)], ())
        serial += 1
    for place_no in range(RETIREES):
        yield Post(f"LT{90_001 + place_no}", name_number(serial), "HQ01", (), Employment.RETIREE)
        serial += 1


def _roles(role: Role) -> tuple[Role, ...]:
    """EMP is everybody's second role; a reviewer keys too."""
    return () if role is Role.EMP else (Role.EC, Role.ER) if role is Role.ER else (role,)


@dataclass
class Crew:
    """The people as rows, by trade and place."""

    by_number: dict[str, Employee]
    branches: dict[str, Branch]
    areas: dict[str, Area]
    by_role: dict[Role, list[Employee]] = field(default_factory=dict)
    newcomer: Employee = field(init=False)  # an entry clerk who has keyed nothing but the cases of scenario S10

    def __post_init__(self) -> None:
        for person in self.by_number.values():
            roles = {Role(row.role) for row in person.roles.all()}
            for role in roles or {Role.EMP}:
                self.by_role.setdefault(role, []).append(person)
        self.by_role[Role.EMP] = [
            person for person in self.by_role[Role.EMP] if person.employment == Employment.REGULAR
        ]
        own = [person for person in self.by_role[Role.EC] if person.employment == Employment.REGULAR]
        self.newcomer = [person for person in own if person not in self.by_role[Role.ER]][-1]
        self.by_role[Role.EC].remove(self.newcomer)

    def at(self, place: str, role: Role) -> list[Employee]:
        return [person for person in self.by_role[role] if person.branch.code == place]

    @property
    def retirees(self) -> list[Employee]:
        return [person for person in self.by_number.values() if person.employment == Employment.RETIREE]


def install_bank() -> int:
    """Adds calendar, areas, branches and people that are not there yet; returns how many people were added."""
    install_days(days=_official_days(), source=CALENDAR_SOURCE)
    for code, name in AREAS.items():
        Area.objects.get_or_create(code=code, defaults={"name": name})
    areas = {area.code: area for area in Area.objects.all()}
    for code, (name, kind, area) in BRANCHES.items():
        rules = BRANCH_RULES.get(code, {})
        Branch.objects.get_or_create(code=code, defaults={"name": name, "kind": kind, "area": areas.get(area), **rules})
    return _hire(areas)


def _hire(areas: dict[str, Area]) -> int:
    there = set(Employee.objects.values_list("number", flat=True))
    fresh = [post for post in posts() if post.number not in there]
    if not fresh:
        return 0
    branches = {branch.code: branch for branch in Branch.objects.all()}
    password = make_password(settings.DEMO_PASSWORD)  # once: a slow hash for each of a hundred takes half a minute
    people = Employee.objects.bulk_create(
        Employee(
            number=post.number, name=post.name, branch=branches[post.place], employment=post.employment,
            vendor=VENDOR if post.employment == Employment.OUTSOURCED else "",
            email=f"{post.number.lower()}@{MAIL_HOST}" if post.employment == Employment.REGULAR else "",
            password=f"{UNUSABLE_PASSWORD_PREFIX}retired" if post.employment == Employment.RETIREE else password,
            mobile_index=vault().index("mobile", f"1000009{serial:04d}"),
        )
        for serial, post in enumerate(fresh)
    )  # fmt: skip
    pairs = list(zip(people, fresh, strict=True))
    RoleAssignment.objects.bulk_create(
        RoleAssignment(employee=person, role=role, starts_on=SINCE) for person, post in pairs for role in post.roles
    )
    Qualification.objects.bulk_create(
        Qualification(employee=person, starts_on=SINCE, ends_on=QUALIFIED_UNTIL)
        for person, post in pairs
        if post.employment != Employment.OUTSOURCED
    )
    collectors = [person for person, post in pairs if Role.CS in post.roles]
    for turn, person in enumerate(collectors):
        # The first of them covers all three areas, the others one each.
        person.areas.set(areas.values() if turn == 0 else [list(areas.values())[turn % len(areas)]])
    return len(fresh)


def crew() -> Crew:
    people = Employee.objects.with_standing().prefetch_related("areas").order_by("number")
    return Crew(
        by_number={person.number: person for person in people},
        branches={branch.code: branch for branch in Branch.objects.select_related("area")},
        areas={area.code: area for area in Area.objects.all()},
    )


def _official_days() -> Iterator[tuple[date, bool, str]]:
    for on in chinese_calendar.get_dates(FIRST_DAY, LAST_DAY):
        _is_holiday, name = chinese_calendar.get_holiday_detail(on)
        yield on, chinese_calendar.is_workday(on), HOLIDAYS.get(name or "", "")


HOLIDAYS = {
    "New Year's Day": "元旦", "Spring Festival": "春节", "Tomb-sweeping Day": "清明节", "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节", "Mid-autumn Festival": "中秋节", "National Day": "国庆节",
    "Anti-Fascist 70th Day": "抗战胜利纪念日",
}  # fmt: skip

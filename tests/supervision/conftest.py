"""A small bank for the clocks: the official calendar, the policies, a cast of people, and cases whose clocks run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count
from types import SimpleNamespace

import chinese_calendar
import pytest

from applications.lifecycle import Clock, Outcome, State
from applications.models import Application, CaseClock, Product
from applications.reference import install_reference_data
from applications.services import clocks
from applications.services.clocks import deadline_for, judge, policy_for
from ops_center.clock import local_day
from ops_center.kernel.worktime import SHANGHAI
from organization.models import Area, Branch, Employee, RoleAssignment
from organization.services import calendar
from organization.services.calendar import install_days

_numbers = count(1)


def at(text: str) -> datetime:
    """An instant in Shanghai: ``at("2026-11-24 08:40")``."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@dataclass
class Bank:
    people: SimpleNamespace
    branches: SimpleNamespace

    def case(self, state: str = State.RECEIVED, **facts) -> Application:
        """A case that stands in a state; stamps and people as given."""
        number = next(_numbers)
        facts.setdefault("branch", self.branches.bh01)
        facts.setdefault("taken_in_at", at("2026-11-23 10:00"))
        facts.setdefault("collector", self.people.cs)
        facts.setdefault("priced_on", local_day(facts["taken_in_at"]))
        facts.setdefault("created_at", facts["taken_in_at"])
        facts.setdefault("progressed_at", facts["taken_in_at"])
        if state in (State.ISSUED, State.COLLECTED, State.ACTIVATED):
            for stamp in ("received_at", "checked_at", "entered_at", "filed_at", "issued_at"):
                facts.setdefault(stamp, facts["taken_in_at"])
        if state == State.ACTIVATED:
            facts.setdefault("activated_at", facts["issued_at"])
        return Application.objects.create(
            number=f"T{number:09d}", status_code=f"T{number:07d}", state=state, product=Product.objects.get(code="PK"),
            **facts,
        )  # fmt: skip

    def clock(
        self, kind: str, start: datetime, *, case: Application | None = None, owner: Employee | None = None,
        owned_since: datetime | None = None, **facts,
    ) -> CaseClock:  # fmt: skip
        """A running clock that started then, with the deadline that the bank's policy gives it."""
        case = case or self.case()
        due, policy = deadline_for(kind, start=start), policy_for(kind, on=local_day(start))
        return CaseClock.objects.create(
            application=case, kind=kind, round=facts.pop("round", case.round), policy=policy, started_at=start,
            due_at=due.due_at, warn_at=due.warn_at, owner=owner,
            owned_since=(owned_since or start) if owner else None, explanation=due.as_json(), **facts,
        )  # fmt: skip

    def stop(self, clock: CaseClock, when: datetime, outcome: Outcome | None = None) -> CaseClock:
        """As the engine does it."""
        clock = CaseClock.objects.get(pk=clock.pk)
        clock.outcome = outcome or judge(clock, at=when)
        clock.stopped_at = when
        clock.save()
        return clock


def person(number: str, name: str, branch: Branch, *roles: str, **facts) -> Employee:
    employee = Employee.objects.create(number=number, name=name, branch=branch, **facts)
    for role in roles:
        RoleAssignment.objects.create(employee=employee, role=role, starts_on=date(2025, 1, 1))
    return employee


def found_bank() -> Bank:
    """Founds it in the test's database, and forgets what this process remembers of the banks before."""
    clocks._policies.clear()
    calendar._loaded.clear()
    days = [date(2025, 1, 1) + timedelta(days=n) for n in range(730)]
    install_days(days=[(day, chinese_calendar.is_workday(day), "") for day in days], source="official")
    install_reference_data()
    east = Area.objects.create(code="E", name="城东")
    bh01 = Branch.objects.create(code="BH01", name="滨河支行", area=east)
    yx01 = Branch.objects.create(code="YX01", name="云栖支行", area=east)
    oc01 = Branch.objects.create(code="OC01", name="集中操作中心", kind=Branch.Kind.CENTER)
    mg01 = Branch.objects.create(code="MG01", name="管理部门", kind=Branch.Kind.OFFICE)
    people = SimpleNamespace(
        cm=person("LZ10001", "陈小明", bh01, "CM"),
        bh=person("LZ10002", "赵立新", bh01, "BH"),
        bag=person("LZ10003", "钱玉梅", bh01, "BAG"),
        cs=person("LZ10005", "周启明", oc01, "CS"),
        cc=person("LZ10007", "何秀兰", oc01, "CC"),
        ec=person("LZ10008", "方芳", oc01, "EC"),
        tr=person("LZ10010", "郑维国", oc01, "TR"),
        as_=person("LZ10011", "林小雨", oc01, "AS"),
        sup=person("LZ10012", "冯志强", oc01, "SUP"),
        mgt=person("LZ10013", "曹颖", mg01, "MGT"),
        aud=person("LZ10016", "潘伟", mg01, "AUD"),
        cm2=person("LZ10019", "罗勇", yx01, "CM"),
        bh2=person("LZ10021", "云行长", yx01, "BH"),
        adm=person("LZ10020", "田野", mg01, "ADM"),
    )
    return Bank(people=people, branches=SimpleNamespace(bh01=bh01, yx01=yx01, oc01=oc01, mg01=mg01))


@pytest.fixture
def bank(db) -> Bank:
    return found_bank()


@pytest.fixture
def s5(bank: Bank) -> CaseClock:
    """Scenario S5: signed Tuesday 08:40, ENTRY due Thursday 17:30, claimed by the clerk on Wednesday morning."""
    return bank.clock(Clock.ENTRY, at("2026-11-24 08:40"), owner=bank.people.ec, owned_since=at("2026-11-25 09:00"))

"""The cast, seen from supervision: cases that stand anywhere, clocks that started at any moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import count
from types import SimpleNamespace

import pytest

from applications.lifecycle import Clock, Outcome, State
from applications.models import Application, CaseClock, GroupBatch
from applications.services.clocks import deadline_for, judge, policy_for
from applications.services.groups import open_batch
from ops_center.clock import local_day
from organization.models import Employee
from supervision.selectors.operations import Asked, Figure, Value
from tests.cast import Cast, at, make_bank

_numbers = count(1)


@dataclass
class Bank:
    """The people by their roles, and rows written straight into the tables where the way there does not matter."""

    cast: Cast
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
            number=f"T{number:09d}", status_code=f"T{number:07d}", state=state, product=self.cast.product("PK"),
            **facts,
        )  # fmt: skip

    def group(self, employer: str = "学府中学", *, head_count: int = 60) -> GroupBatch:
        """An open batch of 滨河支行."""
        return open_batch(
            actor=self.people.bh, host=self.people.cm, at=at("2026-11-02 09:00"), employer=employer, level="CITY",
            head_count=head_count, contact_name="梁启文", contact_mobile="10000009102",
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


def found_bank() -> Bank:
    cast = make_bank()
    people = SimpleNamespace(
        emp=cast.li_wenjing, cm=cast.chen_xiaoming, bh=cast.zhao_lixin, bag=cast.qian_yumei, cs=cast.zhou_qiming,
        cc=cast.he_xiulan, ec=cast.fang_fang, tr=cast.zheng_weiguo, as_=cast.lin_xiaoyu, sup=cast.feng_zhiqiang,
        mgt=cast.cao_ying, aud=cast.pan_wei, cm2=cast.luo_yong, adm=cast.tian_ye,
        bh2=cast.hire("云行长", "YX01", "BH"),
    )  # fmt: skip
    branches = SimpleNamespace(**{code.lower(): branch for code, branch in cast.branches.items()})
    return Bank(cast=cast, people=people, branches=branches)


@pytest.fixture
def bank(db) -> Bank:
    return found_bank()


@pytest.fixture
def s5(bank: Bank) -> CaseClock:
    """Scenario S5: signed Tuesday 08:40, ENTRY due Thursday 17:30, claimed by the clerk on Wednesday morning."""
    return bank.clock(Clock.ENTRY, at("2026-11-24 08:40"), owner=bank.people.ec, owned_since=at("2026-11-25 09:00"))


def value_of(figure: Figure, asked: Asked) -> Value:
    """A figure by its definition: the rows below the line, and those above it."""
    return Value(figure.part_set(asked).count(), figure.whole_set(asked).count())

"""Declared outages: a pause for exactly the window, whatever the clocks did inside it, and never twice."""

from __future__ import annotations

from datetime import datetime

import pytest

from applications.lifecycle import Clock, Outcome, State
from applications.models import Application, CaseClock, Outage
from applications.services import problems
from applications.services.outages import plan_outage
from applications.services.recounts import lay_outages
from ops_center.clock import SHANGHAI
from tests.cast import Cast, at

pytestmark = pytest.mark.django_db

SIGNED = at("2026-11-24 08:40")  # S5: ENTRY is due Thursday 26 November 17:30


def declare(bank: Cast, since: str, until: str, *, states: tuple[str, ...] = (), now: str) -> Outage:
    outage = Outage.objects.create(
        since=at(since), until=at(until), reason="核心系统升级失败", states=list(states),
        declared_by=bank.feng_zhiqiang, declared_at=at(now),
    )  # fmt: skip
    lay_outages(at=at(now))
    return outage


def entry_of(case: Application) -> CaseClock:
    return CaseClock.objects.get(application=case, kind=Clock.ENTRY)


def told(when: datetime | None) -> str:
    return f"{when.astimezone(SHANGHAI):%m-%d %H:%M}" if when else "…"


def story(clock: CaseClock) -> list[tuple[str, str, str]]:
    return [(row.pause, told(row.since), told(row.until)) for row in clock.intervals.all()]


def test_a_window_that_is_over_pauses_what_ran_for_exactly_as_long(bank: Cast) -> None:
    case = bank.received(when=SIGNED)
    declare(bank, "2026-11-25 09:00", "2026-11-25 11:30", now="2026-11-25 14:00")
    clock = entry_of(case)
    assert story(clock) == [
        ("", "11-24 08:40", "11-25 09:00"), ("OUTAGE", "11-25 09:00", "11-25 11:30"), ("", "11-25 11:30", "…"),
    ]  # fmt: skip
    assert told(clock.due_at) == "11-27 11:00"  # two and a half hours later, in working time
    assert clock.paused_at is None
    assert bank.again(case).due_at == CaseClock.objects.get(application=case, kind=Clock.CHECK).due_at


def test_laid_twice_it_moves_nothing_more_and_is_done(bank: Cast) -> None:
    case = bank.received(when=SIGNED)
    outage = declare(bank, "2026-11-25 09:00", "2026-11-25 11:30", now="2026-11-25 14:00")
    before = story(entry_of(case)), entry_of(case).due_at
    for minute in ("14:01", "14:02"):
        assert lay_outages(at=at(f"2026-11-25 {minute}")) == {"moved": 0}
    outage.refresh_from_db()
    assert (story(entry_of(case)), entry_of(case).due_at) == before
    assert outage.settled_at == at("2026-11-25 14:01")
    assert outage.moved == 2  # CHECK and ENTRY


def test_closed_time_moves_nothing(bank: Cast) -> None:
    case = bank.received(when=SIGNED)
    declare(bank, "2026-11-24 18:00", "2026-11-25 08:00", now="2026-11-25 09:00")
    clock = entry_of(case)
    assert told(clock.due_at) == "11-26 17:30"
    assert [row.minutes for row in clock.intervals.exclude(pause="")] == [0]


def test_a_window_that_lasts_holds_what_runs_and_lets_it_go_at_its_end(bank: Cast) -> None:
    early = bank.received(when=SIGNED)
    declare(bank, "2026-11-25 10:00", "2026-11-25 12:00", now="2026-11-25 10:30")
    assert told(entry_of(early).paused_at) == "11-25 10:00"
    assert bank.again(early).due_at is None
    late = bank.received(when=at("2026-11-25 11:00"))  # it begins inside the window
    lay_outages(at=at("2026-11-25 11:01"))
    assert told(entry_of(late).paused_at) == "11-25 11:00"
    lay_outages(at=at("2026-11-25 12:07"))  # the pass comes late; the window does not grow by that
    assert told(entry_of(early).due_at) == "11-27 10:30"
    assert told(entry_of(late).due_at) == "11-30 09:30"  # Friday 17:30, and an hour
    assert story(entry_of(late)) == [("OUTAGE", "11-25 11:00", "11-25 12:00"), ("", "11-25 12:00", "…")]
    assert entry_of(early).paused_at is None


def test_who_takes_a_step_in_the_window_does_not_stand_still(bank: Cast) -> None:
    case = bank.received(when=SIGNED)
    declare(bank, "2026-11-25 10:00", "2026-11-25 12:00", states=(State.RECEIVED,), now="2026-11-25 10:30")
    bank.check(case, when=at("2026-11-25 11:00"))
    lay_outages(at=at("2026-11-25 12:01"))
    assert story(entry_of(case)) == [
        ("", "11-24 08:40", "11-25 10:00"), ("OUTAGE", "11-25 10:00", "11-25 11:00"), ("", "11-25 11:00", "…"),
    ]  # fmt: skip
    assert CaseClock.objects.get(application=case, kind=Clock.CHECK).outcome == Outcome.ON_TIME


def test_only_the_states_that_are_named_and_only_as_long_as_a_case_was_in_them(bank: Cast) -> None:
    checked, waiting = bank.received(when=SIGNED), bank.received(when=SIGNED)
    bank.check(checked, when=at("2026-11-25 10:00"))
    declare(bank, "2026-11-25 09:00", "2026-11-25 11:30", states=(State.CHECKED,), now="2026-11-25 14:00")
    assert ("OUTAGE", "11-25 10:00", "11-25 11:30") in story(entry_of(checked))
    assert told(entry_of(waiting).due_at) == "11-26 17:30"


def test_what_waits_for_the_branch_already_is_not_paused_again(bank: Cast) -> None:
    case = bank.received(when=SIGNED)
    problems.raise_problem(
        case=case.pk, actor=bank.zheng_weiguo, at=at("2026-11-25 10:30"), code="C03", party="BRANCH", note="无人接听"
    )
    declare(bank, "2026-11-25 10:00", "2026-11-25 12:00", now="2026-11-25 14:00")
    problems.resolve(case=case.pk, actor=bank.zheng_weiguo, at=at("2026-11-27 09:30"), note="已核实")
    clock = entry_of(case)
    assert [(row.pause, row.minutes) for row in clock.intervals.all()] == [
        ("", 620), ("OUTAGE", 30), ("BRANCH", 1020), ("", None),
    ]  # fmt: skip
    assert told(clock.due_at) == "11-30 17:00"  # S7 would be 16:30: half an hour of the outage came before the problem


@pytest.mark.parametrize(
    ("entered", "outcome"), [("2026-11-27 09:00", Outcome.EXEMPT), ("2026-11-27 10:01", Outcome.LATE_QUEUE)]
)
def test_what_stopped_late_because_of_the_outage_is_exempt(bank: Cast, entered: str, outcome: Outcome) -> None:
    case = bank.received(when=SIGNED)
    bank.check(case, when=at("2026-11-24 11:00"))
    bank.key(bank.again(case), when=at(entered))
    bank.review(case, when=at(entered))
    assert entry_of(case).outcome == Outcome.LATE_QUEUE
    preview = plan_outage(
        since=at("2026-11-26 16:00"), until=at("2026-11-26 18:00"), states=(), at=at("2026-11-27 11:00")
    )
    assert len(preview.exempt) == (outcome == Outcome.EXEMPT)
    assert entry_of(case).outcome == Outcome.LATE_QUEUE  # a preview writes nothing
    declare(bank, "2026-11-26 16:00", "2026-11-26 18:00", now="2026-11-27 11:00")
    assert told(entry_of(case).due_at) == "11-27 10:00"  # an hour and a half of it was open
    assert entry_of(case).outcome == outcome

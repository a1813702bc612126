"""S5, S7, S8 and S9 of the domain through the services, as far as clocks and explanations go."""

from __future__ import annotations

from datetime import timedelta

import pytest

from applications.entry_form import example_of
from applications.lifecycle import Clock, Outcome
from applications.models import Application, CaseClock
from applications.services.entry import submit_entry
from applications.services.problems import raise_problem, resolve, return_case
from organization.models import Message
from supervision.models import Breach
from supervision.services.breaches import find_breaches, warn
from supervision.services.justifications import close_lapsed_windows, decide_justification, justify
from tests.cast import at
from tests.supervision.conftest import Bank

pytestmark = pytest.mark.django_db
SIGNED = at("2026-11-24 08:40")
DUE = at("2026-11-26 17:30")
LATE = at("2026-11-26 17:31")


@pytest.fixture
def checked(bank: Bank) -> Application:
    """The bag is signed Tuesday 08:40; the check is passed the same morning."""
    case = bank.cast.received(when=SIGNED, taken_in=at("2026-11-23 16:00"))
    bank.cast.check(case, when=at("2026-11-24 10:00"))
    return bank.cast.again(case)


def entry(case: Application, *, round_no: int = 1) -> CaseClock:
    return CaseClock.objects.get(application=case, kind=Clock.ENTRY, round=round_no)


def key_late(bank: Bank, case: Application, *, claimed: str) -> None:
    """Claimed at the time given (and again when the lease had run out), keyed in time, reviewed a minute too late."""
    bank.cast.lend(case, to=bank.people.ec, when=at(claimed))
    bank.cast.lend(case, to=bank.people.ec, when=at("2026-11-26 17:10"))
    fields = example_of(bank.cast.again(case), on=DUE.date())
    submit_entry(case=case.pk, actor=bank.people.ec, at=at("2026-11-26 17:20"), fields=fields)
    bank.cast.review(case, when=LATE)


def test_s5_one_breach_however_often_the_scan_runs(bank: Bank, checked: Application) -> None:
    bank.cast.lend(checked, to=bank.people.ec, when=at("2026-11-25 09:00"))
    assert warn(at=at("2026-11-26 10:46")) == 0
    assert warn(at=at("2026-11-26 10:47")) == 1
    key_late(bank, checked, claimed="2026-11-25 09:00")
    found = [find_breaches(at=LATE + timedelta(minutes=n)) for n in range(6)]
    assert found == [1, 0, 0, 0, 0, 0]
    assert Breach.objects.filter(kind=Clock.ENTRY).count() == 1


def test_s7_a_problem_of_the_branch_moves_the_due_time_and_the_breach_with_it(bank: Bank, checked: Application) -> None:
    bank.cast.lend(checked, to=bank.people.ec, when=at("2026-11-25 10:20"))
    raise_problem(
        case=checked.pk, actor=bank.people.ec, at=at("2026-11-25 10:30"), code="C03", party="BRANCH", note="单位电话"
    )
    find_breaches(at=at("2026-11-26 18:00"))  # finds the problem's own clocks
    assert not Breach.objects.filter(kind=Clock.ENTRY).exists()
    resolve(case=checked.pk, actor=bank.people.tr, at=at("2026-11-27 09:30"), note="已核实")
    assert entry(checked).due_at == at("2026-11-30 16:30")
    assert not CaseClock.objects.overdue(at("2026-11-30 16:30")).filter(kind=Clock.ENTRY).exists()
    find_breaches(at=at("2026-11-30 16:31"))
    assert Breach.objects.get(kind=Clock.ENTRY).due_at == at("2026-11-30 16:30")


def test_s8_a_return_in_time_is_no_breach(bank: Bank, checked: Application) -> None:
    bank.cast.lend(checked, to=bank.people.ec, when=at("2026-11-26 14:00"))
    return_case(
        case=checked.pk, actor=bank.people.ec, at=at("2026-11-26 15:00"), codes=["D05"], note="缺收入证明"
    )  # fmt: skip
    assert entry(checked).outcome == Outcome.RETURNED_IN_TIME
    assert find_breaches(at=at("2026-12-01 09:00")) == 0


def test_s9_no_explanation_in_two_working_days_is_late(bank: Bank, checked: Application) -> None:
    key_late(bank, checked, claimed="2026-11-25 09:00")
    find_breaches(at=LATE)
    assert entry(checked).outcome == Outcome.LATE_PENDING
    close_lapsed_windows(at=at("2026-11-30 17:30"))
    assert entry(checked).outcome == Outcome.LATE_PENDING
    close_lapsed_windows(at=at("2026-11-30 17:31"))
    assert entry(checked).outcome == Outcome.LATE


def test_s9_an_accepted_explanation_is_justified(bank: Bank, checked: Application) -> None:
    key_late(bank, checked, claimed="2026-11-25 09:00")
    find_breaches(at=LATE)
    breach = Breach.objects.get(kind=Clock.ENTRY)
    friday = at("2026-11-27 09:00")
    justify(breach_id=breach.pk, actor=bank.people.ec, at=friday, code="SYSTEM_FAILURE", text="录入系统故障")
    decide_justification(breach_id=breach.pk, actor=bank.people.tr, at=friday, accepted=True, note="属实")
    assert entry(checked).outcome == Outcome.LATE_JUSTIFIED


def test_s9_claimed_an_hour_and_a_half_before_due_is_the_queues(bank: Bank, checked: Application) -> None:
    key_late(bank, checked, claimed="2026-11-26 16:00")
    find_breaches(at=LATE)
    assert entry(checked).outcome == Outcome.LATE_QUEUE
    close_lapsed_windows(at=at("2026-12-05 09:00"))
    assert entry(checked).outcome == Outcome.LATE_QUEUE
    assert Breach.objects.get(kind=Clock.ENTRY).settled_at is not None
    assert not Message.objects.filter(employee=bank.people.ec, kind="breach").exists()


def test_a_clock_without_money_may_be_explained_too(bank: Bank) -> None:
    """It moves nobody's pay; the boards and the report show that it was explained."""
    row = bank.clock(Clock.FILE, at("2026-11-24 09:00"), owner=bank.people.tr)
    CaseClock.objects.filter(pk=row.pk).update(policy=None)
    find_breaches(at=at("2026-11-25 17:31"))
    assert bank.stop(row, at("2026-11-25 17:32")).outcome == Outcome.LATE
    breach = Breach.objects.get()
    justify(breach_id=breach.pk, actor=bank.people.tr, at=at("2026-11-26 09:00"), code="OTHER", text="档案柜检修")
    decide_justification(
        breach_id=breach.pk, actor=bank.people.sup, at=at("2026-11-26 10:00"), accepted=True, note=""
    )  # fmt: skip
    assert CaseClock.objects.get(pk=row.pk).outcome == Outcome.LATE_JUSTIFIED

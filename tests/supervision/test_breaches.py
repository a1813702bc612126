"""The sweep over the clocks: S5, rule K10, warnings and escalation once each."""

from __future__ import annotations

from datetime import timedelta

import pytest

from applications.lifecycle import Clock, Outcome, State
from applications.models import CaseClock
from organization.models import Message
from supervision.models import Breach, ClockNotice
from supervision.services.breaches import escalate, find_breaches, warn
from tests.cast import at
from tests.supervision.conftest import Bank

pytestmark = pytest.mark.django_db


def test_a_case_entered_at_the_last_minute_is_on_time(bank: Bank, s5: CaseClock) -> None:
    assert bank.stop(s5, at("2026-11-26 17:29")).outcome == Outcome.ON_TIME
    assert find_breaches(at=at("2026-11-26 17:31")) == 0


def test_exactly_at_the_due_time_nothing_is_late(bank: Bank, s5: CaseClock) -> None:
    assert s5.due_at == at("2026-11-26 17:30")
    assert find_breaches(at=at("2026-11-26 17:30")) == 0


def test_six_scans_find_one_breach(bank: Bank, s5: CaseClock) -> None:
    assert find_breaches(at=at("2026-11-26 17:31")) == 1
    bank.stop(s5, at("2026-11-26 17:31"))
    assert [find_breaches(at=at("2026-11-26 17:32") + timedelta(minutes=n)) for n in range(5)] == [0] * 5
    assert Breach.objects.count() == 1


def test_a_breach_copies_who_and_where_and_knows_its_dates(bank: Bank, s5: CaseClock) -> None:
    find_breaches(at=at("2026-11-26 17:31"))
    breach = Breach.objects.get()
    assert (breach.kind, breach.owner, breach.branch) == (Clock.ENTRY, bank.people.ec, bank.branches.bh01)
    assert breach.file_by == at("2026-11-30 17:30")  # S9: two working days after Thursday
    assert breach.supervisor_at == at("2026-11-27 17:30")
    assert breach.management_at == at("2026-12-01 17:30")


def test_a_breach_after_closing_counts_from_the_next_working_day(bank: Bank) -> None:
    bank.clock(Clock.DISPATCH, at("2026-11-23 16:40"))  # due 20:00
    find_breaches(at=at("2026-11-23 20:01"))
    assert Breach.objects.get().file_by == at("2026-11-26 17:30")


def test_a_clock_that_stopped_late_between_two_scans_is_a_breach(bank: Bank, s5: CaseClock) -> None:
    assert bank.stop(s5, at("2026-11-26 17:31")).outcome == Outcome.LATE_PENDING
    assert find_breaches(at=at("2026-11-26 18:00"), since=at("2026-11-25 18:00")) == 1
    assert find_breaches(at=at("2026-11-26 18:00")) == 0


def test_the_minutes_pass_leaves_old_stopped_clocks_to_the_nights(bank: Bank, s5: CaseClock) -> None:
    bank.stop(s5, at("2026-11-26 17:31"))
    assert find_breaches(at=at("2026-11-28 18:00"), since=at("2026-11-27 18:00")) == 0
    assert find_breaches(at=at("2026-11-28 18:00")) == 1


@pytest.mark.parametrize("outcome", [Outcome.VOID, Outcome.EXEMPT, Outcome.RETURNED_IN_TIME])
def test_what_ended_without_a_fault_is_no_breach(bank: Bank, s5: CaseClock, outcome: Outcome) -> None:
    bank.stop(s5, at("2026-11-26 18:00"), outcome)
    assert find_breaches(at=at("2026-11-27 09:00")) == 0


def test_a_paused_clock_is_nobodys_delay(bank: Bank, s5: CaseClock) -> None:
    CaseClock.objects.update(paused_at=at("2026-11-25 10:30"))
    assert find_breaches(at=at("2026-12-24 09:00")) == 0
    assert warn(at=at("2026-11-26 11:00")) == 0


def test_imported_cases_are_left_alone(bank: Bank) -> None:
    old = bank.case(is_imported=True)
    bank.clock(Clock.ENTRY, at("2026-11-24 08:40"), case=old, owner=bank.people.ec)
    assert warn(at=at("2026-11-26 11:00")) == 0
    assert find_breaches(at=at("2026-11-27 09:00")) == 0


def test_each_run_of_a_clock_has_its_own_breach(bank: Bank) -> None:
    case = bank.case(State.PROBLEM, resume_state=State.RECEIVED)
    first = bank.clock(Clock.PROBLEM_ACT, at("2026-11-24 08:40"), case=case)
    bank.stop(first, at("2026-11-24 17:00"))
    bank.clock(Clock.PROBLEM_ACT, at("2026-11-25 08:40"), case=case, run=2)
    assert find_breaches(at=at("2026-11-25 17:00")) == 2


def test_who_claimed_after_the_due_time_does_not_own_the_breach(bank: Bank) -> None:
    bank.clock(Clock.ENTRY, at("2026-11-24 08:40"), owner=bank.people.ec, owned_since=at("2026-11-26 17:40"))
    find_breaches(at=at("2026-11-26 17:45"))
    assert Breach.objects.get().owner is None


def test_a_breach_too_old_to_be_explained_is_no_news(bank: Bank, s5: CaseClock) -> None:
    assert find_breaches(at=at("2026-12-10 09:00")) == 1
    assert Message.objects.count() == 0


def test_a_case_that_nobody_holds_warns_nobody(bank: Bank) -> None:
    bank.clock(Clock.ENTRY, at("2026-11-24 08:40"))
    assert warn(at=at("2026-11-26 11:00")) == 0
    assert ClockNotice.objects.count() == 0


def test_supervisors_hear_after_one_working_day_and_management_after_three(bank: Bank, s5: CaseClock) -> None:
    find_breaches(at=at("2026-11-26 17:31"))
    steps = {
        "2026-11-27 17:29": (0, 0), "2026-11-27 17:30": (1, 0), "2026-11-27 17:31": (0, 0), "2026-12-01 17:29": (0, 0),
        "2026-12-01 17:30": (0, 1), "2026-12-01 17:31": (0, 0),
    }  # fmt: skip
    for when, (supervisor, management) in steps.items():
        assert escalate(at=at(when)) == {"supervisor": supervisor, "management": management}, when


def test_what_has_been_done_meanwhile_is_not_escalated(bank: Bank, s5: CaseClock) -> None:
    find_breaches(at=at("2026-11-26 17:31"))
    bank.stop(s5, at("2026-11-27 09:00"))
    assert escalate(at=at("2026-12-05 09:00")) == {"supervisor": 0, "management": 0}


def test_a_scan_after_three_hours_of_silence_raises_everything_once_with_the_true_time(bank: Bank) -> None:
    dues = [bank.clock(Clock.REF_ACCEPT, at(f"2026-11-24 08:{n:02d}")).due_at for n in range(30, 40)]
    assert find_breaches(at=at("2026-11-24 16:00")) == 10
    assert find_breaches(at=at("2026-11-24 16:01")) == 0
    assert sorted(Breach.objects.values_list("due_at", flat=True)) == sorted(dues)

"""What goes out at an hour of the day goes out once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from applications.lifecycle import State
from applications.models import ContactLog
from organization.messages import words_of
from organization.models import Message
from supervision.services.daily import alarm_missing_calendar, list_undispatched, remind_of_calls, remind_of_cut_off
from tests.cast import at
from tests.supervision.conftest import Bank

pytestmark = pytest.mark.django_db


def told(kind: str) -> dict[str, str]:
    rows = Message.objects.filter(kind=kind).select_related("employee")
    return {row.employee.number: words_of(row.kind, row.facts) for row in rows}


def test_after_eight_the_files_still_at_the_branch_are_listed_once(bank: Bank) -> None:
    cases = [bank.case(State.TAKEN_IN), bank.case(State.TAKEN_IN), bank.case(State.BAGGED)]
    bank.case(State.TAKEN_IN, branch=bank.branches.yx01)
    bank.case(State.IN_TRANSIT)
    assert list_undispatched(at=at("2026-11-23 19:59")) == 0
    assert [list_undispatched(at=at("2026-11-23 20:00") + timedelta(minutes=n)) for n in range(3)] == [4, 0, 0]
    messages = told("undispatched")
    assert set(messages) == {bank.people.bh.number, bank.people.bh2.number, bank.people.tr.number}
    assert all(case.number in messages[bank.people.bh.number] for case in cases)
    assert list_undispatched(at=at("2026-11-24 20:00")) == 4


def test_the_paper_counts_where_it_lies(bank: Bank) -> None:
    bank.case(State.TAKEN_IN, host_branch=bank.branches.yx01, host_confirmed_at=at("2026-11-23 11:00"))
    list_undispatched(at=at("2026-11-23 20:00"))
    assert set(told("undispatched")) == {bank.people.bh2.number, bank.people.tr.number}


def test_no_list_on_a_free_day(bank: Bank) -> None:
    bank.case(State.TAKEN_IN)
    assert list_undispatched(at=at("2026-11-22 20:30")) == 0  # a Sunday


def test_the_cut_off_is_announced_an_hour_and_twenty_minutes_before(bank: Bank) -> None:
    bank.case(State.TAKEN_IN)
    assert remind_of_cut_off(at=at("2026-11-23 16:29")) == 0
    assert [remind_of_cut_off(at=at(f"2026-11-23 {time}")) for time in ("16:30", "16:31", "17:09")] == [1, 0, 0]
    assert [remind_of_cut_off(at=at(f"2026-11-23 {time}")) for time in ("17:10", "17:29", "17:30")] == [1, 0, 0]
    assert {bank.people.cm.number, bank.people.bag.number, bank.people.bh.number} <= set(told("cut_off_soon"))
    assert Message.objects.filter(employee=bank.people.bag, kind="cut_off_soon").count() == 2


def test_an_agreed_call_is_announced_half_an_hour_before(bank: Bank) -> None:
    case = bank.case(State.ISSUED)
    ContactLog.objects.create(
        application=case, channel="PHONE", result="PROMISED", promised_at=at("2026-11-25 15:00"),
        by=bank.people.as_, at=at("2026-11-24 10:00"),
    )  # fmt: skip
    assert remind_of_calls(at=at("2026-11-25 14:29")) == 0
    assert [remind_of_calls(at=at("2026-11-25 14:30") + timedelta(minutes=n)) for n in range(3)] == [1, 0, 0]
    assert case.number in told("call_agreed")[bank.people.as_.number]


def test_a_call_that_was_made_meanwhile_is_not_announced(bank: Bank) -> None:
    case = bank.case(State.ISSUED)
    for result, when in (("PROMISED", "2026-11-24 10:00"), ("REACHED", "2026-11-25 14:00")):
        ContactLog.objects.create(
            application=case, channel="PHONE", result=result, by=bank.people.as_, at=at(when),
            promised_at=at("2026-11-25 15:00") if result == "PROMISED" else None,
        )  # fmt: skip
    assert remind_of_calls(at=at("2026-11-25 14:40")) == 0


def test_from_november_on_a_missing_calendar_is_an_alarm_once_a_week(bank: Bank) -> None:
    assert alarm_missing_calendar(at=at("2026-10-31 12:00")) == 0
    assert alarm_missing_calendar(at=at("2026-11-01 12:00")) == 1  # a Sunday: it waits for the morning
    assert alarm_missing_calendar(at=at("2026-11-02 03:00")) == 1
    assert not told("calendar_missing")
    assert [alarm_missing_calendar(at=at(f"2026-11-{day:02d} 12:00")) for day in (2, 3, 9)] == [1, 1, 1]
    assert Message.objects.filter(employee=bank.people.mgt, kind="calendar_missing").count() == 2  # two weeks
    assert set(told("calendar_missing")) >= {bank.people.mgt.number, bank.people.adm.number}
    assert "2027" in told("calendar_missing")[bank.people.adm.number]


def test_a_running_year_without_days_is_an_alarm_at_any_time(bank: Bank) -> None:
    assert alarm_missing_calendar(at=at("2026-03-02 12:00")) == 0
    assert alarm_missing_calendar(at=at("2027-03-02 12:00")) == 1

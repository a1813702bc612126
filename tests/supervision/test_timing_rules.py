"""New limits of clocks and new times of branches: ahead of the work, by two people, and each case by its day (S13)."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from applications.lifecycle import Clock
from applications.models import CaseClock, ClockPolicy
from applications.services.clocks import deadline_for, policy_for
from ops_center.kernel.errors import Malformed, NotAllowed, Refused
from ops_center.kernel.worktime import Mode, deadline
from organization.models import Branch, BranchTimes
from organization.services.calendar import opening_times, working_calendar
from supervision.selectors.policies import moves_of
from supervision.services.daily import remind_of_cut_off
from supervision.services.policies import (
    Terms,
    approve_branch_times,
    approve_clock_policy,
    discard_clock_policy,
    draft_branch_times,
    draft_clock_policy,
)  # fmt: skip
from tests.cast import at
from tests.supervision.conftest import Bank

pytestmark = pytest.mark.django_db
NOW = at("2026-11-20 10:00")
DECEMBER = date(2026, 12, 1)
THREE_DAYS = Terms(
    mode=Mode.WORKDAYS_EOD, amount=3, warn_percent=75, warn_at_day=None, pauses_for=["CUSTOMER", "OUTAGE"],
    owner_role="",
)  # fmt: skip


def draft(bank: Bank, terms: Terms = THREE_DAYS, **facts: Any) -> ClockPolicy:
    facts = {"kind": "ENTRY", "starts_on": DECEMBER, "note": "高峰", "actor": bank.people.mgt, "at": NOW} | facts
    return draft_clock_policy(terms=terms, **facts)


def put_in_force(bank: Bank, terms: Terms = THREE_DAYS, **facts: Any) -> ClockPolicy:
    row = draft(bank, terms, **facts)
    return approve_clock_policy(policy=row.pk, actor=bank.cast.deng_hai, at=NOW)


def draft_times(bank: Bank, **facts: Any) -> BranchTimes:
    facts = {
        "branch": bank.branches.sq01, "opens_at": time(8, 30), "closes_at": time(17, 30), "cut_off": time(16),
        "truck_at": time(16, 30), "cut_offs": {5: time(11)}, "starts_on": DECEMBER, "note": "县域线路",
        "actor": bank.people.mgt, "at": NOW,
    } | facts  # fmt: skip
    return draft_branch_times(**facts)


# -- S13 ---------------------------------------------------------------------------------------------------------------
def test_s13_a_case_taken_in_before_the_change_keeps_the_old_limit(bank: Bank) -> None:
    """Taken in on 30 November and received in December: two working days; taken in on 1 December: three."""
    new = put_in_force(bank)
    old = policy_for(Clock.ENTRY, on=date(2026, 11, 30))
    before = bank.cast.received(taken_in=at("2026-11-30 10:00"), when=at("2026-12-01 09:00"))
    after = bank.cast.received(taken_in=at("2026-12-01 10:00"), when=at("2026-12-02 09:00"))
    entry = {clock.application_id: clock for clock in CaseClock.objects.filter(kind=Clock.ENTRY)}
    assert (entry[before.pk].policy, entry[before.pk].due_at) == (old, at("2026-12-03 17:30"))
    assert (entry[after.pk].policy, entry[after.pk].due_at) == (new, at("2026-12-07 17:30"))


def test_s13_every_round_of_a_case_keeps_the_limit_of_its_first_day(bank: Bank) -> None:
    put_in_force(bank)
    case = bank.cast.received(taken_in=at("2026-11-30 10:00"), when=at("2026-11-30 10:30"))
    bank.cast.check(case, when=at("2026-12-01 11:00"))
    bank.cast.key(bank.cast.again(case), when=at("2026-12-01 12:00"))
    assert CaseClock.objects.get(application=case, kind=Clock.ENTRY).due_at == at("2026-12-02 17:30")


def test_the_question_for_a_deadline_answers_by_the_version_of_the_day(bank: Bank) -> None:
    put_in_force(bank)
    assert deadline_for(Clock.ENTRY, start=at("2026-11-30 09:00")).due_at == at("2026-12-02 17:30")
    assert deadline_for(Clock.ENTRY, start=at("2026-12-01 09:00")).due_at == at("2026-12-04 17:30")


def test_a_policy_names_who_answers_and_what_stops_the_clock(bank: Bank) -> None:
    put_in_force(bank, replace(THREE_DAYS, owner_role="SUP"))
    case = bank.cast.received(taken_in=at("2026-12-01 10:00"), when=at("2026-12-01 10:00"))
    clock = CaseClock.objects.get(application=case, kind=Clock.ENTRY)
    assert (clock.owner_role, clock.policy.pauses_for) == ("SUP", ["CUSTOMER", "OUTAGE"])


# -- times of branches -------------------------------------------------------------------------------------------------
def test_a_branch_runs_by_its_times_from_their_day_on_with_cut_offs_by_weekday(bank: Bank) -> None:
    county = bank.branches.sq01
    row = draft_times(bank)
    assert deadline_for(Clock.DISPATCH, start=at("2026-12-01 16:30"), branch=county).due_at == at("2026-12-01 20:00")
    approve_branch_times(times=row.pk, actor=bank.cast.deng_hai, at=NOW)

    def due(start: str) -> str:
        found = deadline_for(Clock.DISPATCH, start=at(start), branch=county)
        return f"{found.due_at.astimezone(NOW.tzinfo):%m-%d %H:%M}, {found.warn_at.astimezone(NOW.tzinfo):%m-%d %H:%M}"

    assert due("2026-11-30 16:30") == "11-30 20:00, 11-30 16:30"  # the day before: the cut-off is 17:30
    assert due("2026-12-01 16:00") == "12-01 20:00, 12-01 15:00"
    assert due("2026-12-01 16:01") == "12-02 20:00, 12-02 15:00"
    other = deadline_for(Clock.DISPATCH, start=at("2026-12-01 16:30"), branch=bank.branches.bh01)
    assert other.due_at == at("2026-12-01 20:00")
    make_up = date(2026, 10, 10)  # a Saturday that is worked
    assert opening_times().hours(county, on=DECEMBER).cut_off_on(make_up) == time(11)
    assert opening_times().truck(county, on=DECEMBER) == time(16, 30)


def test_the_reminder_of_the_cut_off_follows_the_times(bank: Bank) -> None:
    row = draft_times(bank, branch=bank.branches.bh01, cut_offs={1: time(12)})
    approve_branch_times(times=row.pk, actor=bank.cast.deng_hai, at=NOW)
    bank.case("TAKEN_IN", taken_in_at=at("2026-12-01 09:00"))
    assert remind_of_cut_off(at=at("2026-12-01 10:59")) == 0
    assert remind_of_cut_off(at=at("2026-12-01 11:00")) == 1  # Tuesday, 12:00


def test_a_case_at_the_branch_runs_by_the_times_of_its_intake(bank: Bank) -> None:
    row = draft_times(bank, branch=bank.branches.bh01)
    approve_branch_times(times=row.pk, actor=bank.cast.deng_hai, at=NOW)
    dues = []
    for start in ("2026-11-30 16:30", "2026-12-01 16:30"):
        case = bank.cast.complete(bank.cast.draft(when=at(start)), when=at(start))
        dues.append(CaseClock.objects.get(application=case, kind=Clock.DISPATCH).due_at)
    assert dues == [at("2026-11-30 20:00"), at("2026-12-02 20:00")]


# -- by two people, ahead, and within limits ---------------------------------------------------------------------------
def test_a_second_of_the_management_approves(bank: Bank) -> None:
    row = draft(bank)
    assert policy_for(Clock.ENTRY, on=DECEMBER).amount == 2
    with pytest.raises(Refused) as no:
        approve_clock_policy(policy=row.pk, actor=bank.people.mgt, at=NOW)
    assert no.value.code == "own_draft"
    with pytest.raises(NotAllowed):
        approve_clock_policy(policy=row.pk, actor=bank.people.sup, at=NOW)
    with pytest.raises(NotAllowed):
        draft(bank, actor=bank.people.tr)
    approve_clock_policy(policy=row.pk, actor=bank.cast.deng_hai, at=NOW)
    assert policy_for(Clock.ENTRY, on=DECEMBER).amount == 3
    with pytest.raises(Refused) as no:
        discard_clock_policy(policy=row.pk, actor=bank.people.mgt, at=NOW)
    assert no.value.code == "already_decided"


def test_a_version_starts_ahead_and_is_approved_ahead(bank: Bank) -> None:
    for day in (NOW.date(), date(2020, 1, 1), date(2099, 1, 1)):
        with pytest.raises(Malformed) as no:
            draft(bank, starts_on=day)
        assert list(no.value.errors) == ["starts_on"]
    row = draft(bank)
    with pytest.raises(Refused) as no:
        approve_clock_policy(policy=row.pk, actor=bank.cast.deng_hai, at=at("2026-12-01 08:00"))
    assert no.value.code == "day_passed"


def test_two_versions_of_one_clock_do_not_start_on_one_day(bank: Bank) -> None:
    rows = [draft(bank), draft(bank, replace(THREE_DAYS, amount=4))]
    approve_clock_policy(policy=rows[0].pk, actor=bank.cast.deng_hai, at=NOW)
    with pytest.raises(Refused) as no:
        approve_clock_policy(policy=rows[1].pk, actor=bank.cast.deng_hai, at=NOW)
    assert no.value.code == "day_taken"
    put_in_force(bank, kind="CHECK")


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": 31}, "amount"),
        ({"mode": Mode.NEXT_DAY_NOON}, "amount"),
        ({"mode": Mode.SAME_DAY, "amount": 0}, "mode"),
        ({"warn_percent": 5}, "warn_percent"),
        ({"warn_at_day": 1}, "warn_at_day"),
        ({"mode": Mode.CALENDAR_DAYS, "amount": 3, "warn_at_day": 3}, "warn_at_day"),
        ({"pauses_for": ["LUNCH"]}, "pauses_for"),
        ({"owner_role": "ADM"}, "owner_role"),
    ],
)
def test_what_no_limit_can_be_is_refused_by_its_field(bank: Bank, facts: dict[str, Any], field: str) -> None:
    with pytest.raises(Malformed) as no:
        draft(bank, replace(THREE_DAYS, **facts))
    assert list(no.value.errors) == [field]


def test_what_a_regulation_lays_down_may_be_shorter_never_longer(bank: Bank) -> None:
    days = replace(THREE_DAYS, mode=Mode.CALENDAR_DAYS)
    draft(bank, replace(days, amount=10), kind="COMPLAINT_CLOSE")
    with pytest.raises(Malformed):
        draft(bank, replace(days, amount=16), kind="COMPLAINT_CLOSE")
    with pytest.raises(Malformed):
        draft(bank, replace(THREE_DAYS, amount=15), kind="COMPLAINT_CLOSE")


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"note": " "}, "note"),
        ({"note": "长" * 301}, "note"),
        ({"kind": "LUNCH"}, "kind"),
        ({"variant": "NOBODY"}, "kind"),
    ],
)
def test_a_draft_says_what_and_why(bank: Bank, facts: dict[str, Any], field: str) -> None:
    with pytest.raises(Malformed) as no:
        draft(bank, **facts)
    assert list(no.value.errors) == [field]


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"opens_at": time(18)}, "closes_at"),
        ({"closes_at": time(21)}, "closes_at"),
        ({"cut_off": time(8)}, "cut_off"),
        ({"cut_off": time(17)}, "cut_off"),
        ({"cut_offs": {5: time(7)}}, "cut_offs"),
        ({"cut_offs": {7: time(10)}}, "cut_offs"),
        ({"truck_at": time(20, 1)}, "truck_at"),
        ({"cut_off": time(15, 59, 59)}, "cut_off"),
        ({"cut_offs": {5: time(12, 0, 0, 1)}}, "cut_offs"),
    ],
)
def test_times_follow_each_other_through_the_day(bank: Bank, facts: dict[str, Any], field: str) -> None:
    with pytest.raises(Malformed) as no:
        draft_times(bank, **facts)
    assert field in no.value.errors
    assert not BranchTimes.objects.exists()


def test_a_department_has_no_truck(bank: Bank) -> None:
    with pytest.raises(Malformed):
        draft_times(bank, branch=Branch.objects.get(code="OC01"))


def test_the_tables_keep_what_two_people_have_approved(bank: Bank) -> None:
    approved, own, times = put_in_force(bank), draft(bank, kind="CHECK"), draft_times(bank)
    approve_branch_times(times=times.pk, actor=bank.cast.deng_hai, at=NOW)
    limits, places = "UPDATE applications_clockpolicy SET {} ", "UPDATE organization_branchtimes SET {} "
    at_once = "status = 'APPROVED', approved_by_id = {}, approved_at = drafted_at".format
    refused = [
        (limits.format("amount = 9"), approved),
        (limits.format("pauses_for = '[]'"), approved),
        (limits.format("status = 'DRAFT'"), approved),
        (limits.format("starts_on = '2026-12-24'"), own),
        (limits.format(at_once("drafted_by_id")), own),
        (limits.format(at_once(bank.cast.deng_hai.pk) + ", starts_on = '2026-11-20'"), own),
        (places.format("cut_off = '12:00'"), times),
        (places.format("status = 'DISCARDED'"), times),
        ("DELETE FROM applications_clockpolicy ", approved),
        ("DELETE FROM organization_branchtimes ", times),
    ]
    for statement, row in refused:
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement + "WHERE id = %s", [row.pk])
    with pytest.raises(DatabaseError), transaction.atomic():
        ClockPolicy.objects.create(
            kind="ENTRY", starts_on=date(2026, 12, 24), mode="WORKDAYS_EOD", amount=9, status="APPROVED",
            drafted_by=bank.people.mgt, approved_by=bank.cast.deng_hai, drafted_at=NOW, approved_at=NOW,
        )  # fmt: skip


# -- the preview -------------------------------------------------------------------------------------------------------
def test_a_preview_measures_what_runs_now_by_the_draft_and_moves_nothing(bank: Bank) -> None:
    dice, starts = random.Random(13), at("2026-11-09 08:00")
    clocks = [bank.clock(Clock.ENTRY, starts + timedelta(minutes=dice.randrange(11 * 24 * 60))) for _ in range(40)]
    bank.clock(Clock.CHECK, starts)
    stopped = bank.clock(Clock.ENTRY, starts)
    bank.stop(stopped, starts + timedelta(hours=2))
    row = draft(bank, replace(THREE_DAYS, amount=1))
    moves = moves_of(row, at=NOW)
    anew = {clock.pk: deadline(clock.started_at, row.limit, working_calendar()).due_at for clock in clocks}
    assert {one.run.pk: one.due_at for one in moves.moved} == anew
    assert moves.measured == len(clocks)
    late = {clock.pk for clock in clocks if anew[clock.pk] < NOW <= clock.due_at}
    assert {one.run.pk for one in moves.overdue} == late
    assert late
    approve_clock_policy(policy=row.pk, actor=bank.cast.deng_hai, at=NOW)
    assert {clock.pk: clock.due_at for clock in clocks} == dict(
        CaseClock.objects.filter(pk__in=anew).values_list("pk", "due_at")
    )


def test_a_preview_says_what_would_be_overdue_no_more_of_what_runs(bank: Bank) -> None:
    """Due on Tuesday and late by Friday; with six days due on Monday. What stands still is not overdue now either."""
    started = at("2026-11-13 09:00")
    running, paused = (bank.clock(Clock.ENTRY, started) for _n in range(2))
    CaseClock.objects.filter(pk=paused.pk).update(paused_at=at("2026-11-16 09:00"))
    moves = moves_of(draft(bank, replace(THREE_DAYS, amount=6)), at=NOW)
    assert [one.run.pk for one in moves.relieved] == [running.pk]
    assert len(moves.moved) == 2


def test_a_preview_of_times_looks_at_the_dispatch_of_that_branch(bank: Bank) -> None:
    here = bank.clock(Clock.DISPATCH, at("2026-11-20 16:30"), case=bank.case("TAKEN_IN", branch=bank.branches.sq01))
    bank.clock(Clock.DISPATCH, at("2026-11-20 16:30"), case=bank.case("TAKEN_IN"))
    moves = moves_of(draft_times(bank), at=at("2026-11-20 16:40"))
    assert [(one.run.pk, one.due_at) for one in moves.moved] == [(here.pk, at("2026-11-23 20:00"))]

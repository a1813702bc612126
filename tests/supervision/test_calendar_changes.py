"""Changes of the working calendar: by two people, and the open clocks follow (rule K8)."""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta
from itertools import pairwise

import pytest
from django.db import DatabaseError, connection, transaction

from applications.lifecycle import Clock, Outcome, PauseReason, State
from applications.models import Application, CaseClock
from applications.services.clocks import Ticking
from applications.services.intervals import open_intervals
from applications.services.remeasure import remeasure
from ops_center.kernel.errors import Malformed, NotAllowed, Refused
from ops_center.kernel.worktime import Day
from organization.models import AuditRecord, Branch, CalendarChange, CalendarDay, Message
from organization.services.calendar import working_calendar
from supervision.holidays import read_list, whole_year
from supervision.models import Breach, Standing
from supervision.selectors.calendar import moves_of
from supervision.services.breaches import find_breaches
from supervision.services.calendar import (
    approve_change,
    count_once_more,
    discard_change,
    draft_change,
)  # fmt: skip
from supervision.services.justifications import justify
from tests.cast import at
from tests.supervision.conftest import Bank

pytestmark = pytest.mark.django_db
NOW = at("2026-11-25 10:00")
FRIDAY, SATURDAY, SUNDAY = date(2026, 11, 27), date(2026, 11, 28), date(2026, 11, 29)


def free(on: date, name: str = "停业") -> Day:
    return Day(on, is_workday=False, name=name)


def worked(on: date, name: str = "补班") -> Day:
    return Day(on, is_workday=True, name=name)


def draft(bank: Bank, *days: Day, when: datetime = NOW, **facts) -> CalendarChange:
    facts = {"year": 2026, "is_whole_year": False, "source": "管理部门通知", "actor": bank.people.mgt} | facts
    return draft_change(days=days, at=when, **facts)


def change(bank: Bank, *days: Day, when: datetime = NOW, **facts) -> CalendarChange:
    drafted = draft(bank, *days, when=when, **facts)
    return approve_change(change=drafted.pk, actor=bank.cast.deng_hai, at=when)


def again(clock: CaseClock) -> CaseClock:
    return CaseClock.objects.select_related("application", "policy").get(pk=clock.pk)


# -- what moves --------------------------------------------------------------------------------------------------------
def test_a_day_that_becomes_free_moves_what_runs_over_it_and_nothing_else(bank: Bank) -> None:
    over = bank.clock(Clock.ENTRY, at("2026-11-25 09:00"))  # due Friday 17:30
    before = bank.clock(Clock.CHECK, at("2026-11-25 09:00"))  # due Thursday
    stopped = bank.stop(bank.clock(Clock.ENTRY, at("2026-11-25 09:10")), at("2026-11-25 09:50"))
    drafted = draft(bank, free(FRIDAY))
    foreseen = moves_of(drafted, at=NOW)
    assert (foreseen.cases, [one.run.pk for one in foreseen.moved]) == (1, [over.pk])
    approved = approve_change(change=drafted.pk, actor=bank.cast.deng_hai, at=NOW)
    assert (approved.status, approved.moved) == ("APPROVED", 1)
    moved = again(over)
    assert moved.due_at == at("2026-11-30 17:30")
    assert moved.warn_at > over.warn_at
    assert {day["on"]: day["why"] for day in moved.explanation["days"]}["2026-11-27"] == "holiday"
    assert (again(before).due_at, again(stopped).due_at) == (before.due_at, stopped.due_at)
    assert not working_calendar().is_workday(FRIDAY)


def test_the_case_follows_its_earliest_clock(bank: Bank) -> None:
    clock = bank.clock(Clock.ENTRY, at("2026-11-25 09:00"))
    later = bank.clock(Clock.ISSUE, at("2026-11-25 09:00"), case=clock.application)
    Application.objects.filter(pk=clock.application_id).update(due_at=clock.due_at, due_clock="ENTRY")
    change(bank, free(FRIDAY))
    case = bank.cast.again(clock.application)
    assert (case.due_at, case.due_clock) == (at("2026-11-30 17:30"), "ENTRY")
    assert case.warn_at == min(again(clock).warn_at, again(later).warn_at)


def test_a_file_that_another_branch_has_follows_the_cut_off_of_that_branch(bank: Bank) -> None:
    """Handed over (T06) the file has to catch the bag of the branch that has it: at four that one was closed."""
    home, host = bank.branches.bh01, bank.branches.yx01
    Branch.objects.filter(pk=host.pk).update(cut_off=time(15, 20))
    start, on_the_day, the_day_after = at("2026-11-26 16:00"), at("2026-11-26 20:00"), at("2026-11-27 20:00")
    for handed, due in ((start - timedelta(hours=1), the_day_after), (start + timedelta(minutes=5), on_the_day),
                        (None, on_the_day)):  # fmt: skip
        case = bank.case(State.TAKEN_IN, branch=home, host_branch=host, host_confirmed_at=handed)
        clock = bank.clock(Clock.DISPATCH, start, case=case)
        remeasure(CaseClock.objects.filter(pk=clock.pk), calendar=working_calendar(), at=start)
        assert again(clock).due_at == due


def test_an_activated_case_shows_no_deadline_though_its_reward_clock_moves(bank: Bank) -> None:
    clock = bank.clock(Clock.REGISTER, at("2026-11-26 09:00"), case=bank.case(State.ACTIVATED))
    change(bank, free(FRIDAY))
    assert again(clock).due_at == at("2026-11-30 17:30")
    assert bank.cast.again(clock.application).due_at is None


def test_the_days_before_the_fifteenth_are_looked_at_beyond_the_deadline(bank: Bank) -> None:
    clock = bank.clock(Clock.PAY, at("2026-10-27 16:00"))
    assert clock.due_at == at("2026-11-13 17:30")  # the 15th is a Sunday
    change(bank, worked(date(2026, 11, 14)), when=at("2026-11-05 10:00"))
    assert again(clock).due_at == at("2026-11-14 17:30")


def test_what_becomes_late_by_a_correction_is_exempt_until_the_old_date(bank: Bank) -> None:
    """Sunday 20 September is worked; nobody had told the calendar."""
    change(bank, free(date(2026, 9, 20), name="通知更正"), when=at("2026-09-01 09:00"))
    clocks = [bank.clock(Clock.ENTRY, at("2026-09-18 10:00"), owner=bank.people.ec) for _ in range(2)]
    assert {clock.due_at for clock in clocks} == {at("2026-09-22 17:30")}
    when = at("2026-09-22 09:00")
    approved = change(bank, worked(date(2026, 9, 20)), when=when, reason="漏录中秋节调休")
    assert approved.moved == 2
    assert {again(clock).due_at for clock in clocks} == {at("2026-09-21 17:30")}
    assert find_breaches(at=when) == 2
    in_time = bank.stop(clocks[0], at("2026-09-22 17:30"))
    assert in_time.outcome == Outcome.EXEMPT
    assert Breach.objects.get(clock=in_time).standing(at("2026-09-22 17:30")) == Standing.LIFTED
    assert bank.stop(clocks[1], at("2026-09-22 17:31")).outcome == Outcome.LATE_PENDING


def test_a_breach_of_a_running_clock_is_lifted_and_comes_again_when_the_new_date_is_missed(bank: Bank) -> None:
    clock = bank.clock(Clock.ENTRY, at("2026-11-23 09:00"), owner=bank.people.ec)  # due Wednesday 17:30
    late = at("2026-11-26 09:00")
    assert find_breaches(at=late) == 1
    change(bank, free(date(2026, 11, 25)), when=late, reason="大雪停业")
    breach = Breach.objects.get(clock=clock)
    assert breach.standing(late) == Standing.LIFTED
    assert bank.stop(clock, at("2026-11-26 17:00")).outcome == Outcome.ON_TIME


def test_who_stopped_late_and_is_not_judged_yet_is_exempt_and_what_is_settled_stays(bank: Bank) -> None:
    late = at("2026-11-26 09:00")
    pending, settled = (
        bank.stop(bank.clock(Clock.ENTRY, at("2026-11-23 09:00"), owner=bank.people.ec), late) for _ in range(2)
    )
    find_breaches(at=late)
    Breach.objects.filter(clock=settled).update(settled_at=late)
    CaseClock.objects.filter(pk=settled.pk).update(outcome=Outcome.LATE)
    change(bank, free(date(2026, 11, 25)), when=late, reason="大雪停业")
    assert (again(pending).outcome, again(pending).due_at) == (Outcome.EXEMPT, pending.due_at)
    assert again(settled).outcome == Outcome.LATE
    with pytest.raises(Refused) as no:
        justify(breach_id=pending.breach.pk, actor=bank.people.ec, at=late, code="OTHER", text="雪")
    assert no.value.code == "lifted"


def test_the_window_for_an_explanation_moves_and_never_gets_shorter(bank: Bank) -> None:
    bank.clock(Clock.ENTRY, at("2026-11-23 09:00"), owner=bank.people.ec)  # due Wednesday 25th
    late = at("2026-11-26 09:00")
    find_breaches(at=late)
    assert Breach.objects.get().file_by == at("2026-11-27 17:30")
    change(bank, free(FRIDAY), when=late)
    assert Breach.objects.get().file_by == at("2026-11-30 17:30")
    change(bank, worked(SATURDAY), when=late)
    assert Breach.objects.get().file_by == at("2026-11-30 17:30")


def test_a_step_that_was_under_way_is_computed_again(bank: Bank) -> None:
    """Its clock was counted by the days that it had read before the approval, and committed after it."""
    stale = bank.clock(Clock.ENTRY, NOW - timedelta(seconds=1))
    open_intervals([stale], at=stale.started_at)
    change(bank, free(FRIDAY))
    CaseClock.objects.filter(pk=stale.pk).update(due_at=stale.due_at)
    assert count_once_more(at=NOW + timedelta(minutes=1)) == 1
    assert again(stale).due_at == at("2026-11-30 17:30")
    assert count_once_more(at=NOW + timedelta(minutes=2)) == 0


# -- the recount is the same as starting anew --------------------------------------------------------------------------
KINDS = (
    Clock.ENTRY, Clock.CHECK, Clock.REF_ACCEPT, Clock.DISPATCH, Clock.TRANSIT, Clock.ISSUE, Clock.COACH, Clock.PAY,
    Clock.PROBLEM_CLOSE,
)  # fmt: skip
STORIES = 60


def tell(bank: Bank, kind: str, start: datetime, stops: list[datetime]) -> CaseClock:
    """A clock that starts, and is paused and resumed in turn at these instants."""
    case = bank.case(event_count=1, taken_in_at=start)
    Ticking(case, at=start).start(kind)
    for number, moment in enumerate(stops):
        ticking = Ticking(case, at=moment)
        if number % 2:
            ticking.resume()
        else:
            ticking.pause(reason=PauseReason.BRANCH)
    return CaseClock.objects.get(application=case)


def told(clock: CaseClock) -> tuple[object, ...]:
    clock = again(clock)
    rows = clock.intervals.values_list("since", "until", "pause", "minutes", "minutes_left", "due_before")
    return clock.kind, clock.started_at, clock.due_at, clock.warn_at, clock.paused_at, clock.explanation, list(rows)


def test_sixty_clocks_computed_again_equal_those_started_anew(bank: Bank) -> None:
    dice = random.Random(20261125)
    stories, first = [], at("2026-09-14 00:00")
    for _ in range(STORIES):
        start = first + timedelta(minutes=dice.randrange(60 * 24 * 60))
        steps = [timedelta(minutes=dice.randrange(1, 6 * 24 * 60)) for _ in range(dice.choice((0, 0, 1, 2, 3, 4)))]
        moments = [start]
        for step in steps:
            moments.append(moments[-1] + step)
        stories.append((dice.choice(KINDS), start, moments[1:]))
    assert all(before <= after for _kind, _start, stops in stories for before, after in pairwise(stops))
    clocks = [tell(bank, *story) for story in stories]
    turned = [
        worked(day, "补班") if dice.random() < 0.5 and day.weekday() >= 5 else free(day)
        for day in (date(2026, 9, 14) + timedelta(days=n) for n in range(75))
        if dice.random() < 0.3
    ]
    change(bank, *turned, when=at("2026-12-10 09:00"), reason="检验")
    anew = [tell(bank, *story) for story in stories]
    assert [told(clock) for clock in clocks] == [told(clock) for clock in anew]


# -- by two people, and nothing that contradicts itself ----------------------------------------------------------------
def test_only_the_management_changes_days_and_a_second_of_them_approves(bank: Bank) -> None:
    with pytest.raises(NotAllowed):
        draft(bank, free(FRIDAY), actor=bank.people.sup)
    drafted = draft(bank, free(FRIDAY))
    with pytest.raises(Refused) as no:
        approve_change(change=drafted.pk, actor=bank.people.mgt, at=NOW)
    assert no.value.code == "own_draft"
    with pytest.raises(NotAllowed):
        approve_change(change=drafted.pk, actor=bank.people.sup, at=NOW)
    assert working_calendar().is_workday(FRIDAY)
    approve_change(change=drafted.pk, actor=bank.cast.deng_hai, at=NOW)
    with pytest.raises(Refused) as no:
        approve_change(change=drafted.pk, actor=bank.cast.deng_hai, at=NOW)
    assert no.value.code == "already_decided"
    assert Message.objects.filter(kind="calendar_changed", employee=bank.people.sup).count() == 1
    assert AuditRecord.objects.filter(action="approve_calendar", subject="2026").count() == 1


def test_a_discarded_draft_changes_nothing_and_lets_another_in(bank: Bank) -> None:
    drafted = draft(bank, free(FRIDAY))
    with pytest.raises(Refused) as no:
        draft(bank, worked(SATURDAY))
    assert no.value.code == "draft_waits"
    discard_change(change=drafted.pk, actor=bank.people.mgt, at=NOW)
    assert working_calendar().is_workday(FRIDAY)
    change(bank, worked(SATURDAY))
    assert working_calendar().is_workday(SATURDAY)


@pytest.mark.parametrize(
    ("days", "word"),
    [
        ([worked(FRIDAY, "调休")], "2026-11-27 本来就上班"),
        ([free(SATURDAY, "")], "2026-11-28 是周末，本来就休息"),
        ([free(FRIDAY), worked(SATURDAY), free(FRIDAY)], "2026-11-27 出现两次"),
        ([free(FRIDAY), free(date(2027, 1, 1))], "2027-01-01 不属于 2026 年"),
    ],
)
def test_days_that_contradict_each_other_or_the_week_are_named(bank: Bank, days: list[Day], word: str) -> None:
    with pytest.raises(Malformed) as no:
        draft(bank, *days)
    assert word in " ".join(map(str, no.value.errors["days"]))
    assert not CalendarChange.objects.exists()


def test_what_stands_already_is_no_change(bank: Bank) -> None:
    holiday = CalendarDay.objects.get(on=date(2026, 10, 1))
    with pytest.raises(Malformed) as no:
        draft(bank, free(holiday.on, holiday.name), reason="更正")
    assert no.value.code == "no_change"


def test_days_that_have_begun_need_a_reason(bank: Bank) -> None:
    with pytest.raises(Malformed) as no:
        draft(bank, free(date(2026, 11, 25)))
    assert list(no.value.errors) == ["reason"]
    assert draft(bank, free(date(2026, 11, 25)), reason="大雪停业").reason == "大雪停业"


def test_a_day_that_began_while_the_draft_waited_needs_a_reason_too(bank: Bank) -> None:
    drafted = draft(bank, free(FRIDAY))
    with pytest.raises(Refused) as no:
        approve_change(change=drafted.pk, actor=bank.cast.deng_hai, at=at("2026-11-27 08:00"))
    assert no.value.code == "needs_reason"


LIST_2027 = "date,working,name\n2027-01-01,free,元旦\n2027-02-05，休，春节\n2027-02-06\tfree\t春节\n2027/2/20,班,补班\n"


def test_a_years_list_fills_the_whole_year_and_ends_what_was_provisional(bank: Bank) -> None:
    clock = bank.clock(Clock.ENTRY, at("2026-12-31 09:00"))
    assert clock.due_at == at("2027-01-04 17:30")
    assert clock.explanation["provisional"]
    change(bank, *read_list(LIST_2027), year=2027, is_whole_year=True)
    assert CalendarDay.objects.filter(on__year=2027).count() == 365
    assert working_calendar().is_workday(date(2027, 2, 20))
    moved = again(clock)
    assert (moved.due_at, moved.explanation["provisional"]) == (at("2027-01-05 17:30"), False)


def test_a_list_is_read_as_people_have_it() -> None:
    days = read_list(LIST_2027)
    assert [(day.on.isoformat(), day.is_workday, day.name) for day in days] == [
        ("2027-01-01", False, "元旦"), ("2027-02-05", False, "春节"), ("2027-02-06", False, "春节"),
        ("2027-02-20", True, "补班"),
    ]  # fmt: skip
    spelled = '[{"date": "2027-01-01", "is_workday": false, "name": "元旦"}, {"on": "2027-02-20", "working": true}]'
    assert [(day.on.day, day.is_workday, day.name) for day in read_list(spelled)] == [
        (1, False, "元旦"),
        (20, True, ""),
    ]
    assert sum(day.is_workday for day in whole_year(2027, days)) == 260
    assert read_list(LIST_2027.replace("\n", "\r")) == read_list(LIST_2027.replace("\n", "\r\n")) == days


@pytest.mark.parametrize(
    "text",
    [
        "", "2027-02-30,free", "2027-01-01,maybe", "tomorrow,free", "[1]", "{", "[" * 9999,
        "2027-01-01,free,\0元旦", "2027-01-01,free,问13800138000", "2027-01-01,free," + "元" * 200_000,
        '[{"on": "2027-01-01", "working": "free", "name": "\\u0000"}]',
        '[{"on": "2027-01-01", "working": "free", "name": "\\ud800"}]',
    ],
)  # fmt: skip
def test_what_is_no_list_is_refused_with_the_line(text: str) -> None:
    with pytest.raises(Malformed) as no:
        read_list(text)
    assert no.value.errors["days"]


def test_the_table_keeps_what_two_people_have_approved(bank: Bank) -> None:
    approved = change(bank, free(FRIDAY))
    own = draft(bank, free(date(2026, 12, 1)))
    update = "UPDATE organization_calendarchange SET {} WHERE id = %s"
    refused = [
        (update.format("days = '[]'"), approved),
        (update.format("status = 'DRAFT'"), approved),
        (update.format("days = '[]'"), own),
        (update.format("status = 'APPROVED', approved_by_id = drafted_by_id, approved_at = now()"), own),
        ("DELETE FROM organization_calendarchange WHERE id = %s", own),
    ]
    for statement, row in refused:
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, [row.pk])

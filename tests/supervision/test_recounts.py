"""A change of the calendar or an outage that concerns many clocks: it holds at once, and is reckoned in portions."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.test import Client

from applications.lifecycle import Clock, Outcome, PauseReason
from applications.models import Application, CaseClock, Outage, Recount, StaleClock
from applications.services import recounts
from applications.services.clocks import Ticking
from ops_center.kernel.worktime import Day
from organization.models import AuditRecord, CalendarChange, Message
from supervision.models import Breach, ClockNotice, Standing
from supervision.services.breaches import escalate, find_breaches, warn
from supervision.services.calendar import approve_change, count_once_more, draft_change
from supervision.services.justifications import close_lapsed_windows
from supervision.services.outages import declare_outage, end_outage
from supervision.services.recounts import go_on
from tests.cast import at
from tests.supervision.conftest import Bank, found_bank
from tests.supervision.test_schedule import at_once

NOW = at("2026-11-26 09:00")  # Thursday
WEDNESDAY, FRIDAY = date(2026, 11, 25), date(2026, 11, 27)
KINDS = (Clock.ENTRY, Clock.CHECK, Clock.REF_ACCEPT, Clock.DISPATCH, Clock.ISSUE, Clock.COACH, Clock.PROBLEM_CLOSE)
LARGE = 5  # what counts as one portion here


def run_of(bank: Bank, kind: str, start: datetime, *turns: datetime) -> CaseClock:
    """A clock that started then, and has been paused and resumed in turn at these instants."""
    case = bank.case(event_count=1, taken_in_at=start)
    Ticking(case, at=start).start(kind, owner=bank.people.ec)
    for turn, moment in enumerate(turns):
        pause_or_resume(case.pk, turn, moment)
    return CaseClock.objects.get(application=case)


@contextmanager
def stepping(case: int, moment: datetime) -> Iterator[Ticking]:
    """As a step does it: the clocks of a locked case, whose earliest deadline is written at the end."""
    with transaction.atomic():
        ticking = Ticking(Application.objects.select_for_update().get(pk=case), at=moment)
        yield ticking
        ticking.settle()
        ticking.case.save(update_fields=["due_at", "warn_at", "due_clock"])


def pause_or_resume(case: int, turn: int, moment: datetime) -> None:
    with stepping(case, moment) as ticking:
        if turn % 2:
            ticking.resume()
        else:
            ticking.pause(reason=PauseReason.BRANCH)


def stop(clock: CaseClock, moment: datetime, outcome: Outcome | None = None) -> None:
    with stepping(clock.application_id, moment) as ticking:
        ticking.resume()
        ticking.stop(clock.kind, outcome=outcome)


def some_clocks(bank: Bank, dice: random.Random, many: int) -> list[CaseClock]:
    """Running, paused, resumed, and stopped late without a verdict yet."""
    clocks = []
    for number in range(many):
        start = at("2026-11-23 08:30") + timedelta(minutes=dice.randrange(60 * 48))
        turns = sorted(start + timedelta(minutes=dice.randrange(1, 900)) for _ in range(dice.choice((0, 0, 1, 2))))
        clocks.append(run_of(bank, dice.choice(KINDS), start, *[turn for turn in turns if turn < NOW]))
        if number % 5 == 0:
            stop(clocks[-1], NOW - timedelta(minutes=5))
    find_breaches(at=NOW)
    return clocks


def told(clocks: list[CaseClock]) -> list[object]:
    found = []
    for clock in CaseClock.objects.filter(pk__in=[row.pk for row in clocks]).order_by("pk"):
        rows = clock.intervals.exclude(since=F("until")).values_list(  # what has no length says nothing
            "since", "until", "pause", "minutes", "minutes_left", "due_before"
        )
        case = clock.application
        found.append((
            clock.kind, clock.due_at, clock.warn_at, clock.paused_at, clock.outcome, clock.exempt_until,
            clock.explanation, list(rows), case.due_at, case.warn_at, case.due_clock,
        ))  # fmt: skip
    return found


def change(bank: Bank, *days: Day, when: datetime = NOW) -> CalendarChange:
    drafted = draft_change(
        year=2026,
        days=days,
        is_whole_year=False,
        source="管理部门通知",
        reason="大雪停业",
        actor=bank.people.mgt,
        at=when,
    )
    return approve_change(change=drafted.pk, actor=bank.cast.deng_hai, at=when)


def free(on: date) -> Day:
    return Day(on, is_workday=False, name="停业")


def in_one_pass(act: Callable[[], object], clocks: list[CaseClock]) -> list[object]:
    """What the clocks would be if all had been reckoned with the change; it has not happened."""
    with transaction.atomic():
        act()
        found = told(clocks)
        transaction.set_rollback(True)
    return found


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From now on a few clocks are many."""
    return lambda: monkeypatch.setattr(recounts, "PORTION", LARGE)


# -- the same as one pass ----------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_a_large_change_holds_at_once_and_its_portions_equal_the_single_pass(
    bank: Bank, large: Callable[[], None]
) -> None:
    clocks = some_clocks(bank, random.Random(4), 40)
    days = free(WEDNESDAY), free(FRIDAY)
    expected, before = in_one_pass(lambda: change(bank, *days), clocks), told(clocks)
    assert expected != before
    large()
    approved = change(bank, *days)
    assert (approved.status, approved.moved) == ("APPROVED", None)
    assert bank.clock(Clock.CHECK, NOW).due_at == at("2026-11-30 17:30")  # by the days of now
    assert told(clocks) == before
    recount = approved.recount
    assert (recount.done, recount.finished_at, recount.total) == (0, None, StaleClock.objects.count())
    assert not Message.objects.filter(kind="calendar_changed").exists()
    go_on(at=NOW + timedelta(seconds=30))
    assert told(clocks) == expected
    recount = Recount.objects.get()
    assert (recount.done, recount.finished_at) == (recount.total, NOW + timedelta(seconds=30))
    assert recount.moved == sum(was[1] != now[1] for was, now in zip(before, expected, strict=True))
    assert recount.exempt == sum(now[4] == Outcome.EXEMPT for now in expected) > 0
    assert not StaleClock.objects.exists()
    [news] = Message.objects.filter(kind="calendar_changed", employee=bank.people.sup)
    assert (news.facts["days"], news.facts["moved"]) == (2, recount.moved)
    assert AuditRecord.objects.get(action="recount_clocks").facts["clocks"] == recount.total
    assert go_on(at=NOW + timedelta(minutes=1)) == {"moved": 0}
    assert Message.objects.filter(kind="calendar_changed", employee=bank.people.sup).count() == 1


@pytest.mark.django_db
def test_what_people_do_meanwhile_comes_to_the_same(bank: Bank, large: Callable[[], None]) -> None:
    """Clocks are stopped, paused and resumed between the approval and their portion."""
    clocks = some_clocks(bank, random.Random(11), 25)
    still_open = [clock for clock in clocks if CaseClock.objects.get(pk=clock.pk).stopped_at is None]

    def work() -> None:
        for number, clock in enumerate(still_open):
            minute = NOW + timedelta(minutes=1 + number)
            if number % 3 == 0:
                stop(clock, minute)
            elif number % 3 == 1:
                is_paused = CaseClock.objects.get(pk=clock.pk).paused_at is not None
                pause_or_resume(clock.application_id, int(is_paused), minute)

    def approve_and_work() -> None:
        change(bank, free(WEDNESDAY))
        work()

    expected = in_one_pass(approve_and_work, clocks)
    large()
    change(bank, free(WEDNESDAY))
    work()
    go_on(at=NOW + timedelta(hours=1))
    assert told(clocks) == expected


@pytest.mark.django_db
@pytest.mark.parametrize("until", ["2026-11-25 17:00", "2026-11-26 12:00"])
def test_an_outage_over_many_clocks_comes_to_the_same(bank: Bank, large: Callable[[], None], until: str) -> None:
    """One that is over, and one that lasts: it holds what runs, and lets it go at its end; a clerk works meanwhile."""
    clocks = some_clocks(bank, random.Random(23), 30)
    running = CaseClock.objects.filter(pk__in=[clock.pk for clock in clocks], stopped_at=None, paused_at=None).first()

    def declare() -> Outage:
        return declare_outage(since=at("2026-11-25 10:00"), until=at(until), reason="核心系统停机",
                              actor=bank.people.sup, at=NOW)  # fmt: skip

    def all_of_it() -> None:
        declare()
        stop(running, NOW + timedelta(minutes=1))
        for minute in (2, 200, 201):
            recounts.lay_outages(at=NOW + timedelta(minutes=minute))
            go_on(at=NOW + timedelta(minutes=minute))

    expected, before = in_one_pass(all_of_it, clocks), told(clocks)
    large()
    with transaction.atomic():
        outage = declare()
        assert told(clocks) == before
        assert outage.recount.total > LARGE
        transaction.set_rollback(True)
    all_of_it()
    assert told(clocks) == expected
    outage = Outage.objects.get()
    assert outage.settled_at is not None
    assert (outage.recount.done, outage.moved) == (outage.recount.total, outage.recount.moved)
    assert Message.objects.filter(kind="outage_declared", employee=bank.people.mgt).count() == 1


# -- nobody is judged by what is not reckoned --------------------------------------------------------------------------
@pytest.mark.django_db
def test_no_sweep_judges_a_clock_that_waits_for_its_portion(bank: Bank, large: Callable[[], None]) -> None:
    many = [bank.clock(Clock.ENTRY, at("2026-11-24 09:00"), owner=bank.people.ec) for _ in range(LARGE)]  # Thursday
    due_today = many[0].due_at
    excused = bank.stop(bank.clock(Clock.ENTRY, at("2026-11-23 09:00"), owner=bank.people.ec), NOW)
    late = bank.clock(Clock.ENTRY, at("2026-11-20 09:00"), owner=bank.people.ec)  # Tuesday, whatever Wednesday is
    find_breaches(at=NOW)
    large()
    change(bank, free(WEDNESDAY))
    for moment in (due_today + timedelta(minutes=1), at("2026-12-04 09:00")):
        warn(at=moment)
        assert find_breaches(at=moment) == 0
        escalate(at=moment)
        close_lapsed_windows(at=moment)
    assert not ClockNotice.objects.filter(clock__in=many).exists()
    assert CaseClock.objects.get(pk=excused.pk).outcome == Outcome.LATE_PENDING
    go_on(at=due_today + timedelta(minutes=1))
    assert find_breaches(at=due_today + timedelta(minutes=1)) == 0  # due on Friday by now
    assert CaseClock.objects.get(pk=excused.pk).outcome == Outcome.EXEMPT
    assert Breach.objects.get(clock=excused).standing(NOW) == Standing.LIFTED
    escalate(at=due_today + timedelta(minutes=1))
    assert set(ClockNotice.objects.values_list("clock", flat=True)) == {late.pk}


@pytest.mark.django_db
def test_who_stops_a_clock_before_its_portion_is_judged_by_the_dates_of_now(
    bank: Bank, large: Callable[[], None]
) -> None:
    clocks = [run_of(bank, Clock.ENTRY, at("2026-11-23 09:00")) for _ in range(LARGE + 1)]  # due Wednesday 17:30
    large()
    change(bank, free(WEDNESDAY))
    stop(clocks[0], NOW + timedelta(minutes=1))
    stop(clocks[1], at("2026-11-26 17:31"))
    stop(clocks[2], NOW, Outcome.RETURNED_LATE)
    assert CaseClock.objects.get(pk=clocks[0].pk).outcome == Outcome.LATE_PENDING
    go_on(at=at("2026-11-26 17:32"))
    outcomes = [CaseClock.objects.get(pk=clock.pk).outcome for clock in clocks[:3]]
    assert outcomes == [Outcome.ON_TIME, Outcome.LATE_PENDING, Outcome.RETURNED_IN_TIME]


@pytest.mark.django_db
def test_a_step_under_way_joins_the_recount_that_goes_on(bank: Bank, large: Callable[[], None]) -> None:
    for _ in range(LARGE + 1):
        run_of(bank, Clock.ENTRY, NOW - timedelta(hours=1))
    large()
    approved = change(bank, free(FRIDAY))
    stale = run_of(bank, Clock.ENTRY, NOW - timedelta(seconds=1))
    CaseClock.objects.filter(pk=stale.pk).update(due_at=at("2026-11-30 17:30"))  # by the days that it had read
    count_once_more(at=NOW + timedelta(minutes=5))
    assert Recount.objects.get(pk=approved.recount.pk).total == LARGE + 2
    go_on(at=NOW + timedelta(minutes=6))
    assert CaseClock.objects.get(pk=stale.pk).due_at == at("2026-12-01 17:30")


# -- dying, and two at once --------------------------------------------------------------------------------------------
def going_process() -> int:
    """A child that reckons on a connection of its own; its key."""
    child = os.fork()
    if child == 0:
        connection.connection = None  # the parent's; it is closed by nobody but the parent
        try:
            go_on(at=NOW + timedelta(minutes=1))
        finally:
            os._exit(0)
    return child


@pytest.mark.django_db(transaction=True)
def test_killed_in_the_middle_and_taken_up_by_three_at_once_every_clock_is_reckoned_once(
    large: Callable[[], None],
) -> None:
    bank = found_bank()
    clocks = some_clocks(bank, random.Random(90), 90)
    days = free(WEDNESDAY), free(FRIDAY)
    expected = in_one_pass(lambda: change(bank, *days), clocks)
    large()
    total = change(bank, *days).recount.total
    assert total > 6 * LARGE
    dice = random.Random(7)
    for _kill in range(3):
        done = Recount.objects.get().done
        child = going_process()
        while (now := Recount.objects.get().done) == done:
            time.sleep(0.001)
        time.sleep(dice.random() * 0.01)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert now % LARGE == 0
    left = StaleClock.objects.count()
    assert 0 < left == total - Recount.objects.get().done
    at_once(lambda: go_on(at=NOW + timedelta(minutes=2)))
    recount = Recount.objects.get()
    assert (recount.done, recount.total, StaleClock.objects.count()) == (total, total, 0)
    assert told(clocks) == expected
    go_on(at=NOW + timedelta(minutes=3))
    assert Message.objects.filter(kind="calendar_changed", employee=bank.people.sup).count() == 1


@pytest.mark.django_db
def test_control_two_that_take_the_same_portion_are_refused_by_the_table(bank: Bank, large: Callable[[], None]) -> None:
    """Without the lock a second worker counts what the first has counted: the row of the recount says no."""
    for _ in range(LARGE + 1):
        run_of(bank, Clock.ENTRY, NOW)
    large()
    recount = change(bank, free(FRIDAY)).recount.pk
    seen = recounts.take(recount)
    StaleClock.objects.exclude(pk__in=[row.pk for row in seen]).delete()
    Recount.objects.filter(pk=recount).update(total=LARGE)
    recounts.count_portion(recount, at=NOW)
    StaleClock.objects.bulk_create(seen)
    with pytest.raises(IntegrityError, match="recount_finished_iff_all_done"), transaction.atomic():
        recounts.count_portion(recount, at=NOW)


# -- on the page and in the API ----------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_the_pages_and_the_api_say_how_far_it_is(bank: Bank, client: Client, large: Callable[[], None]) -> None:
    for _ in range(2 * LARGE + 2):
        run_of(bank, Clock.ENTRY, at("2026-11-25 08:30"))
    large()
    client.force_login(bank.people.mgt)
    morning = at("2026-11-25 09:00")
    drafted = draft_change(
        year=2026, days=[free(FRIDAY)], is_whole_year=False, source="通知", actor=bank.cast.deng_hai, at=morning
    )
    answer = client.post(f"/calendar/changes/{drafted.pk}/approve/")
    assert answer["Location"] == f"/calendar/changes/{drafted.pk}/"
    assert "已重算 0 / 12" in client.get(answer["Location"]).content.decode()
    recounts.count_portion(Recount.objects.get().pk, at=NOW)
    assert "已重算 5 / 12" in client.get(answer["Location"]).content.decode()
    assert "已重算 5 / 12" in client.get("/boards/overdue/").content.decode()
    [row] = client.get("/api/v1/calendar/changes/").json()["results"]
    assert (row["moved"], row["recount"]["done"], row["recount"]["total"]) == (None, 5, 12)
    go_on(at=NOW)
    assert "正在重算" not in client.get("/boards/overdue/").content.decode()
    [row] = client.get("/api/v1/calendar/changes/").json()["results"]
    assert (row["recount"]["moved"], row["recount"]["finished_at"]) == (12, "2026-11-26T09:00:00+08:00")


@pytest.mark.django_db
def test_an_outage_that_is_laid_portion_by_portion_says_so_and_can_be_ended(
    bank: Bank, client: Client, large: Callable[[], None]
) -> None:
    clocks = [run_of(bank, Clock.ENTRY, at("2026-11-25 08:30")) for _ in range(LARGE + 3)]
    large()
    outage = declare_outage(since=at("2026-11-26 08:30"), until=at("2026-11-26 17:00"), reason="停机",
                            actor=bank.people.sup, at=NOW)  # fmt: skip
    client.force_login(bank.people.sup)
    assert "已重算 0 / 8" in client.get("/outages/").content.decode()
    end_outage(outage=outage.pk, actor=bank.people.sup, at=NOW + timedelta(minutes=30))
    go_on(at=NOW + timedelta(minutes=31))
    recounts.lay_outages(at=NOW + timedelta(minutes=32))
    due = set(CaseClock.objects.filter(pk__in=[clock.pk for clock in clocks]).values_list("due_at", "paused_at"))
    assert len(due) == 1

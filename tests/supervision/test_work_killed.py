"""What a worker or a request was in the middle of when it was killed: nothing is lost, nothing stands twice."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction

from applications.lifecycle import Clock, State, Step
from applications.models import Application, Event
from organization.models import Channel, Delivery, Employee, Message, NewsPreference
from organization.services.inbox import tell
from supervision.models import DayFigure, DayTimes, PeriodTimes, ReportRun, TouchedDay, Urge
from supervision.periods import Month
from supervision.selectors.funnel import funnel_board
from supervision.services import figures
from supervision.services.acts import reassign_each, urge_each
from supervision.services.digests import write_digests
from supervision.services.figures import count_touched_days
from supervision.services.report_files import ask_report, file_of, write_waiting
from tests.cast import at
from tests.supervision.conftest import found_bank
from tests.supervision.test_schedule import at_once

pytestmark = pytest.mark.django_db(transaction=True)
NOW = at("2026-11-25 10:00")
A_FEW, MANY = range(2), [pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 40)]
seeds = pytest.mark.parametrize("seed", [*A_FEW, *MANY])


def kill_in(act: Callable[[], object], *, once: Callable[[], bool], dice: random.Random) -> None:
    """Starts it in a process of its own and kills that soon after this holds, unless it has come to its end before."""
    child = os.fork()
    if child == 0:
        connection.connection = None  # the parent's; it is closed by nobody but the parent
        try:
            act()
        finally:
            os._exit(0)
    while not once() and not os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        time.sleep(0.001)
    time.sleep(dice.random() * 0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def if_nobody_dies(act: Callable[[], object], told: Callable[[], list[object]]) -> list[object]:
    """What it would have come to; it has not happened."""
    with transaction.atomic():
        act()
        found = told()
        transaction.set_rollback(True)
    return found


@seeds
def test_the_counts_of_the_days_are_those_of_a_pass_that_nobody_killed(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank, dice = found_bank(), random.Random(seed)
    for day in range(2, 14):
        start = at(f"2026-11-{day:02} 09:00")
        bank.stop(bank.clock(Clock.ENTRY, start, owner=bank.people.ec), start + timedelta(hours=dice.randrange(1, 40)))
    monkeypatch.setattr(figures, "MANY_CHANGES", 4)

    def counted() -> list[object]:
        parts = (DayFigure.objects.values_list("day", "kind", "outcome", "scope", "key", "clocks", "first_pass"),
                 DayTimes.objects.values_list("day", "kind", "branch", "clocks", "gross", "net"),
                 PeriodTimes.objects.values_list("period", "until", "kind", "part", "median", "p90"))  # fmt: skip
        funnel = funnel_board(scope=None, month=Month(2026, 11))
        return [*(sorted(map(repr, part)) for part in parts), repr(funnel)]

    expected = if_nobody_dies(lambda: count_touched_days(at=NOW), counted)
    waiting = TouchedDay.objects.filter(day__lt=NOW.date()).values("day").distinct().count
    for _kill in range(3):
        before = waiting()
        kill_in(lambda: count_touched_days(at=NOW), once=lambda before=before: waiting() < before, dice=dice)
    at_once(lambda: count_touched_days(at=NOW))
    count_touched_days(at=NOW)
    assert counted() == expected
    assert waiting() == 0


@seeds
def test_everybody_gets_one_letter_of_the_day(seed: int, settings) -> None:
    settings.HAS_MAIL = True
    bank, dice = found_bank(), random.Random(seed)
    people = [bank.people.sup, bank.people.tr, bank.people.ec, bank.people.bh, bank.people.mgt]
    for person in people:
        Employee.objects.filter(pk=person.pk).update(email=f"{person.number.lower()}@bank.example")
        NewsPreference.objects.create(employee=person, by_mail=True)
    for _n in range(5):
        tell(people, kind="cut_off_soon", at=NOW, about="/bags/", count=3, cut_off="17:30")

    def letters() -> list[object]:
        return sorted(Delivery.objects.filter(channel=Channel.MAIL).values_list("employee", "key", "text"))

    expected = if_nobody_dies(lambda: write_digests(at=NOW), letters)
    assert len(expected) == len(people)
    for _kill in range(3):
        kill_in(lambda: write_digests(at=NOW), once=lambda: dice.random() < 0.05, dice=dice)
    at_once(lambda: write_digests(at=NOW))
    assert letters() == expected


@seeds
def test_a_report_file_is_whole_or_says_that_it_has_to_be_asked_for_again(seed: int) -> None:
    bank, dice = found_bank(), random.Random(seed)
    for _n in range(30):
        bank.case(State.RECEIVED, taken_in_at=at("2026-11-10 10:00"))

    def ask() -> ReportRun:
        facts = {"period": "2026-11", "figure": "intake"}
        return ask_report(report="list", asked=facts, form="csv", purpose="月度会议", actor=bank.people.sup, at=NOW)

    run = ask().pk
    running = ReportRun.objects.filter(pk=run).exclude(state="WAITING").exists
    kill_in(lambda: write_waiting(at=NOW), once=running, dice=dice)
    at_once(lambda: write_waiting(at=NOW))
    left = ReportRun.objects.get(pk=run)
    assert left.state in ("DONE", "FAILED")
    if left.state == "FAILED":
        assert left.error
        assert not left.body
        run = ask().pk
        write_waiting(at=NOW)
    assert bytes(file_of(run=run, actor=bank.people.sup, at=NOW).body or b"").count(b"\r\n") == 31


@seeds
def test_what_of_a_bulk_was_done_is_whole_and_the_rest_is_as_it_was(seed: int) -> None:
    """Each case moves, and is urged, in a transaction of its own."""
    bank, dice = found_bank(), random.Random(seed)
    cases = [bank.cast.received(when=at("2026-11-20 10:00")).number for _n in range(8)]

    def reassign() -> None:
        reassign_each(cases, to=bank.people.cc, actor=bank.people.sup, at=NOW, note="超时件集中处理")

    def urge() -> None:
        urge_each(cases, actor=bank.people.tr, at=NOW, text="请今天核查")

    moved = Event.objects.filter(step=Step.REASSIGN)
    kill_in(reassign, once=moved.exists, dice=dice)
    told = Message.objects.filter(kind="reassigned", employee=bank.people.cc)
    assert sorted(moved.values_list("application__number", flat=True)) == sorted(row.facts["number"] for row in told)
    assert Application.objects.filter(claimed_by=bank.people.cc).count() == moved.count()
    kill_in(urge, once=Urge.objects.exists, dice=dice)
    at_once(urge)
    assert sorted(Urge.objects.values_list("application__number", flat=True)) == sorted(cases)
    news = Message.objects.filter(kind="urged")
    assert news.count() == sum(Urge.objects.values_list("told", flat=True)) >= len(cases)

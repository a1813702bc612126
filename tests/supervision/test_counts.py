"""The counts that the funnel, the trend of breaches and the capacity are summed from equal a recount at every moment:
after each change, before and after they are put together, and while a case changes as they are put together."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from importlib import import_module
from random import Random
from threading import Event as Signal
from threading import Thread

import pytest
from django.db import connection, transaction
from django.db.models import Sum

from applications.lifecycle import FINISHED, Clock, State
from applications.models import Application, CaseClock, Event
from applications.selectors import FINISHES
from ops_center.clock import local_day
from organization.models import Branch
from supervision.models import Breach, BreachCount, CaseCount, WorkCount
from supervision.periods import Month
from supervision.selectors.capacity import capacity_board
from supervision.selectors.funnel import ENDS, ORIGINS, REACHED, Funnel, funnel_board, funnel_cases
from supervision.selectors.timeliness import Scope, Window, breaches_per_day, by_stage, clocks_behind
from supervision.services import figures
from supervision.services.breaches import find_breaches
from supervision.services.figures import put_together
from tests.cast import at
from tests.supervision.conftest import Bank, found_bank

NOW = at("2026-11-25 15:00")
MONTHS = (Month(2026, 10), Month(2026, 11))
STAMPS = {"taken-in": "taken_in_at", "entered": "entered_at", "issued": "issued_at", "activated": "activated_at"}
STATES = [state for state in State.values if state not in (State.PROBLEM, State.REFERRED)]


def recount(scope: Branch | None, month: Month) -> Funnel:
    """As a clerk would do it: case by case."""
    steps = {origin: dict.fromkeys(REACHED, 0) for origin in ORIGINS}
    ends = dict.fromkeys(ENDS, 0)
    for case in Application.objects.all():
        if Month.of(case.created_at) != month:
            continue
        if scope is not None and scope.pk not in (case.branch_id, case.host_branch_id):
            continue
        origin = "referred" if case.referred_at else "walk-in"
        steps[origin]["begun"] += 1
        for step, stamp in STAMPS.items():
            steps[origin][step] += getattr(case, stamp) is not None
        for end, state in (("rejected", "REJECTED"), ("withdrawn", "WITHDRAWN"), ("expired", "EXPIRED")):
            ends[end] += case.state == state
        ends["returned"] += case.round > 1
        ends["open"] += case.state not in FINISHED
    return Funnel(steps, ends)


def all_equal_a_recount(bank: Bank) -> None:
    for scope in (None, bank.branches.bh01, bank.branches.yx01):
        for month in MONTHS:
            board = funnel_board(scope=scope, month=month)
            assert board == recount(scope, month)
            for reached in REACHED:
                assert funnel_cases(scope=scope, month=month, reached=reached).count() == board.total(reached)
            for end, cases in board.ends.items():
                assert funnel_cases(scope=scope, month=month, end=end).count() == cases


def lay(bank: Bank, *, cases: int) -> list[Application]:
    chance, branches = Random(11), [bank.branches.bh01, bank.branches.yx01, None]
    return [
        bank.case(
            chance.choice(STATES), branch=chance.choice(branches), host_branch=chance.choice(branches),
            taken_in_at=at("2026-10-28 10:00") + timedelta(hours=chance.randrange(200)),
            referred_at=chance.choice([None, at("2026-10-20 10:00")]), is_imported=chance.random() < 0.2,
        )
        for _n in range(cases)
    ]  # fmt: skip


def change(cases: list[Application], bank: Bank) -> None:
    """What happens to cases in their life, and what should not."""
    chance = Random(5)
    signed_off = dict.fromkeys(["received_at", "checked_at", "entered_at", "filed_at", "issued_at"], NOW)
    changes = [
        {"state": State.REJECTED}, {"state": State.ACTIVATED, "activated_at": NOW, **signed_off},
        {"state": State.ISSUED, **signed_off}, {"entered_at": NOW}, {"state": State.RECEIVED, "entered_at": None},
        {"round": 2}, {"branch": bank.branches.yx01}, {"branch": None},
        {"host_branch": bank.branches.bh01}, {"state": State.RECEIVED}, {"referred_at": None}, {"version": 9},
        {"created_at": at("2026-10-31 23:59")}, {"created_at": at("2026-11-01 00:00")},
    ]  # fmt: skip
    for case in cases:
        for facts in chance.sample(changes, 3):
            Application.objects.filter(pk=case.pk).update(**facts)


@pytest.mark.django_db
def test_the_funnel_equals_a_recount_after_every_change(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = lay(bank, cases=40)
    all_equal_a_recount(bank)
    change(cases, bank)
    Application.objects.filter(pk__in=[case.pk for case in cases[:3]]).delete()
    all_equal_a_recount(bank)
    assert put_together() == 0  # too few to be worth it
    monkeypatch.setattr(figures, "MANY_CHANGES", 2)
    assert put_together() > 80
    assert not CaseCount.objects.filter(is_sum=False).exists()
    all_equal_a_recount(bank)
    change(cases[20:], bank)
    all_equal_a_recount(bank)
    put_together()
    assert put_together() == 0
    all_equal_a_recount(bank)


@pytest.mark.django_db
def test_a_change_that_the_funnel_does_not_show_writes_nothing(bank: Bank) -> None:
    case = bank.case(State.RECEIVED)
    before = CaseCount.objects.count()
    Application.objects.filter(pk=case.pk).update(state=State.CHECKED, checked_at=NOW, version=7)
    assert CaseCount.objects.count() == before


@pytest.mark.django_db
def test_the_trend_of_the_bank_equals_a_recount_of_its_breaches(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(figures, "MANY_CHANGES", 1)

    def check() -> None:
        found = Counter(local_day(breach.due_at) for breach in Breach.objects.filter(due_at__lt=NOW))
        trend = breaches_per_day(Scope(), at=NOW)
        assert dict(trend) == {day: found[day] for day in Window.read("30", at=NOW).days}

    for n in range(12):
        bank.clock(Clock.CHECK, at("2026-11-16 08:40") + timedelta(hours=17 * n))
    assert find_breaches(at=NOW)
    assert BreachCount.objects.aggregate(Sum("breaches"))["breaches__sum"] > 5
    check()
    Breach.objects.filter(pk=Breach.objects.earliest("due_at").pk).update(due_at=at("2026-11-16 23:59"))
    check()
    put_together()
    check()
    Breach.objects.filter(pk=Breach.objects.latest("due_at").pk).delete()
    check()
    put_together()
    check()


@pytest.mark.django_db
def test_what_still_runs_of_the_time_before_the_system_is_nowhere_late(bank: Bank) -> None:
    for is_imported in (True, False):
        case = bank.case(State.RECEIVED, is_imported=is_imported, due_at=at("2026-11-20 17:30"), due_clock=Clock.ENTRY)
        bank.clock(Clock.ENTRY, at("2026-11-18 08:40"), case=case)
    window = Window.read("30", at=NOW)
    assert by_stage(Scope(), window, at=NOW)[Clock.ENTRY].open_overdue == 1
    assert not clocks_behind(Scope(), window, at=NOW, verdict="open").get().application.is_imported


@pytest.mark.django_db(transaction=True)
def test_a_case_that_changes_while_the_counts_are_put_together_is_counted_once(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = found_bank()
    monkeypatch.setattr(figures, "MANY_CHANGES", 1)
    case = bank.case(State.RECEIVED)
    changed, put = Signal(), Signal()

    def reject() -> None:
        with transaction.atomic():
            Application.objects.filter(pk=case.pk).update(state=State.REJECTED)
            changed.set()
            assert put.wait(20)
        connection.close()

    clerk = Thread(target=reject)
    clerk.start()
    assert changed.wait(20)
    assert put_together() == 1  # what is not committed yet waits for the next time, and nobody waits for it
    month = Month.of(case.created_at)
    assert funnel_board(scope=None, month=month).ends["open"] == 1
    put.set()
    clerk.join(20)
    for _before_and_after in range(2):
        assert funnel_board(scope=None, month=month).ends == dict.fromkeys(ENDS, 0) | {"rejected": 1}
        put_together()
    assert CaseClock.objects.count() == 0
    assert CaseCount.objects.get().cases == 1


@pytest.mark.django_db
def test_what_the_center_has_finished_equals_a_recount_of_its_events(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance, people = Random(20261125), [bank.people.cc, bank.people.ec, None]
    cases = [bank.case(State.RECEIVED, is_imported=n % 4 == 0) for n in range(12)]
    counted = {step.value for several in FINISHES.values() for step in several}
    assert counted == set(import_module("supervision.migrations.0009_work_counts").STEPS)
    steps = [*sorted(counted - {"activate"}), "claim"]  # a case is activated once
    monkeypatch.setattr(figures, "MANY_CHANGES", 1)
    seq: Counter[int] = Counter()

    def write(events: int) -> None:
        rows = []
        for _n in range(events):
            case = chance.choice(cases)
            seq[case.pk] += 1
            rows.append(
                Event(
                    application=case, seq=seq[case.pk], step=chance.choice(steps), to_state=State.RECEIVED, round=1,
                    actor=chance.choice(people), at=at("2026-11-20 22:00") + timedelta(hours=chance.randrange(110)),
                    digest=b"",
                )
            )  # fmt: skip
        Event.objects.bulk_create(rows)

    def check() -> None:
        found = {
            (event.step, local_day(event.at), event.actor_id, event.application_id)
            for event in Event.objects.filter(application__is_imported=False).exclude(step="claim")
        }
        queue_of = {step: name for name, several in FINISHES.items() for step in several}
        pieces = Counter((queue_of[step], day, actor) for step, day, actor, _case in found)
        board = capacity_board(at=NOW).finished
        assert pieces == {
            (name, day, actor): n
            for name, days in board.items()
            for day, actors in days.items()
            for actor, n in actors.items()
        }

    write(150)
    check()
    for _n in range(40):
        write(1)
    check()
    assert put_together() > 30
    assert not WorkCount.objects.filter(is_sum=False).exists()
    check()
    write(30)
    check()

"""The simulation of the center: as exact as arithmetic where arithmetic can tell, and the same for the same seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from math import ceil, floor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervision.capacity.check import compare, last_full_week
from supervision.capacity.fit import History, fit
from supervision.capacity.loans import best_loans
from supervision.capacity.model import (
    FILED,
    LEFT,
    PROBLEM,
    Arrival,
    Axis,
    Loan,
    Model,
    NoHistory,
    Pause,
    Person,
    Plan,
    Stay,
    Visit,
)
from supervision.capacity.run import Replication, band, quantile, replicate, simulate
from tests.cast import at

DAY = 540
MONDAY = date(2026, 11, 23)
AXIS = Axis([on for n in range(28) if (on := MONDAY + timedelta(days=n)).weekday() < 5])


def whole_days(*days: int) -> dict[int, float]:
    return dict.fromkeys(days or range(5), float(DAY))


def clerk(name: str = "A", *queues: str, minutes: dict[int, float] | None = None) -> Person:
    return Person(name, frozenset(queues or ("check",)), minutes if minutes is not None else whole_days())


def one_queue(*, work: float, lies: float = 0, goes: str = LEFT) -> Model:
    return Model(stays={"check": [Stay(lies, work, goes)]}, pauses=[], days={})


def in_two_days(kind: str, start: float) -> float:
    """Closing time of the working day after next, as the bank's ENTRY clock."""
    return (start // DAY + 3) * DAY


def plan(arrivals: Sequence[Arrival], people: Sequence[Person], **facts: Any) -> Plan:
    asked: dict[str, Any] = {"axis": AXIS, "start": 0, "end": 5 * DAY, "there": [], "due": in_two_days, **facts}
    return Plan(people=people, arrivals=arrivals, **asked)


def at_minutes(*minutes: float, queue: str = "check") -> list[Arrival]:
    return [Arrival(key, minute, queue) for key, minute in enumerate(minutes)]


# -- exact -------------------------------------------------------------------------------------------------------------
def test_one_clerk_with_ten_minutes_a_piece_is_the_arithmetic_of_a_single_queue() -> None:
    """Files at 0, 5, 10, 30 and 31: begun at 0, 10, 20, 30 and 40."""
    found = replicate(one_queue(work=10), plan(at_minutes(0, 5, 10, 30, 31), [clerk()]), seed=1)
    assert found.times["check"] == [10, 15, 20, 10, 19]
    assert found.queued["check"] == 0 + 5 + 10 + 0 + 9
    assert found.busy["A", "check"] == 50


def test_every_five_minutes_with_ten_minutes_a_piece_the_queue_grows_by_five_a_file() -> None:
    found = replicate(one_queue(work=10), plan(at_minutes(*range(0, 200, 5)), [clerk()]), seed=1)
    assert found.times["check"] == [10 + 5 * n for n in range(40)]
    both = replicate(one_queue(work=10), plan(at_minutes(*range(0, 200, 5)), [clerk("A"), clerk("B")]), seed=1)
    assert both.times["check"] == [10] * 40


def test_what_is_due_first_is_taken_first_whenever_it_came() -> None:
    due = [900, 300, 600]
    waiting = [Arrival(n, 0, "check", {"ENTRY": due[n]}) for n in range(3)]
    busy = Arrival(9, 0, "check", {"ENTRY": 1})
    found = replicate(one_queue(work=400), plan([], [clerk()], there=[busy, *waiting]), seed=1)
    assert found.breaches == {(0, "check"): 2, (1, "check"): 2}
    assert found.times["check"] == [400, 800, 1200, 1600]


def test_nobody_works_before_the_opening_of_a_day_on_which_somebody_is_there() -> None:
    away = clerk(minutes=whole_days(2))
    found = replicate(one_queue(work=10), plan(at_minutes(100), [away]), seed=1)
    assert found.times["check"] == [2 * DAY - 100 + 10]
    part_time = clerk(minutes={0: 60.0, 1: float(DAY)})
    found = replicate(one_queue(work=10), plan(at_minutes(30, 70), [part_time]), seed=1)
    assert found.times["check"] == [10, DAY - 70 + 10]


def test_a_clock_is_late_on_the_day_and_in_the_queue_where_it_ran_out() -> None:
    model = Model(
        stays={"check": [Stay(0, 500, "entry")], "entry": [Stay(3 * DAY, 10, "filing")], "filing": [Stay(0, 5, FILED)]},
        pauses=[],
        days={},
    )
    everybody = [clerk("A", "check", "entry", "filing")]
    found = replicate(model, plan(at_minutes(0), everybody), seed=1)
    # CHECK and ENTRY are due at the closing of the third day: the check is through, the entry is not.
    assert found.breaches == {(2, "entry"): 1}
    assert (found.came, found.ended, found.open) == (1, 1, 0)


def test_a_problem_that_waits_for_the_branch_moves_the_deadline_and_one_of_the_center_does_not() -> None:
    def late(stops_clocks: bool) -> Replication:
        stays = {"check": [Stay(0, 10, PROBLEM)], "entry": []}
        model = Model(stays=stays, pauses=[Pause(2 * DAY, stops_clocks)], days={})
        waiting = [Arrival(1, 0, "check", {"ENTRY": DAY})]
        return replicate(model, plan([], [clerk()], there=waiting, end=2 * DAY), seed=1)

    assert late(stops_clocks=True).breaches == {}
    assert late(stops_clocks=False).breaches == {(0, "check"): 1}


def test_a_loan_is_work_for_one_queue_only_and_ends_by_the_minute() -> None:
    model = Model(stays={"check": [Stay(0, 10, LEFT)], "entry": [Stay(0, 10, LEFT)]}, pauses=[], days={})
    arrivals = [*at_minutes(0, 0), Arrival(7, 1, "entry")]
    both = [clerk("A", "check", "entry"), clerk("B", "entry")]
    lent = replicate(model, plan(arrivals, both, loans=[Loan("A", "entry", 0, 60)]), seed=1)
    assert lent.times["check"] == [70, 80]
    assert lent.times["entry"] == [10]


# -- the axis ----------------------------------------------------------------------------------------------------------
def test_evenings_and_free_days_stand_at_the_next_opening() -> None:
    assert AXIS.position(at("2026-11-23 08:30")) == 0
    assert AXIS.position(at("2026-11-23 10:00")) == 90
    assert AXIS.position(at("2026-11-23 21:00")) == DAY
    assert AXIS.position(at("2026-11-28 12:00")) == 5 * DAY
    assert AXIS.position(at("2026-11-30 08:45")) == 5 * DAY + 15
    assert AXIS.instant(DAY) == at("2026-11-23 17:30")
    assert AXIS.instant(DAY + 1) == at("2026-11-24 08:31")


def test_a_night_shift_belongs_to_the_day_on_which_it_began() -> None:
    nights = Axis([MONDAY, MONDAY + timedelta(days=1)], opens=15 * 60, length=13 * 60)
    assert nights.position(at("2026-11-24 02:00")) == 11 * 60
    assert nights.position(at("2026-11-24 10:00")) == 13 * 60


# -- properties --------------------------------------------------------------------------------------------------------
STAYS = st.lists(
    st.builds(Stay, st.floats(0, 700), st.floats(0, 120), st.sampled_from(["entry", PROBLEM, LEFT])),
    min_size=1, max_size=8,
).map(lambda stays: sorted(stays, key=lambda stay: stay.lies))  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    stays=STAYS,
    minutes=st.lists(st.floats(0, 5 * DAY - 1), max_size=40),
    hands=st.integers(0, 3),
    factor=st.sampled_from([0.0, 0.5, 1.0, 2.5]),
    seed=st.integers(0, 99),
)
def test_whatever_came_is_done_or_still_there(
    stays: list[Stay], minutes: list[float], hands: int, factor: float, seed: int
) -> None:
    model = Model(
        stays={"check": stays, "entry": [Stay(5, 9, FILED)]},
        pauses=[Pause(100, True), Pause(50, False)],
        days={weekday: [sorted(minute % DAY for minute in minutes)] for weekday in range(7)},
    )
    people = [clerk(str(n), "check", "entry") for n in range(hands)]
    asked = Plan(AXIS, 0, 5 * DAY, people, [Arrival(1, 0, "entry")], in_two_days, factor=factor)
    found = replicate(model, asked, seed=seed)
    assert found.came == found.ended + found.open
    usual = len(minutes) * 5
    assert floor(factor) * usual <= found.came - 1 <= ceil(factor) * usual
    assert all(minutes >= 0 for times in found.times.values() for minutes in times)
    worked = sum(found.busy.values())
    assert worked <= hands * 5 * DAY + 1e-6
    assert replicate(model, asked, seed=seed) == found


def test_the_same_seed_gives_the_same_figures_and_another_seed_others() -> None:
    model = Model(
        stays={"check": [Stay(0, 5, LEFT), Stay(30, 20, LEFT), Stay(2000, 20, LEFT)]},
        pauses=[],
        days={weekday: [[0, 10, 20], [0, 5, 30, 400]] for weekday in range(7)},
    )
    asked = Plan(AXIS, 0, 5 * DAY, [clerk()], [], in_two_days)
    first, again = (simulate(model, asked, seed=7, replications=30) for _ in range(2))
    assert first == again
    assert first != simulate(model, asked, seed=8, replications=30)
    assert first.replications == 30


def test_more_hands_change_nothing_but_what_waited_for_hands() -> None:
    """The same cases draw the same stays: two plans differ by the plans."""
    stays = [Stay(0, 30, LEFT), Stay(100, 10, LEFT), Stay(200, 60, LEFT)]
    model = Model(stays={"check": stays}, pauses=[], days={})
    arrivals = at_minutes(*range(0, 500, 20))
    alone = replicate(model, plan(arrivals, [clerk()]), seed=3)
    many = replicate(model, plan(arrivals, [clerk(str(n)) for n in range(30)]), seed=3)
    assert sum(many.times["check"]) == pytest.approx(sum(alone.times["check"]) - alone.queued["check"])
    assert many.queued["check"] == 0 < alone.queued["check"]


def test_a_band_holds_the_middle_of_the_runs() -> None:
    assert band([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) == (4.5, 1, 9)
    assert quantile([], 0.5) is None


# -- fit and check -----------------------------------------------------------------------------------------------------
def steady(days: int) -> History:
    """Ten files each morning; each lies an hour, takes twenty minutes, and is gone."""
    visits = [
        Visit(
            case=day * 100 + n, queue="check", came=day * DAY + n, taken=day * DAY + n + 60,
            left=day * DAY + n + 80, goes=LEFT if n == 9 else "entry", by=1, is_fresh=True,
        )
        for day in range(days)
        for n in range(10)
    ]  # fmt: skip
    people = [clerk(str(n), minutes=whole_days(*range(20))) for n in range(12)]
    return History(AXIS, visits, [], people, {"check": 15.0, "entry": 10.0, "verify": 5.0, "filing": 4.0})


def test_the_fit_finds_how_long_cases_lie_and_take_and_what_comes_on_each_weekday() -> None:
    model = fit(steady(12), until=10 * DAY, due=in_two_days)
    assert {(stay.lies, stay.work) for stay in model.stays["check"]} == {(60, 20)}
    assert sum(stay.goes == LEFT for stay in model.stays["check"]) == len(model.stays["check"]) / 10
    assert [len(model.days[weekday]) for weekday in range(7)] == [2] * 5 + [10] * 2
    assert model.days[0][0] == list(range(10))


def test_a_fit_knows_nothing_of_what_comes_after() -> None:
    assert fit(steady(20), until=10 * DAY, due=in_two_days) == fit(steady(10), until=10 * DAY, due=in_two_days)


def test_where_hands_are_short_the_fit_does_not_count_the_queueing_twice() -> None:
    """One clerk for ten files of 20 minutes that all come at once: 90 minutes of the mean 110 are queueing."""
    busy = [
        Visit(day * 100 + n, "check", day * DAY, None, day * DAY + 20.0 * (n + 1), LEFT, 1, True)
        for day in range(20)
        for n in range(10)
    ]
    standard = {"check": 20.0, "entry": 10.0, "verify": 5.0, "filing": 4.0}
    history = History(AXIS, busy, [], [clerk(minutes=whole_days(*range(20)))], standard)
    model = fit(history, until=15 * DAY, due=in_two_days)
    assert {stay.lies for stay in model.stays["check"]} == {0}
    found = compare(history, start=15 * DAY, end=20 * DAY, due=in_two_days, seed=1, replications=2)
    assert found.model.median == {"check": 120} == found.median


def test_a_steady_center_is_foreseen_to_the_piece() -> None:
    history = steady(12)
    start, end = last_full_week(AXIS, date(2026, 12, 8))
    assert (start, end) == (5 * DAY, 10 * DAY)
    found = compare(history, start=start, end=end, due=in_two_days, seed=1, replications=3)
    assert found.late == 0 == found.model.late[0]
    assert found.median == {"check": 80} == found.model.median
    assert found.per_median == 0
    assert found.per_day == pytest.approx(0, abs=0.12)  # every tenth leaves; which one is drawn


def test_the_week_that_is_held_back_teaches_the_model_nothing() -> None:
    """A week in which everything took two hours longer: the model foresees the 80 minutes of the week before."""
    known = steady(10)
    visits = [
        visit if visit.came < 5 * DAY else replace(visit, taken=visit.came + 180, left=visit.came + 200)
        for visit in known.visits
    ]
    history = replace(known, visits=visits)
    found = compare(history, start=5 * DAY, end=10 * DAY, due=in_two_days, seed=1, replications=3)
    assert found.median == {"check": 200}
    assert found.model.median == {"check": 80} == found.model.p90
    assert found.per_median == pytest.approx(0.6)


def test_too_much_on_one_day_and_too_little_on_the_next_are_both_errors() -> None:
    """Ten a day really; 14 and 6 foreseen: right for the week, and eight of twenty on another day."""
    found = compare(steady(10), start=5 * DAY, end=7 * DAY, due=in_two_days, seed=1, replications=1)
    days = {(5, "check"): 10, (6, "check"): 10}
    assert set(found.done) == set(days)
    shifted = replace(found, done=days, model=replace(found.model, done={(5, "check"): 14.0, (6, "check"): 6.0}))
    assert (shifted.per_day, shifted.per_queue) == (0.4, 0)


def test_the_first_week_cannot_be_held_back() -> None:
    with pytest.raises(NoHistory):
        last_full_week(AXIS, date(2026, 12, 2))


# -- loans -------------------------------------------------------------------------------------------------------------
def test_the_best_loan_is_found_and_its_effect_is_run_anew() -> None:
    """Reviews pile up; of two clerks who key what nobody waits for, the second may review as well."""
    model = Model(stays={"entry": [Stay(0, 10, LEFT)], "verify": [Stay(0, 100, LEFT)]}, pauses=[], days={})
    waiting = [Arrival(n, 0, "verify", {"ENTRY": DAY}) for n in range(9)]
    people = [clerk("E1", "entry"), clerk("E2", "entry"), clerk("R", "verify")]
    asked = plan([], people, there=waiting)
    loans = best_loans(
        model, asked, may={"E1": frozenset({"entry"}), "E2": frozenset({"entry", "verify"})}, seed=1, replications=2
    )  # fmt: skip
    assert [(loan.loan.person, loan.loan.queue, loan.loan.day) for loan in loans] == [("E2", "verify", 0)]
    (best,) = loans
    assert best.before == replicate(model, asked, seed=0).late == 4
    assert best.after == 0


def test_no_loan_is_proposed_where_none_helps() -> None:
    model = Model(stays={"verify": [Stay(3 * DAY, 10, LEFT)]}, pauses=[], days={})
    waiting = [Arrival(n, 0, "verify", {"ENTRY": DAY}) for n in range(9)]
    asked = plan([], [clerk("E", "entry"), clerk("R", "verify")], there=waiting)
    may = {"E": frozenset({"entry", "verify"})}
    assert best_loans(model, asked, may=may, seed=1, replications=2) == []

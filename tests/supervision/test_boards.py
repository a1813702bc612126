"""The boards' numbers against a slow recount, and every number against the list behind it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from random import Random

import pytest

from applications.lifecycle import QUEUES, STAGE_OF, Clock, EntryMode, Outcome, Stage, State
from applications.models import Application, Event
from supervision.periods import Month
from supervision.selectors import branch_scope
from supervision.selectors.capacity import ALARM_DAYS, capacity_board, last_workdays, people_loads, queue_cases
from supervision.selectors.funnel import ENDS, ORIGINS, REACHED, funnel_board, funnel_cases
from supervision.selectors.leaderboard import activated_cases, leaderboard
from supervision.selectors.overdue import AGES, NO_BRANCH, overdue_board, overdue_cases
from supervision.selectors.timeliness import FORTNIGHT, Scope, breaches_per_day
from supervision.services.breaches import find_breaches
from tests.cast import at
from tests.supervision.conftest import Bank

pytestmark = pytest.mark.django_db
NOW = at("2026-11-27 11:00")
NOVEMBER = Month(2026, 11)


@pytest.fixture
def late(bank: Bank) -> list[Application]:
    """Cases of two branches and no branch, in every stage, from an hour to twelve days over their time."""
    hours = [1, 23, 25, 71, 73, 167, 169, 300, -5]
    cases = []
    for place, state in enumerate([*QUEUES["after-sales"].states, State.DRAFT, State.RECEIVED, State.KEYED] * 3):
        cases.append(
            bank.case(
                state, due_at=NOW - timedelta(hours=hours[place % len(hours)]), due_clock=Clock.ENTRY,
                branch=bank.branches.yx01 if place % 2 else bank.branches.bh01,
            )
        )  # fmt: skip
    cases.append(bank.case(State.REFERRED, branch=None, due_at=NOW - timedelta(hours=2), due_clock=Clock.REF_ACCEPT))
    cases.append(
        bank.case(
            State.PROBLEM, resume_state=State.SUBMITTED, due_at=NOW - timedelta(hours=2), due_clock=Clock.PROBLEM_ACT
        )
    )
    bank.case(State.RECEIVED, is_imported=True, due_at=NOW - timedelta(days=9), due_clock=Clock.ENTRY)
    bank.case(State.RECEIVED)
    return cases


def test_the_overdue_board_equals_a_slow_recount(bank: Bank, late: list[Application]) -> None:
    board = overdue_board(scope=None, at=NOW)
    over = [case for case in late if case.due_at < NOW]
    assert board.total == len(over)
    assert board.cells == Counter((case.branch.code if case.branch else NO_BRANCH, case.macro_stage) for case in over)
    ages = Counter()
    for case in over:
        days = (NOW - case.due_at) / timedelta(days=1)
        ages[next(name for name, (low, high) in AGES.items() if low <= days and (high is None or days < high))] += 1
    assert board.ages == ages
    assert board.clocks == Counter(case.due_clock for case in over)


@pytest.mark.parametrize(
    ("hours", "age"), [(23.9, "0-1"), (24, "1-3"), (71.9, "1-3"), (72, "3-7"), (167.9, "3-7"), (168, "7+")]
)
def test_an_age_is_counted_in_whole_days_by_the_wall_clock(bank: Bank, hours: float, age: str) -> None:
    case = bank.case(State.RECEIVED, due_at=NOW - timedelta(hours=hours), due_clock=Clock.ENTRY)
    assert [name for name, cases in overdue_board(scope=None, at=NOW).ages.items() if cases] == [age]
    assert list(overdue_cases(scope=None, at=NOW, age=age)) == [case]


def test_every_number_of_the_overdue_board_opens_its_list(bank: Bank, late: list[Application]) -> None:
    board = overdue_board(scope=None, at=NOW)
    for (branch, stage), cases in board.cells.items():
        assert overdue_cases(scope=None, at=NOW, branch=branch, stage=stage).count() == cases
    for age, cases in board.ages.items():
        assert overdue_cases(scope=None, at=NOW, age=age).count() == cases
    for clock, cases in board.clocks.items():
        assert overdue_cases(scope=None, at=NOW, clock=clock).count() == cases


def test_a_problem_counts_in_the_stage_that_it_came_from(bank: Bank, late: list[Application]) -> None:
    assert STAGE_OF[State.SUBMITTED] == Stage.CARD_ISSUE
    found = overdue_cases(scope=None, at=NOW, stage=Stage.CARD_ISSUE).filter(state=State.PROBLEM)
    assert found.count() == 1


def test_a_branch_head_counts_the_branch_only(bank: Bank, late: list[Application]) -> None:
    scope = branch_scope(bank.people.bh, NOW)
    board = overdue_board(scope=scope, at=NOW)
    assert scope == bank.branches.bh01
    assert set(board.branches) == {"BH01"}
    assert branch_scope(bank.people.sup, NOW) is None


def test_a_late_sweep_hides_nothing(bank: Bank, late: list[Application]) -> None:
    """Rule K9: no breach has been written, and the board counts all the same."""
    assert overdue_board(scope=None, at=NOW).total == sum(case.due_at < NOW for case in late)


def test_the_overdue_board_costs_two_queries_and_a_look_at_the_calendar(
    bank: Bank, late: list[Application], django_assert_num_queries
) -> None:
    overdue_board(scope=None, at=NOW)  # the calendar is remembered from here on
    with django_assert_num_queries(3):
        overdue_board(scope=None, at=NOW)


def test_what_falls_due_today_and_on_the_next_working_day_opens_its_list(bank: Bank) -> None:
    """Friday: the next working day is Monday, and the free days before it belong to it."""
    for due in ("2026-11-27 10:59", "2026-11-27 11:00", "2026-11-27 23:59", "2026-11-28 00:00", "2026-11-30 23:59",
                "2026-12-01 00:00"):  # fmt: skip
        bank.case(State.RECEIVED, due_at=at(due), due_clock=Clock.ENTRY)
    board = overdue_board(scope=None, at=NOW)
    assert (board.total, board.soon) == (1, {"today": 2, "tomorrow": 2})
    for due, cases in board.soon.items():
        assert overdue_cases(scope=None, at=NOW, due=due).count() == cases


def test_the_trend_counts_breaches_by_the_day_they_fell_due(bank: Bank) -> None:
    for start in ("2026-11-23 08:40", "2026-11-23 09:00", "2026-11-24 08:40"):
        bank.clock(Clock.CHECK, at(start))
    find_breaches(at=NOW)
    trend = dict(breaches_per_day(Scope(), at=NOW)[-FORTNIGHT:])
    assert len(trend) == 14
    assert {str(day): breaches for day, breaches in trend.items() if breaches} == {"2026-11-24": 2, "2026-11-25": 1}
    assert sum(breaches for _day, breaches in breaches_per_day(Scope(branch=bank.branches.yx01), at=NOW)) == 0


def test_the_funnel_equals_a_slow_recount(bank: Bank) -> None:
    rows = [
        (State.REFERRED, {"taken_in_at": None, "referred_at": at("2026-11-02 09:00")}),
        (State.EXPIRED, {"taken_in_at": None, "referred_at": at("2026-11-02 09:00")}),
        (State.RECEIVED, {"referred_at": at("2026-11-02 09:00")}),
        (State.RETURNED, {"round": 2}),
        (State.ISSUED, {}),
        (State.ACTIVATED, {}),
        (State.ACTIVATED, {"referred_at": at("2026-11-02 09:00")}),
        (State.ACTIVATED, {"created_at": at("2026-10-31 23:59")}),
        (State.RECEIVED, {"created_at": at("2026-12-01 00:00")}),
    ]
    for state, facts in rows:
        facts.setdefault("created_at", at("2026-11-02 09:00"))
        if facts.get("taken_in_at", 0) is None:
            facts |= {"collector": None, "priced_on": None, "progressed_at": at("2026-11-02 09:00")}
            bank.cast.product("PK")
            Application.objects.create(
                number=f"F{len(facts)}{state[:8]}", status_code=f"F{state[:6]}", state=state,
                product=bank.cast.product("PK"), **facts,
            )  # fmt: skip
        else:
            bank.case(state, **facts)
    funnel = funnel_board(scope=None, month=NOVEMBER)
    cohort = [
        case for case in Application.objects.all() if NOVEMBER.starts_at <= case.created_at < NOVEMBER.ends_at
    ]  # fmt: skip
    assert len(cohort) == 7
    assert funnel.total("begun") == 7
    for step, stamp in (("taken-in", "taken_in_at"), ("issued", "issued_at"), ("activated", "activated_at")):
        assert funnel.total(step) == sum(getattr(case, stamp) is not None for case in cohort)
    assert funnel.steps["referred"]["begun"] == sum(case.referred_at is not None for case in cohort)
    assert (funnel.ends["expired"], funnel.ends["returned"]) == (1, 1)
    for origin in ORIGINS:
        for step in REACHED:
            listed = funnel_cases(scope=None, month=NOVEMBER, origin=origin, reached=step)
            assert listed.count() == funnel.steps[origin][step]
    for end in ENDS:
        assert funnel_cases(scope=None, month=NOVEMBER, end=end).count() == funnel.ends[end]


def test_the_capacity_board_equals_a_slow_recount(bank: Bank) -> None:
    cast = bank.cast
    waiting = [cast.received(when=at("2026-11-23 09:00")) for _ in range(3)]
    for day in (23, 24, 25):
        case = cast.received(when=at(f"2026-11-{day} 09:00"))
        cast.issued(case, when=at(f"2026-11-{day} 10:00"))
    cast.lend(waiting[0], to=bank.people.cc, when=NOW)
    board = capacity_board(at=NOW)
    loads = {load.queue.name: load for load in board.queues}
    check = loads["check"]
    assert (check.open, check.claimed, check.overdue) == (3, 1, 3)
    assert (check.mean, check.backlog_days) == (0.6, 5.0)
    assert check.is_alarm == (ALARM_DAYS < 5.0)
    assert loads["after-sales"].open == 3
    assert loads["after-sales"].backlog_days is None
    checks = Event.objects.filter(step="pass-check")
    assert sum(check.done.values()) == checks.count()
    for name, load in loads.items():
        assert queue_cases(QUEUES[name], at=NOW).count() == load.open
        assert queue_cases(QUEUES[name], at=NOW, which="overdue").count() == load.overdue
        assert queue_cases(QUEUES[name], at=NOW, which="claimed").count() == load.claimed
        assert queue_cases(QUEUES[name], at=NOW, which="today").count() == load.due_today
    people = {load.employee.number: load for load in people_loads(board, at=NOW)}
    assert people[bank.people.cc.number].held == 1
    assert people[bank.people.cc.number].done == checks.filter(actor=bank.people.cc).count() == 3
    assert people[bank.people.ec.number].done == 3


def test_every_queue_equals_a_recount_case_by_case(bank: Bank) -> None:
    chance, waiting = Random(23), [state for queue in QUEUES.values() for state in queue.states]
    for _n in range(200):
        held = chance.random() < 0.5
        bank.case(
            chance.choice([*waiting, State.SUBMITTED, State.REJECTED]), is_imported=chance.random() < 0.1,
            entry_mode=chance.choice(EntryMode.values), awaits_arbitration=chance.random() < 0.1,
            claimed_by=bank.people.cc if held else None,
            claimed_until=NOW + timedelta(minutes=chance.choice([-5, 20])) if held else None,
            due_at=chance.choice([None, *(NOW + timedelta(hours=hours) for hours in (-30, -1, 0, 5, 12, 13, 30))]),
        )  # fmt: skip
    midnight = at("2026-11-28 00:00")
    for load in capacity_board(at=NOW).queues:
        there = [
            case for case in Application.objects.all()
            if case.state in load.queue.states and not case.is_imported and not case.awaits_arbitration
            and not (case.entry_mode == EntryMode.SELF and load.queue.name in ("check", "entry"))
        ]  # fmt: skip
        due = [case.due_at for case in there if case.due_at]
        assert (load.open, load.claimed, load.overdue, load.due_today) == (
            len(there), sum(case.is_claimed(NOW) for case in there), sum(when < NOW for when in due),
            sum(NOW <= when < midnight for when in due),
        )  # fmt: skip
        assert min(load.open, load.claimed, load.overdue, load.due_today) > 0
        for which, number in (("", load.open), ("claimed", load.claimed), ("today", load.due_today)):
            assert queue_cases(load.queue, at=NOW, which=which).count() == number


def test_capacity_costs_the_same_queries_whatever_waits(bank: Bank, django_assert_num_queries) -> None:
    for _twice in range(2):
        for state in (State.RECEIVED, State.CHECKED, State.KEYED, State.ENTERED, State.ISSUED):
            bank.clock(Clock.ENTRY, at("2026-11-24 09:00"), case=bank.case(state), owner=bank.people.ec)
        with django_assert_num_queries(3):  # the calendar's, and two
            board = capacity_board(at=NOW)
        with django_assert_num_queries(4):  # people, roles, cases, clocks
            people_loads(board, at=NOW)


def test_free_days_are_no_days_of_the_mean(bank: Bank) -> None:
    assert [str(day) for day in last_workdays(at("2026-10-12 09:00"))] == [
        "2026-09-29", "2026-09-30", "2026-10-08", "2026-10-09", "2026-10-10",
    ]  # fmt: skip


def test_equal_scores_share_a_rank_and_the_next_is_three(bank: Bank) -> None:
    cast = bank.cast
    people = [cast.hire(f"经理{n}", "BH01", "CM") for n in range(7)]
    for person, scores in zip(people, ("20 20", "18 18", "19 19 19", "21", "21", "21", ""), strict=True):
        for day in scores.split():
            bank.case(
                State.ACTIVATED, collector=person, taken_in_at=at("2026-11-05 09:00"),
                activated_at=at(f"2026-11-{day} 09:00"),
            )  # fmt: skip
    board = leaderboard("collectors", span=NOVEMBER, reader=people[0])
    assert [(row.rank, row.employee.pk, row.activated) for row in board.best] == [
        (1, people[2].pk, 3), (2, people[1].pk, 2), (2, people[0].pk, 2),
    ]  # fmt: skip
    assert board.own is not None
    assert board.own.rank == 2
    for row in board.best:
        listed = activated_cases("collectors", span=NOVEMBER, key=row.employee.number)
        assert listed.count() == row.activated


def test_who_has_too_much_returned_is_not_ranked_but_sees_why(bank: Bank) -> None:
    facts = {"collector": bank.people.cm, "taken_in_at": at("2026-11-05 09:00")}
    bank.case(State.ACTIVATED, activated_at=at("2026-11-20 09:00"), **facts)
    bank.case(State.RETURNED, round=2, received_at=at("2026-11-06 09:00"), **facts)
    board = leaderboard("collectors", span=NOVEMBER, reader=bank.people.cm)
    assert board.best == []
    assert board.own is not None
    assert (board.own.rank, board.own.return_rate, board.own.activated) == (None, 0.5, 1)


def test_quality_stands_beside_volume(bank: Bank) -> None:
    for number, outcome in enumerate((Outcome.ON_TIME, Outcome.ON_TIME, Outcome.LATE, Outcome.VOID)):
        case = bank.case(State.ACTIVATED, collector=bank.people.cm, taken_in_at=at(f"2026-11-0{number + 2} 09:00"))
        clock = bank.clock(Clock.DISPATCH, case.taken_in_at, case=case)
        bank.stop(clock, clock.due_at, outcome)
    [row] = leaderboard("collectors", span=NOVEMBER, reader=bank.people.cm).best
    assert (row.taken_in, row.return_rate) == (4, 0.0)
    assert row.on_time_rate == pytest.approx(2 / 3)


def test_months_follow_each_other() -> None:
    assert str(Month(2026, 12).next) == "2027-01"
    assert str(Month(2027, 1).previous) == "2026-12"
    assert Month.of(at("2026-11-30 23:59")).ends_at == at("2026-12-01 00:00")

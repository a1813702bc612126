"""Acts on chosen rows of a board: each case for itself, each refusal beside its row; and who could take them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client

from applications.lifecycle import Clock, Outcome, State
from applications.models import Application, CaseClock, ProblemItem
from ops_center import clock
from organization.models import Absence, Message, RosterDay
from supervision.models import Urge
from supervision.selectors.load import CENTER_ROLES, held_cases, load_of, running_clocks, who_could_take
from supervision.selectors.overdue import AGES
from supervision.selectors.problems import TURNS, open_problems, problem_board
from supervision.services.acts import AT_MOST, reassign_each, urge_each
from tests.api.conftest import Caller
from tests.cast import at
from tests.supervision.conftest import Bank
from tests.supervision.test_pages import page_of

pytestmark = pytest.mark.django_db
BOARD = {"HX-Request": "true", "HX-Current-URL": "http://testserver/boards/overdue/"}


@pytest.fixture
def now():
    return clock.now()


@pytest.fixture
def late(bank: Bank) -> list[Application]:
    """Two cases that wait for their check since Friday, and one that is finished."""
    waiting = [bank.cast.received(when=at("2026-11-20 10:00")) for _n in range(2)]
    return [*waiting, bank.case(State.ACTIVATED)]


def numbers(cases: list[Application]) -> list[str]:
    return [case.number for case in cases]


def test_each_chosen_case_moves_for_itself_and_each_refusal_is_said(bank: Bank, late: list[Application], now) -> None:
    results = reassign_each(
        [*numbers(late), "NONE"], to=bank.people.cc, actor=bank.people.sup, at=now, note="超时件集中处理"
    )
    assert [(said.number, said.is_done) for said in results] == [
        (late[0].number, True), (late[1].number, True), (late[2].number, False), ("NONE", False),
    ]  # fmt: skip
    for case in late[:2]:
        moved = Application.objects.get(pk=case.pk)
        assert moved.is_claimed_by(bank.people.cc.pk, now)
        assert moved.events.latest("seq").note == "超时件集中处理"
        assert CaseClock.objects.get(application=case, kind=Clock.CHECK).owner == bank.people.cc
    assert all(said.sentence for said in results)


def test_a_person_without_the_role_takes_none_and_nothing_has_moved(bank: Bank, late: list[Application], now) -> None:
    results = reassign_each(numbers(late[:2]), to=bank.people.as_, actor=bank.people.sup, at=now, note="改派")
    assert not any(said.is_done for said in results)
    assert not held_cases(at=now).exists()


def test_the_board_answers_row_by_row_and_stays_where_it_is(bank: Bank, late: list[Application]) -> None:
    body = {"number": numbers(late), "to": bank.people.cc.number, "note": "超时件集中处理", "on_board": "1"}
    answer = page_of(bank.people.sup).post("/boards/overdue/reassign/", body, headers=BOARD)
    assert answer.status_code == 200
    for case in late:
        assert f'id="said-{case.number}" hx-swap-oob="true"' in answer.text
    assert answer.text.count("tone-late") == 1
    assert json.loads(answer["HX-Trigger"]) == {"acted": {"done": numbers(late[:2])}}


def test_a_reason_a_person_and_a_case_are_asked_for(bank: Bank, late: list[Application]) -> None:
    whole = {"number": numbers(late[:1]), "to": bank.people.cc.number, "note": "改派", "on_board": "1"}
    supervisor = page_of(bank.people.sup)
    for name in ("number", "to", "note"):
        body = {key: value for key, value in whole.items() if key != name}
        answer = supervisor.post("/boards/overdue/reassign/", body, headers=BOARD)
        assert answer.status_code == 400, name
    many = {**whole, "number": [f"N{n}" for n in range(AT_MOST + 1)]}
    assert supervisor.post("/boards/overdue/reassign/", many, headers=BOARD).status_code == 400
    assert not held_cases(at=clock.now()).exists()


@pytest.mark.parametrize(
    ("path", "let_in"),
    [("reassign", "tr sup"), ("urge", "cm cs bh bh2 tr sup cm2"), ("takers", "tr sup")],
)
def test_who_acts_on_a_board(bank: Bank, late: list[Application], path: str, let_in: str) -> None:
    for name, person in vars(bank.people).items():
        client = page_of(person)
        act = client.get if path == "takers" else client.post
        answer = act(f"/boards/overdue/{path}/", headers=BOARD)
        assert (answer.status_code != 403) == (name in let_in.split()), name


def test_takers_stand_with_what_they_carry_and_whether_they_are_here(bank: Bank, late: list[Application], now) -> None:
    cast = bank.cast
    free, busy, away, off = (cast.hire(name, "OC01", "CC") for name in ("核一", "核二", "核三", "核四"))
    cast.lend(late[0], to=busy, when=now)
    today = clock.local_day(now)
    Absence.objects.create(employee=away, starts_on=today, ends_on=today + timedelta(days=2))
    RosterDay.objects.create(employee=off, on=today, minutes=0)
    loads = {load.employee.pk: load for load in who_could_take(late[:2], at=now)}
    assert set(loads) == {person.pk for person in (bank.people.cc, free, busy, away, off)}
    assert (loads[busy.pk].held, loads[busy.pk].clocks, loads[busy.pk].overdue) == (1, 1, 1)
    assert loads[away.pk].away_until == today + timedelta(days=2)
    order = list(loads)
    assert {order.index(away.pk), order.index(off.pk)} == {3, 4}
    assert order.index(free.pk) < order.index(busy.pk)
    assert who_could_take([late[2]], at=now) == []
    text = page_of(bank.people.sup).get("/boards/overdue/takers/", {"number": numbers(late)}).text
    assert f'value="{busy.number}"' in text
    assert bank.people.as_.number not in text


def test_every_number_of_the_load_opens_its_list(bank: Bank, late: list[Application], now) -> None:
    bank.cast.lend(late[0], to=bank.people.cc, when=now)
    supervisor = page_of(bank.people.sup)
    for load in load_of(CENTER_ROLES, at=now):
        person = load.employee
        assert held_cases(at=now).filter(claimed_by=person).count() == load.held
        for part, count in (("clocks", load.clocks), ("overdue", load.overdue), ("today", load.due_today)):
            assert running_clocks(at=now, part=part).filter(owner=person).count() == count
    for which in ("held", "clocks", "overdue"):
        text = supervisor.get(f"/boards/load/?person={bank.people.cc.number}&which={which}").text
        assert f'value="{late[0].number}"' in text


def test_urging_from_the_board_tells_each_holder(bank: Bank, late: list[Application], now) -> None:
    bank.cast.lend(late[0], to=bank.people.cc, when=now)
    results = urge_each(numbers(late), actor=bank.people.tr, at=now, text="请今天核查")
    assert [said.is_done for said in results] == [True, True, False]
    assert Urge.objects.count() == 2
    assert Message.objects.filter(employee=bank.people.cc, kind="urged").count() == 1


def item(bank: Bank, now, *, state: str, code: str, hours: int, branch=None) -> ProblemItem:
    case = bank.case(State.PROBLEM, resume_state=State.CHECKED, branch=branch or bank.branches.bh01)
    return ProblemItem.objects.create(
        application=case, code=code, party="BRANCH", state=state, raised_by=bank.people.tr,
        raised_at=now - timedelta(hours=hours),
    )  # fmt: skip


def test_problems_are_counted_by_whose_turn_and_age_and_open_their_lists(bank: Bank, now) -> None:
    states = ["OPEN", "WAIT_BRANCH", "WAIT_CUSTOMER", "WAIT_HEAD_OFFICE", "REPLIED"]
    for n, hours in enumerate((1, 25, 80, 200, 30, 5)):
        item(bank, now, state=states[n % 5], code="C03" if n % 2 else "F04", hours=hours,
             branch=bank.branches.yx01 if n == 2 else None)  # fmt: skip
    closed = item(bank, now, state="RESOLVED", code="C03", hours=1)
    ProblemItem.objects.filter(pk=closed.pk).update(closed_at=now)
    board = problem_board(scope=None, at=now)
    assert board.total == 6
    assert {turn: sum(board.cells.get((turn, age), 0) for age in AGES) for turn in TURNS} == {
        "center": 3, "branch": 1, "customer": 1, "head-office": 1,
    }  # fmt: skip
    for (turn, age), items in board.cells.items():
        assert open_problems(scope=None, at=now, turn=turn, age=age).count() == items
    for code, items in board.codes.items():
        assert open_problems(scope=None, at=now, code=code).count() == items
    assert problem_board(scope=bank.branches.yx01, at=now).total == 1
    text = page_of(bank.people.bh2).get("/boards/problems/?turn=customer").text
    assert text.count("data-pick ") == 1


def test_a_branch_head_sees_the_branchs_clocks_only_and_nobody_by_name(bank: Bank, now) -> None:
    for branch, person in ((bank.branches.bh01, bank.people.ec), (bank.branches.yx01, bank.people.cc)):
        case = bank.case(State.CHECKED, branch=branch)
        row = bank.clock(Clock.ENTRY, now - timedelta(days=3), case=case, owner=person)
        bank.stop(row, now - timedelta(days=1), Outcome.LATE)
    head, other = page_of(bank.people.bh), bank.people.ec
    text = head.get("/boards/timeliness/?clock=ENTRY").text
    assert other.number not in text
    assert head.get("/boards/timeliness/?clock=ENTRY&verdict=late").context["page"].rows[0].owner == other
    assert head.get("/boards/timeliness/?clock=ENTRY&verdict=late&branch=YX01").status_code == 404


def test_everybody_finds_the_own_rate_and_nobody_elses(bank: Bank, now) -> None:
    for person, hours in ((bank.people.ec, 70), (bank.people.cc, 60)):
        row = bank.clock(Clock.ENTRY, now - timedelta(days=3), owner=person)
        bank.stop(row, now - timedelta(hours=72 - hours), Outcome.LATE)
    clerk = page_of(bank.people.ec)
    answer = clerk.get("/boards/timeliness/?verdict=late")
    assert [row.owner for row in answer.context["page"]] == [bank.people.ec]
    assert answer.context["people"] is None
    assert bank.people.cc.number not in answer.text
    assert clerk.get(f"/boards/timeliness/?verdict=late&person={bank.people.cc.number}").status_code == 404
    assert clerk.get("/boards/overdue/").status_code == 403


def test_the_api_says_what_the_boards_say(bank: Bank, late: list[Application], now) -> None:
    supervisor = Caller(bank.people.sup)
    row = bank.clock(Clock.ENTRY, now - timedelta(days=3), owner=bank.people.ec)
    bank.stop(row, now - timedelta(days=1), Outcome.LATE)
    board = supervisor.get("boards/timeliness/", clock="ENTRY").json()
    [entry] = [stage for stage in board["stages"] if stage["clock"] == "ENTRY"]
    assert (entry["late"], entry["rate"]) == (1, 0.0)
    assert board["people"] == [
        {"person": bank.people.ec.number, "in_time": 0, "late": 1, "exempt": 0, "open_overdue": 0, "rate": 0.0}
    ]
    assert len(supervisor.get("boards/timeliness/clocks/", verdict="late").json()["results"]) == 1
    assert Caller(bank.people.mgt).get("boards/timeliness/clocks/", verdict="late").json()["results"] == []
    assert Caller(bank.people.bh).get("boards/timeliness/", clock="ENTRY").json()["people"] == []
    assert supervisor.get("boards/timeliness/", period="90").status_code == 400
    assert supervisor.get("boards/timeliness/clocks/", verdict="never").status_code == 400
    assert len(supervisor.get("boards/overdue/cases/", stage="CENTRAL_ENTRY").json()["results"]) == 2
    assert Caller(bank.people.mgt).get("boards/overdue/cases/").status_code == 403
    assert supervisor.get("boards/problems/").json()["total"] == 0
    loads = supervisor.get("boards/load/", role="CC").json()["people"]
    assert [row["employee"] for row in loads] == [bank.people.cc.number]
    body = {"applications": numbers(late), "to": bank.people.cc.number, "note": "改派"}
    results = supervisor.post("boards/overdue/reassign/", body).json()["results"]
    assert [row["done"] for row in results] == [True, True, False]
    assert Caller(bank.people.bh).post("boards/overdue/reassign/", body).status_code == 403
    assert supervisor.post("boards/overdue/reassign/", {**body, "applications": []}).status_code == 400
    held = supervisor.get("boards/load/cases/", person=bank.people.cc.number).json()["results"]
    assert {row["number"] for row in held} == set(numbers(late[:2]))
    urged = supervisor.post("boards/overdue/urge/", {"applications": numbers(late), "text": "请今天核查"})
    assert [row["done"] for row in urged.json()["results"]] == [True, True, False]


@pytest.mark.parametrize("path", ["problems/", "load/", "timeliness/?clock=ENTRY&verdict=late"])
def test_a_board_costs_the_same_for_two_rows_and_for_twenty(
    bank: Bank, now, django_assert_max_num_queries, path: str
) -> None:
    for n in range(20):
        item(bank, now, state="WAIT_BRANCH", code="C03", hours=n)
        row = bank.clock(Clock.ENTRY, now - timedelta(days=3), owner=bank.people.ec)
        bank.stop(row, now - timedelta(days=1), Outcome.LATE)
        bank.clock(Clock.ENTRY, now - timedelta(days=3), owner=bank.people.ec)
    supervisor: Client = page_of(bank.people.sup)
    supervisor.get(f"/boards/{path}")
    with django_assert_max_num_queries(30):
        assert supervisor.get(f"/boards/{path}").status_code == 200

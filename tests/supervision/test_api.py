"""Breaches and boards through the API: exact statuses, exact fields."""

from __future__ import annotations

from datetime import timedelta

import pytest

from applications.lifecycle import Clock, State
from applications.models import CaseClock
from ops_center import clock
from supervision.models import Breach, Justification
from supervision.selectors.overdue import overdue_board
from supervision.services.breaches import find_breaches
from tests.api.conftest import Caller
from tests.supervision.conftest import Bank

pytestmark = pytest.mark.django_db


@pytest.fixture
def breach(bank: Bank) -> Breach:
    now = clock.now()
    case = bank.case(State.CHECKED, due_at=now - timedelta(minutes=1), due_clock=Clock.ENTRY)
    row = bank.clock(Clock.ENTRY, now - timedelta(days=9), case=case, owner=bank.people.ec)
    CaseClock.objects.filter(pk=row.pk).update(due_at=now - timedelta(minutes=1))
    find_breaches(at=now)
    return Breach.objects.get()


def test_a_breach_is_explained_and_decided(bank: Bank, breach: Breach) -> None:
    clerk, tracker = Caller(bank.people.ec), Caller(bank.people.tr)
    [row] = clerk.get("breaches/").json()["results"]
    assert (row["application"], row["clock"], row["owner"]) == (breach.application.number, "ENTRY", "LZ10008")
    assert (row["state"], row["outcome"], row["justification"]) == ("TO_EXPLAIN", "", None)
    path = f"breaches/{breach.pk}/"
    assert tracker.post(f"{path}decide/", {"accepted": True, "note": ""}).status_code == 409
    answer = clerk.post(f"{path}justify/", {"code": "SYSTEM_FAILURE", "text": "15:00 起无法登录"})
    assert answer.status_code == 200
    assert answer.json()["state"] == "TO_DECIDE"
    assert clerk.post(f"{path}justify/", {"code": "OTHER", "text": "又一次"}).status_code == 409
    assert clerk.post(f"{path}decide/", {"accepted": True, "note": ""}).status_code == 403
    answer = tracker.post(f"{path}decide/", {"accepted": True, "note": "已核实"})
    assert answer.status_code == 200
    assert answer.json()["state"] == "ACCEPTED"
    assert answer.json()["justification"]["decided_by"] == "LZ10010"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"code": "SYSTEM_FAILURE"},
        {"code": "LUNCH", "text": "午休"},
        {"code": "OTHER", "text": ""},
        {"code": "OTHER", "text": "x" * 501},
        {"code": "OTHER", "text": "x", "accepted": True},
    ],
)
def test_another_shape_is_400(bank: Bank, breach: Breach, body: dict[str, object]) -> None:
    assert Caller(bank.people.ec).post(f"breaches/{breach.pk}/justify/", body).status_code == 400
    assert not Justification.objects.exists()


def test_the_banks_own_word_for_a_ground_is_understood(bank: Bank, breach: Breach) -> None:
    answer = Caller(bank.people.ec).post(f"breaches/{breach.pk}/justify/", {"code": "工作量超限", "text": "积压"})
    assert answer.json()["justification"]["code"] == "WORKLOAD"


def test_breaches_of_others_are_out_of_sight(bank: Bank, breach: Breach) -> None:
    stranger = Caller(bank.people.cc)
    assert stranger.get("breaches/").json()["results"] == []
    assert stranger.get(f"breaches/{breach.pk}/").status_code == 404
    assert stranger.post(f"breaches/{breach.pk}/justify/", {"code": "OTHER", "text": "x"}).status_code == 404
    assert Caller(bank.people.bh).get(f"breaches/{breach.pk}/").status_code == 200
    assert (
        Caller(bank.people.tr).post(f"breaches/{breach.pk}/justify/", {"code": "OTHER", "text": "x"}).status_code == 403
    )


def test_filters_narrow_and_unknown_ones_are_400(bank: Bank, breach: Breach) -> None:
    auditor = Caller(bank.people.aud)
    for query, found in (
        ({"clock": "ENTRY"}, 1), ({"clock": "CHECK"}, 0), ({"branch": "BH01"}, 1), ({"branch": "YX01"}, 0),
        ({"application": breach.application.number}, 1), ({"settled": "true"}, 0), ({"settled": "false"}, 1),
        ({"mine": "true"}, 0),
    ):  # fmt: skip
        assert len(auditor.get("breaches/", **query).json()["results"]) == found, query
    assert auditor.get("breaches/", clock="LUNCH").status_code == 400
    assert auditor.get("breaches/", owner="LZ10008").status_code == 400


def test_nobody_signed_out_sees_anything(bank: Bank, breach: Breach) -> None:
    nobody = Caller()
    for path in ("breaches/", f"breaches/{breach.pk}/", "boards/overdue/", "boards/leaderboard/"):
        assert nobody.get(path).status_code == 401


def test_a_list_of_breaches_costs_the_same_for_one_and_for_twenty(
    bank: Bank, breach: Breach, django_assert_max_num_queries
) -> None:
    now = clock.now()
    for _ in range(20):
        row = bank.clock(Clock.CHECK, now - timedelta(days=9), owner=bank.people.cc)
        CaseClock.objects.filter(pk=row.pk).update(due_at=now - timedelta(minutes=1))
    find_breaches(at=now)
    auditor = Caller(bank.people.aud)
    with django_assert_max_num_queries(8):
        assert len(auditor.get("breaches/").json()["results"]) == 21


def test_a_case_is_urged(bank: Bank, breach: Breach) -> None:
    path = f"applications/{breach.application.number}/urges/"
    answer = Caller(bank.people.tr).post(path, {"text": "请今天录入"})
    assert answer.status_code == 201
    assert (answer.json()["told"], answer.json()["by"]) == (1, "LZ10010")
    assert Caller(bank.people.ec).post(path, {"text": "x"}).status_code == 403
    assert Caller(bank.people.cm2).post(path, {"text": "x"}).status_code == 404


@pytest.mark.parametrize(
    ("board", "roles"),
    [
        ("overdue", "bh tr sup mgt aud"),
        ("funnel", "bh tr sup mgt aud"),
        ("capacity", "tr sup mgt aud"),
        ("leaderboard", "emp cm bh bag cs cc ec tr as_ sup mgt aud adm"),
    ],
)
def test_each_board_answers_its_roles_only(bank: Bank, board: str, roles: str) -> None:
    let_in = set(roles.split())
    for name in ["emp", "cm", "bh", "bag", "cs", "cc", "ec", "tr", "as_", "sup", "mgt", "aud", "adm"]:
        answer = Caller(getattr(bank.people, name)).get(f"boards/{board}/")
        assert answer.status_code == (200 if name in let_in else 403), name


def test_the_boards_say_what_the_screens_say(bank: Bank, breach: Breach) -> None:
    supervisor = Caller(bank.people.sup)
    answer = supervisor.get("boards/overdue/").json()
    figures = overdue_board(scope=None, at=clock.now())
    assert answer["total"] == figures.total == 1
    assert answer["cells"] == [{"branch": "BH01", "stage": "CENTRAL_ENTRY", "cases": 1}]
    assert answer["ages"] == {"0-1": 1, "1-3": 0, "3-7": 0, "7+": 0}
    assert answer["clocks"] == {"ENTRY": 1}
    queues = {row["queue"]: row for row in supervisor.get("boards/capacity/").json()["queues"]}
    assert (queues["entry"]["open"], queues["entry"]["overdue"], queues["entry"]["alarm"]) == (1, 1, True)
    funnel = supervisor.get("boards/funnel/", period="2026-11").json()
    assert [step["step"] for step in funnel["steps"]] == ["begun", "taken-in", "entered", "issued", "activated"]
    assert funnel["steps"][0]["cases"] == 1
    boards = supervisor.get("boards/leaderboard/").json()["boards"]
    assert [board["board"] for board in boards] == ["referrers", "collectors"]
    assert supervisor.get("boards/funnel/", period="November").status_code == 400
    assert supervisor.get("boards/weather/").status_code == 404


def test_a_branch_heads_board_is_the_branchs(bank: Bank, breach: Breach) -> None:
    assert Caller(bank.people.bh).get("boards/overdue/").json()["total"] == 1
    assert Caller(bank.people.bh2).get("boards/overdue/").json()["total"] == 0

"""超时归属: whose the overdue minutes of a period are; each number is the sum of its list."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from random import Random

import pytest

from applications.lifecycle import Clock, Holder, State
from applications.models import Custody
from supervision.models import Breach
from supervision.selectors.custody import charges_of_clocks
from supervision.selectors.delays import NOBODY, OFFICE, breaches_behind, delays_in
from supervision.selectors.timeliness import Window
from supervision.services.breaches import find_breaches
from tests.api.conftest import Caller
from tests.cast import at
from tests.supervision.conftest import Bank
from tests.supervision.test_pages import page_of

pytestmark = pytest.mark.django_db

NOW = at("2026-11-25 10:00")
WEEK = Window.read("7", at=NOW)
BOARD = "/boards/delays/"


@pytest.fixture
def late(bank: Bank) -> Bank:
    """Delays of three stages in the hands of everybody, some over, some running, some of the week before."""
    chance, people = Random(20261127), bank.people
    hands = [
        {"holder": Holder.QUEUE}, {"holder": Holder.TRUCK}, {"holder": Holder.CUSTOMER},
        {"holder": Holder.PERSON, "person": people.ec}, {"holder": Holder.PERSON, "person": people.cc},
        {"holder": Holder.BRANCH, "branch": bank.branches.bh01},
        {"holder": Holder.BRANCH, "branch": bank.branches.yx01}, None,
    ]  # fmt: skip
    for _n in range(30):
        start = at("2026-11-09 09:00") + timedelta(minutes=chance.randrange(12 * 24 * 60))
        case = bank.case(State.RECEIVED, branch=chance.choice([bank.branches.bh01, bank.branches.yx01]))
        clock = bank.clock(chance.choice([Clock.CHECK, Clock.ENTRY, Clock.TRANSIT]), start, case=case)
        clock.intervals.create(since=start)
        since = clock.due_at
        while since < NOW:
            until = since + timedelta(minutes=chance.randrange(20, 900))
            if held := chance.choice(hands):
                Custody.objects.create(application=case, since=since, until=until, **held)
            since = until
        if chance.random() < 0.6 and clock.due_at < NOW:
            bank.stop(clock, min(clock.due_at + timedelta(minutes=chance.randrange(1, 3000)), NOW))
    find_breaches(at=NOW)
    assert Breach.objects.filter(due_at__lt=WEEK.starts_at).exists()
    return bank


def recount(branch=None) -> Counter:
    """(clock, holder, person, branch) → minutes, breach by breach."""
    found: Counter = Counter()
    breaches = Breach.objects.filter(due_at__gte=WEEK.starts_at)
    for breach in breaches.filter(branch=branch) if branch else breaches:
        for charge in charges_of_clocks([breach.clock_id], at=NOW).get(breach.clock_id, []):
            held = charge.hands
            key = (held.holder, held.person, held.branch) if held else (NOBODY, None, None)
            found[breach.kind, *key] += charge.minutes
    return found


@pytest.mark.parametrize("scope", [None, "bh01"])
def test_the_figures_are_the_charges_of_the_breaches_of_the_period(late: Bank, scope: str | None) -> None:
    branch = getattr(late.branches, scope) if scope else None
    figures, minutes = delays_in(WEEK, at=NOW, branch=branch), recount(branch)
    assert {(kind, name): n for kind, held in figures.by_stage.items() for name, n in held.items()} == {
        cell: n
        for cell in {key[:2] for key in minutes}
        if (n := sum(value for key, value in minutes.items() if key[:2] == cell))
    }
    for held, place in ((figures.by_person, 2), (figures.by_branch, 3)):
        expected: Counter = Counter()
        for key, value in minutes.items():
            if key[place] is not None:
                expected[key[place]] += value
        assert held == expected
    assert figures.minutes == minutes.total() > 0
    assert len(figures.by_holder) >= 5


def test_each_number_is_the_sum_of_its_list(late: Bank) -> None:
    figures = delays_in(WEEK, at=NOW)
    for kind, held in figures.by_stage.items():
        for holder, minutes in held.items():
            breaches, shares = breaches_behind(WEEK, at=NOW, kind=kind, holder=holder)
            assert sum(shares.values()) == minutes
            assert {breach.clock_id for breach in breaches} == set(shares)
            assert {breach.kind for breach in breaches} == {kind}
    for person in (late.people.ec, late.people.cc):
        _breaches, shares = breaches_behind(WEEK, at=NOW, of_person=person)
        assert sum(shares.values()) == figures.by_person[person.pk] > 0
    _breaches, shares = breaches_behind(WEEK, at=NOW, of_branch=late.branches.yx01)
    assert sum(shares.values()) == figures.by_branch[late.branches.yx01.pk] > 0


def test_opens_the_list_behind_a_number(late: Bank) -> None:
    answer = page_of(late.people.tr).get(f"{BOARD}?period=7&clock=ENTRY&holder=QUEUE")
    shown = sum(minutes for _breach, minutes in answer.context["rows"])
    assert shown == answer.context["figures"].by_stage["ENTRY"]["QUEUE"] > 0


def test_a_branch_head_sees_the_own_cases_and_no_ranking_of_people(late: Bank) -> None:
    head, clerk = page_of(late.people.bh), late.people.ec
    answer = head.get(f"{BOARD}?period=7&person={clerk.number}")
    assert answer.context["people"] is None
    assert answer.context["page"] is None  # the list of a person is not theirs to ask for
    holder = next(iter(answer.context["figures"].by_holder))
    rows = head.get(f"{BOARD}?period=7&holder={holder}").context["rows"]
    assert {breach.branch for breach, _minutes in rows} == {late.people.bh.branch}


def test_the_management_reads_figures_and_opens_no_case(late: Bank) -> None:
    answer = page_of(late.people.mgt).get(f"{BOARD}?period=7&holder=QUEUE")
    assert answer.context["figures"].minutes > 0
    assert answer.context["page"] is None


def test_what_waits_after_the_end_of_a_case_is_the_offices(bank: Bank) -> None:
    case = bank.case(State.ACTIVATED)
    clock = bank.clock(Clock.CERTIFY, at("2026-11-17 09:00"), case=case)  # due Friday 20 November 17:30
    clock.intervals.create(since=clock.started_at)
    find_breaches(at=NOW)
    figures = delays_in(WEEK, at=NOW)
    assert figures.by_stage == {"CERTIFY": {OFFICE: 2 * 540 + 90}}
    assert [breach.clock for breach in breaches_behind(WEEK, at=NOW, holder=OFFICE)[0]] == [clock]
    assert not breaches_behind(WEEK, at=NOW, holder=NOBODY)[0]


@pytest.mark.parametrize("query", ["period=8", "clock=TEA", "holder=CAT", "who=me", "branch=NONE", "person=LZ00000"])
def test_what_it_does_not_know_is_refused(bank: Bank, query: str) -> None:
    assert page_of(bank.people.sup).get(f"{BOARD}?{query}").status_code == 400


def test_nobody_else_has_this_board(bank: Bank) -> None:
    for person in (bank.people.cm, bank.people.ec, bank.people.adm):
        assert page_of(person).get(BOARD).status_code == 403


def test_asks_the_same_number_of_questions_whatever_it_shows(late: Bank, django_assert_max_num_queries) -> None:
    client = page_of(late.people.sup)
    client.get(BOARD)
    with django_assert_max_num_queries(24):
        client.get(f"{BOARD}?period=7&holder=QUEUE")


def test_the_api_says_what_the_board_says(late: Bank) -> None:
    supervisor = Caller(late.people.sup)
    board = supervisor.get("boards/delays/", period="2026-10").json()
    assert (board["minutes"], board["cells"]) == (0, [])
    board = supervisor.get("boards/delays/", period="7").json()
    held: Counter = Counter()
    for cell in board["cells"]:
        held[cell["holder"]] += cell["minutes"]
    assert held.total() == board["minutes"] > 0
    assert sum(row["minutes"] for row in board["people"]) == held["PERSON"]
    assert sum(row["minutes"] for row in board["branches"]) == held["BRANCH"]
    rows = supervisor.get("boards/delays/breaches/", period="7", holder="TRUCK", clock="TRANSIT").json()["results"]
    [cell] = [cell for cell in board["cells"] if (cell["clock"], cell["holder"]) == ("TRANSIT", "TRUCK")]
    assert abs(sum(row["minutes"] for row in rows) - cell["minutes"]) <= len(rows)  # a minute later, perhaps
    assert Caller(late.people.bh).get("boards/delays/", period="7").json()["people"] == []
    assert Caller(late.people.mgt).get("boards/delays/breaches/").status_code == 403
    assert supervisor.get("boards/delays/", period="8").status_code == 400
    assert supervisor.get("boards/delays/breaches/", holder="CAT").status_code == 400

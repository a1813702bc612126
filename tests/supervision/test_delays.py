"""超时归属: whose the overdue minutes of a period are; each number is the sum of its list, whether the job has kept
what has stopped, or not yet, or something has changed since."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from random import Random

import pytest

from applications.lifecycle import Clock, Holder, State
from applications.models import Custody
from ops_center.kernel.errors import Malformed, NotAllowed
from supervision.models import Breach, BreachCharge, DelayCount
from supervision.selectors.custody import charges_of_clocks, with_charges
from supervision.selectors.delays import HOLDER_LABELS, NOBODY, OFFICE, Held, breaches_behind, delays_in
from supervision.selectors.timeliness import Window
from supervision.services import figures
from supervision.services.breaches import find_breaches
from supervision.services.charges import charge_breaches
from supervision.services.figures import put_together
from supervision.services.report_files import ask_report, write
from tests.api.conftest import Caller
from tests.cast import at
from tests.supervision.conftest import Bank
from tests.supervision.test_pages import page_of
from tests.supervision.test_report_files import lines_of

pytestmark = pytest.mark.django_db

NOW = at("2026-11-25 10:00")
WEEK = Window.read("7", at=NOW)
BOARD = "/boards/delays/"


def correct(chance: Random) -> None:
    """What may still happen to delays that were charged: a deadline and a stop are moved, minutes are paused."""
    for breach in Breach.objects.exclude(clock__stopped_at=None).select_related("clock"):
        clock = breach.clock
        match chance.randrange(4):
            case 0:
                clock.due_at += timedelta(minutes=200)
                clock.save()
                if clock.due_at < clock.stopped_at:
                    Breach.objects.filter(pk=breach.pk).update(due_at=clock.due_at, found_at=NOW, file_by=NOW)
            case 1:
                clock.stopped_at -= timedelta(minutes=30)
                clock.save()
            case 2:
                [run] = clock.intervals.all()
                middle = run.since + (run.until - run.since) / 2
                clock.intervals.update(until=middle)
                clock.intervals.create(since=middle, until=run.until, minutes=0, pause="OUTAGE", minutes_left=0,
                                       due_before=clock.due_at)  # fmt: skip


PASSES = ["not charged yet", "charged", "corrected since", "put together", "charged anew"]
at_every_pass = pytest.mark.parametrize("late", PASSES, indirect=True)


@pytest.fixture
def late(bank: Bank, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Bank:
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
            clock = bank.stop(clock, min(clock.due_at + timedelta(minutes=chance.randrange(1, 3000)), NOW))
            clock.intervals.update(until=clock.stopped_at, minutes=0)
    find_breaches(at=NOW)
    assert Breach.objects.filter(due_at__lt=WEEK.starts_at).exists()
    steps = PASSES.index(getattr(request, "param", "corrected since"))
    stopped = Breach.objects.filter(clock__stopped_at__isnull=False).count()
    if steps >= 1:
        assert charge_breaches(at=NOW) == {"charged": stopped}
        assert charge_breaches(at=NOW) == {"charged": 0}
        assert BreachCharge.objects.exists()
    if steps >= 2:
        correct(chance)
    if steps >= 3:
        monkeypatch.setattr(figures, "MANY_CHANGES", 1)
        put_together()
        assert not DelayCount.objects.filter(is_sum=False).exists()
    if steps >= 4:
        assert 0 < charge_breaches(at=NOW)["charged"] < stopped
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


@at_every_pass
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


def shares(held: Held, **cut) -> list[int]:
    """What each breach of a list adds to its number; each adds something."""
    figures = delays_in(WEEK, at=NOW, branch=cut.get("branch"), with_lists=True)
    breaches = list(breaches_behind(WEEK, held, figures, at=NOW, **cut))
    with_charges(breaches, at=NOW)
    found = [held.of(breach) for breach in breaches]
    assert all(found)
    return found


@at_every_pass
def test_each_number_is_the_sum_of_its_list(late: Bank) -> None:
    figures = delays_in(WEEK, at=NOW)
    for kind, held in figures.by_stage.items():
        for holder, minutes in held.items():
            assert sum(shares(Held(holder), kind=kind)) == minutes
    for person in (late.people.ec, late.people.cc):
        assert sum(shares(Held(person=person))) == figures.by_person[person.pk] > 0
    yx01 = late.branches.yx01
    assert sum(shares(Held(branch=yx01))) == figures.by_branch[yx01.pk] > 0
    own = delays_in(WEEK, at=NOW, branch=yx01)
    assert sum(shares(Held(), branch=yx01)) == own.minutes > 0


def test_opens_the_list_behind_a_number(late: Bank) -> None:
    answer = page_of(late.people.tr).get(f"{BOARD}?period=7&clock=ENTRY&holder=QUEUE")
    shown = sum(minutes for _breach, minutes in answer.context["rows"])
    assert shown == answer.context["figures"].by_stage["ENTRY"]["QUEUE"] > 0


def test_a_branch_head_sees_the_own_cases_and_no_ranking_of_people(late: Bank) -> None:
    head, clerk = page_of(late.people.bh), late.people.ec
    assert head.get(f"{BOARD}?period=7&person={clerk.number}").status_code == 404
    answer = head.get(f"{BOARD}?period=7")
    assert answer.context["people"] is None
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
    figures = delays_in(WEEK, at=NOW, with_lists=True)
    assert figures.by_stage == {"CERTIFY": {OFFICE: 2 * 540 + 90}}
    for _again in ("not charged", "charged"):
        board = delays_in(WEEK, at=NOW, with_lists=True)
        assert [breach.clock for breach in breaches_behind(WEEK, Held(OFFICE), board, at=NOW)] == [clock]
        assert not breaches_behind(WEEK, Held(NOBODY), board, at=NOW)
        bank.stop(clock, NOW)
        charge_breaches(at=NOW)
    assert delays_in(WEEK, at=NOW) == figures


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


def test_the_file_of_a_month_adds_up_to_its_board(late: Bank) -> None:
    asked = {"report": "delays", "asked": {"period": "2026-11"}, "form": "csv", "at": NOW}
    run = ask_report(**asked, purpose="责任归属", actor=late.people.sup)
    assert write(run=run.pk, at=NOW)
    rows = lines_of(run)[1:]
    found = Counter[str]()
    for *_case, holder, _who, minutes in rows:
        found[holder] += int(minutes)
    board = delays_in(Window.read("2026-11", at=NOW), at=NOW).by_holder
    assert found == {str(HOLDER_LABELS[name]): minutes for name, minutes in board.items() if minutes}
    assert {"方芳 LZ10008", "滨河支行", "—"} <= {row[-2] for row in rows}
    own = ask_report(**asked, purpose="本行复盘", actor=late.people.bh)
    assert write(run=own.pk, at=NOW)
    assert {row[2] for row in lines_of(own)[1:]} == {"滨河支行"}
    with pytest.raises(Malformed):
        ask_report(**asked, purpose=" ", actor=late.people.sup)
    with pytest.raises(NotAllowed):
        ask_report(**asked, purpose="看看", actor=late.people.mgt)


def test_a_months_board_is_taken_as_a_file_by_who_opens_its_lists(late: Bank) -> None:
    def offers(person, period: str) -> bool:
        return 'data-opens="take"' in page_of(person).get(f"{BOARD}?period={period}").content.decode()

    people = late.people
    assert [offers(person, "2026-11") for person in (people.sup, people.bh, people.tr, people.mgt)] == [
        True, True, False, False,
    ]  # fmt: skip
    assert not offers(people.sup, "30")

"""英雄榜: quarters, branches, the back office, the quality gate, and names that people hide."""

from __future__ import annotations

import pytest
from django.test import Client

from applications.lifecycle import Clock, Outcome, State, Step
from applications.models import Event, KeyDifference
from ops_center.kernel.errors import Malformed
from organization.models import AuditRecord, Employee
from supervision.models import Complaint
from supervision.periods import Month, Quarter, read_span
from supervision.selectors.leaderboard import LEAST_DONE_IN_A_MONTH, activated_cases, back_office, leaderboard
from tests.cast import at
from tests.supervision.conftest import Bank

pytestmark = pytest.mark.django_db
NOVEMBER, LAST_QUARTER = Month(2026, 11), Quarter(2026, 4)
NOW = at("2026-11-25 09:00")


def page_of(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def activated(bank: Bank, when: str, **facts) -> None:
    facts.setdefault("collector", bank.people.cm)
    bank.case(State.ACTIVATED, taken_in_at=at("2026-09-30 10:00"), activated_at=at(when), **facts)


def complaint(bank: Bank, against: Employee, *, closed: str, upheld: bool) -> None:
    opened = at("2026-09-01 10:00")
    Complaint.objects.create(
        number=f"T{Complaint.objects.count()}", about="SALE", channel="PHONE", text="x", against=against,
        state=Complaint.State.CLOSED, opened_by=bank.people.sup, opened_at=opened, reply_by=opened, close_by=NOW,
        reply_warn_at=opened, close_warn_at=opened, recorded_at=opened, handled_at=opened,
        rechecked_at=opened, fed_back_at=opened, followed_up_at=at(closed), closed_at=at(closed), is_upheld=upheld,
    )  # fmt: skip


def worked(bank: Bank, person: Employee, outcomes: str, *, when: str = "2026-11-10 09:00") -> None:
    """Entry clocks of a person: ``1`` on time, ``0`` late, ``q`` late in the queue."""
    words = {"1": Outcome.ON_TIME, "0": Outcome.LATE, "q": Outcome.LATE_QUEUE}
    for word in outcomes:
        row = bank.clock(Clock.ENTRY, at(when), owner=person)
        bank.stop(row, at("2026-11-12 09:00"), words[word])


def test_a_quarter_is_its_three_months(bank: Bank) -> None:
    for when in ("2026-09-30 23:59", "2026-10-01 00:00", "2026-11-15 09:00", "2026-12-31 23:59"):
        activated(bank, when)
    assert leaderboard("collectors", span=LAST_QUARTER, reader=bank.people.cm).own.activated == 3
    assert [str(month) for month in LAST_QUARTER.months] == ["2026-10", "2026-11", "2026-12"]
    assert str(Quarter(2026, 1).previous) == "2025-Q4"
    assert read_span("2026-Q4", at=NOW) == Quarter.of(NOW) == LAST_QUARTER
    for wrong in ("2026-Q5", "2026", "Q4"):
        with pytest.raises(Malformed):
            read_span(wrong, at=NOW)


def test_branches_are_ranked_like_people(bank: Bank) -> None:
    for when in ("2026-11-10 09:00", "2026-11-11 09:00"):
        activated(bank, when)
    activated(bank, "2026-11-09 09:00", branch=bank.branches.yx01, collector=bank.people.cm2)
    board = leaderboard("branches", span=NOVEMBER, reader=bank.people.bh2)
    assert [(row.rank, row.branch.code, row.activated) for row in board.best] == [(1, "BH01", 2)]
    assert board.own is not None
    assert (board.own.rank, board.own.branch) == (2, bank.branches.yx01)
    for row in (*board.best, board.own):
        assert activated_cases("branches", span=NOVEMBER, key=row.branch.code).count() == row.activated


@pytest.mark.parametrize(("ranked", "shown"), [(1, 1), (2, 1), (3, 1), (9, 4), (21, 10)])
def test_shown_is_the_better_half_at_most_and_the_last_is_told_so_alone(bank: Bank, ranked: int, shown: int) -> None:
    people = [bank.cast.hire(f"经理{nth}", "BH01", "CM") for nth in range(ranked)]
    for nth, person in enumerate(people, start=1):
        activated(bank, f"2026-11-{nth:02} 09:00", collector=person)
        if nth < ranked:  # all have two cards but the last
            activated(bank, f"2026-11-{nth:02} 09:00", collector=person)
    board = leaderboard("collectors", span=NOVEMBER, reader=people[-1])
    assert [row.key for row in board.best] == [person.pk for person in people[:shown]]
    assert board.own is not None
    assert board.own.rank == ranked


def test_exactly_fifteen_per_cent_returned_is_still_ranked(bank: Bank) -> None:
    taken_in = at("2026-11-02 10:00")
    for place in range(20):
        bank.case(
            State.ACTIVATED if place else State.RETURNED, round=2 if place < 3 else 1, taken_in_at=taken_in,
            received_at=taken_in, collector=bank.people.cm,
        )  # fmt: skip
    board = leaderboard("collectors", span=NOVEMBER, reader=bank.people.cm)
    assert board.own is not None
    assert (board.own.rank, board.own.return_rate) == (1, 0.15)


def test_an_upheld_complaint_of_the_period_takes_the_rank_of_person_and_branch(bank: Bank) -> None:
    activated(bank, "2026-11-10 09:00")
    complaint(bank, bank.people.cm, closed="2026-11-12 09:00", upheld=False)
    complaint(bank, bank.people.cm, closed="2026-10-31 23:59", upheld=True)
    assert leaderboard("collectors", span=NOVEMBER, reader=bank.people.cm).own.rank == 1
    complaint(bank, bank.people.cm, closed="2026-11-12 09:00", upheld=True)
    own = leaderboard("collectors", span=NOVEMBER, reader=bank.people.cm).own
    assert (own.rank, own.has_complaint) == (None, True)
    assert leaderboard("branches", span=NOVEMBER, reader=bank.people.cm).best == []
    assert "投诉属实" in page_of(bank.people.cm).get("/boards/leaderboard/?period=2026-11").text
    assert "投诉属实，本期不上榜" not in page_of(bank.people.bh2).get("/boards/leaderboard/?period=2026-11").text


def test_the_back_office_is_ranked_by_punctuality_then_by_errors(bank: Bank) -> None:
    cast = bank.cast
    a, b, c, d, *others = (cast.hire(f"录入{n}", "OC01", "EC") for n in range(7))
    worked(bank, a, "1" * 19 + "0")
    worked(bank, b, "1" * 20)
    worked(bank, c, "1" * 20 + "q")  # late in the queue is nobody's
    worked(bank, d, "1" * 19)  # one too few for a rate
    for person in others:
        worked(bank, person, "1" * 18 + "00")
    case = bank.case(State.ENTERED)
    for person, entries in ((b, 4), (c, 4)):
        for seq in range(entries):
            Event.objects.create(
                application=case, seq=person.pk * 100 + seq, step=Step.SUBMIT_ENTRY, to_state=State.KEYED,
                actor=person, at=at("2026-11-10 10:00"), round=1, digest=b"",
            )  # fmt: skip
    KeyDifference.objects.create(
        application=case, round=1, field="name", found_by=a, found_at=at("2026-11-10 11:00"), wrong_keyer=b
    )
    board = back_office(span=NOVEMBER, reader=d)
    assert [(row.rank, row.employee.pk, row.error_rate) for row in board.best] == [
        (1, c.pk, 0.0), (2, b.pk, 0.25), (3, a.pk, None),
    ]  # fmt: skip
    assert board.best[2].on_time_rate == 0.95
    assert board.own is not None
    assert (board.own.rank, board.own.done, board.least) == (None, 19, LEAST_DONE_IN_A_MONTH)
    assert back_office(span=LAST_QUARTER, reader=d).best == []  # sixty in a quarter


def test_equal_punctuality_and_errors_share_a_rank(bank: Bank) -> None:
    people = [bank.cast.hire(f"核查{n}", "OC01", "CC") for n in range(3)]
    for person, outcomes in zip(people, ("1" * 20, "1" * 20, "1" * 19 + "0"), strict=True):
        worked(bank, person, outcomes)
    boards = [back_office(span=NOVEMBER, reader=person) for person in people]
    assert [board.own.rank for board in boards if board.own] == [1, 1, 3]
    assert {row.key for board in boards for row in board.best} == {people[0].pk}


def test_a_hidden_name_shows_the_last_two_digits_to_others(bank: Bank) -> None:
    activated(bank, "2026-11-10 09:00")
    own = page_of(bank.people.cm)
    assert own.post("/boards/leaderboard/name/", {"hides": "1"}).status_code == 302
    assert AuditRecord.objects.filter(action="hide_name", subject=bank.people.cm.number).count() == 1
    others = page_of(bank.people.emp)
    page = others.get("/boards/leaderboard/?period=2026-11").text
    assert bank.people.cm.name not in page
    assert bank.people.cm.number not in page
    assert "工号尾号 01" in page
    row = others.get("/api/v1/boards/leaderboard/?period=2026-11").json()["boards"][1]["best"][0]
    assert (row["employee"], row["name"]) == (None, "工号尾号 01")
    assert own.get("/api/v1/boards/leaderboard/?period=2026-11").json()["boards"][1]["own"]["employee"] == "LZ10001"
    own.post("/boards/leaderboard/name/", {"hides": "0"})
    assert bank.people.cm.name in others.get("/boards/leaderboard/?period=2026-11").text


def test_the_list_behind_a_score_is_the_own_one_or_that_of_who_watches(bank: Bank) -> None:
    activated(bank, "2026-11-10 09:00")
    address = "/boards/leaderboard/cases/?period=2026-11&board=collectors&key=LZ10001"
    for person, status in ((bank.people.cm, 200), (bank.people.mgt, 200), (bank.people.emp, 404)):
        assert page_of(person).get(address).status_code == status
    branch = "/boards/leaderboard/cases/?period=2026-11&board=branches&key=BH01"
    for person, status in ((bank.people.bh, 200), (bank.people.bh2, 404), (bank.people.sup, 200)):
        assert page_of(person).get(branch).status_code == status
    assert page_of(bank.people.sup).get("/boards/leaderboard/cases/?board=weather").status_code == 400


def test_the_boards_cost_few_queries_whatever_they_show(bank: Bank, django_assert_max_num_queries) -> None:
    for nth in range(12):
        person = bank.cast.hire(f"经理{nth}", "BH01", "CM")
        activated(bank, f"2026-11-{nth + 1:02} 09:00", collector=person)
        worked(bank, person, "1" * 3)
    reader = page_of(bank.people.sup)
    with django_assert_max_num_queries(28):
        assert reader.get("/boards/leaderboard/?period=2026-11").status_code == 200

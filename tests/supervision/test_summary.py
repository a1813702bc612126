"""The personal summary: figures by hand and with their lists, text that saves itself and is never overwritten."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.test import Client

from applications.lifecycle import Clock, Outcome, State
from applications.models import KeyDifference
from ops_center.kernel.errors import StaleVersion
from supervision.models import MonthSummary
from supervision.periods import Month
from supervision.selectors.summary import LABELS, summary_cases, summary_of
from supervision.services.summaries import save_summary
from tests.cast import at
from tests.supervision.conftest import Bank, found_bank

pytestmark = pytest.mark.django_db
NOVEMBER = Month(2026, 11)
NOW = at("2026-11-25 09:00")
TEXT = {"review": "回顾", "results": "", "problems": "", "measures": "", "plan": "计划"}


def page_of(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def month(bank: Bank) -> Bank:
    me = bank.people.cm
    first = at("2026-11-02 10:00")
    bank.case(State.RECEIVED, taken_in_at=first, collector=me)
    bank.case(State.RETURNED, taken_in_at=first, collector=me, round=2)
    bank.case(State.ACTIVATED, taken_in_at=at("2026-10-02 10:00"), activated_at=first, collector=me)
    bank.case(State.REJECTED, taken_in_at=at("2026-10-02 10:00"), rejected_at=at("2026-10-20 10:00"), collector=me)
    bank.case(
        State.ACTIVATED, taken_in_at=at("2026-10-02 10:00"), activated_at=at("2026-12-01 00:00"), referrer=me,
        referrer_type="EMPLOYEE", referred_at=first,
    )  # fmt: skip
    for outcome in (Outcome.ON_TIME, Outcome.LATE, Outcome.LATE_QUEUE, Outcome.RETURNED_IN_TIME):
        bank.stop(bank.clock(Clock.DISPATCH, first, owner=me), at("2026-11-03 10:00"), outcome)
    case = bank.case(State.ENTERED)
    for field in ("name", "mobile"):
        KeyDifference.objects.create(
            application=case, round=1, field=field, found_by=bank.people.ec, found_at=first, wrong_keyer=me
        )
    return bank


def test_the_figures_of_a_month_count_by_hand(month: Bank) -> None:
    assert summary_of(month.people.cm, month=NOVEMBER).figures == {
        "referred": 1, "taken_in": 2, "activated": 1, "returned": 1, "open": 3, "on_time": 2, "late": 1, "errors": 2,
    }  # fmt: skip


def test_every_figure_opens_its_cases(month: Bank) -> None:
    figures = summary_of(month.people.cm, month=NOVEMBER).figures
    page = page_of(month.people.cm)
    for name in LABELS:
        listed = summary_cases(month.people.cm, month=NOVEMBER, name=name).count()
        assert listed == (1 if name == "errors" else figures[name]), name  # two wrong fields of one case
        assert page.get(f"/summary/cases/?month=2026-11&figure={name}").status_code == 200
    assert page.get("/summary/cases/?figure=weather").status_code == 400


def test_what_is_typed_is_kept_and_answers_the_next_version(month: Bank) -> None:
    page = page_of(month.people.cm)
    answer = page.post("/summary/2026-11/save/", TEXT | {"version": 0}, headers={"HX-Request": "true"})
    assert 'name="version" form="summary" value="1"' in answer.text
    page.post("/summary/2026-11/save/", TEXT | {"version": 1, "plan": "下月"}, headers={"HX-Request": "true"})
    kept = MonthSummary.objects.get()
    assert (kept.review, kept.plan, kept.version) == ("回顾", "下月", 2)
    assert "下月" in page.get("/summary/").text
    assert page.post("/summary/2026-11/save/", TEXT | {"version": 2}).status_code == 302  # by the button
    assert "下月" not in page_of(month.people.bh).get("/summary/").text


def test_a_stale_save_is_refused_with_a_sentence_and_overwrites_nothing(month: Bank) -> None:
    page = page_of(month.people.cm)
    page.post("/summary/2026-11/save/", TEXT | {"version": 0})
    stale = page.post(
        "/summary/2026-11/save/", TEXT | {"version": 0, "review": "另一窗口"}, headers={"HX-Request": "true"}
    )
    assert stale.status_code == 412
    assert "另一个窗口" in stale.text
    assert MonthSummary.objects.get().review == "回顾"
    assert page.post("/summary/2026-11/save/", TEXT | {"version": 1, "plan": "客户13800001234"}).status_code == 400
    assert page.post("/summary/2026-13/save/", TEXT | {"version": 1}).status_code == 400


def test_the_page_costs_few_queries(month: Bank, django_assert_max_num_queries) -> None:
    page = page_of(month.people.cm)
    with django_assert_max_num_queries(14):
        page.get("/summary/")


@pytest.mark.django_db(transaction=True)
def test_of_two_first_saves_at_once_one_wins_and_one_is_told(transactional_db) -> None:
    me, told, ready = found_bank().people.cm, [], threading.Barrier(2)

    def save(text: str) -> None:
        try:
            ready.wait()
            save_summary(person=me, month=NOVEMBER, texts=TEXT | {"review": text}, version=0, at=NOW)
            told.append(text)
        except StaleVersion:
            told.append("stale")
        finally:
            connection.close()

    threads = [threading.Thread(target=save, args=[text]) for text in "甲乙"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told, key=len)[-1] == "stale"
    assert MonthSummary.objects.get().review in told

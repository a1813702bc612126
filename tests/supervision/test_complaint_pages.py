"""Complaints as people and programs open them: who may, the five steps through the page, the API, the three rates."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.test import Client

from applications.models import Application, CaseClock
from ops_center import clock
from organization.models import AuditRecord, Employee, RoleAssignment
from supervision.models import Complaint
from supervision.services import complaints
from tests.api.conftest import Caller
from tests.cast import Cast, at, make_bank

pytestmark = pytest.mark.django_db
WHEN = at("2026-11-23 10:00")


@pytest.fixture
def bank(db: None) -> Cast:
    return make_bank()


@pytest.fixture
def case(bank: Cast) -> Application:
    return bank.issued(bank.received(when=WHEN), when=WHEN)


def page_of(person: Employee) -> Client:
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(person)
    return client


def opened(bank: Cast, case: Application | None = None, **said) -> Complaint:
    said = {"about": "SALE", "channel": "PHONE", "text": "未说明年费", "actor": bank.ding_jie, "at": clock.now()} | said
    return complaints.open_complaint(case=case.number if case else "", **said)


def test_the_pages_open_for_their_roles_only(bank: Cast, case: Application) -> None:
    row = opened(bank, case)
    doors = {
        "/complaints/": "LZ10012 LZ10016 LZ10017",
        f"/complaints/{row.number}/": "LZ10012 LZ10016 LZ10017",
        "/complaints/new/": "LZ10012 LZ10017",
        "/complaints/rates/": "LZ10012 LZ10013 LZ10014 LZ10016 LZ10017",
    }
    someone = ("chen_xiaoming", "zhao_lixin", "fang_fang", "zheng_weiguo", "feng_zhiqiang", "cao_ying", "pan_wei",
               "ding_jie", "tian_ye")  # fmt: skip
    for person in map(bank.people.get, someone):
        client = page_of(person)
        for path, numbers in doors.items():
            expected = 200 if person.number in numbers.split() else 403
            assert client.get(path).status_code == expected, (path, person.number)


def test_the_person_complained_about_finds_nothing(bank: Cast, case: Application) -> None:
    RoleAssignment.objects.create(employee=bank.chen_xiaoming, role="SUP", starts_on=date(2026, 1, 1))
    row = opened(bank, case, against=bank.chen_xiaoming)
    client = page_of(Employee.objects.get(pk=bank.chen_xiaoming.pk))
    assert row.number not in client.get("/complaints/?show=all").text
    assert client.get(f"/complaints/{row.number}/").status_code == 404
    assert client.get("/complaints/?show=theirs").status_code == 400


def test_a_complaint_goes_through_its_five_steps_by_the_page(bank: Cast, case: Application) -> None:
    handler, supervisor = page_of(bank.ding_jie), page_of(bank.feng_zhiqiang)
    said = {"about": "SALE", "channel": "PHONE", "case": case.number, "text": "客户称未说明年费", "against": ""}
    answer = handler.post("/complaints/new/", said)
    row = Complaint.objects.get()
    assert answer.url == f"/complaints/{row.number}/"

    def takes(client: Client, act: str, **facts: object) -> str:
        text = client.get(f"/complaints/{row.number}/").text
        assert f'="/complaints/{row.number}/{act}/"' in text  # its form, or the way to it
        version = Complaint.objects.get().version
        assert client.post(f"/complaints/{row.number}/{act}/", {"version": version, **facts}).status_code == 302
        return Complaint.objects.get().state

    assert takes(handler, "reply", text="已致歉") == "REPLIED"
    assert takes(handler, "escalate", text="客户要求主管答复") == "ESCALATED"
    assert takes(supervisor, "solve", text="减免年费") == "SOLVED"
    assert takes(handler, "follow-up", text="客户认可", outcome="satisfied") == "FOLLOWED_UP"
    ticks = ["recorded", "handled", "rechecked", "fed_back"]
    assert takes(handler, "close", text="已说明", is_upheld="no", ticks=ticks) == "CLOSED"
    story = handler.get(f"/complaints/{row.number}/").text
    for words in ("已致歉", "减免年费", "客户认可", "冯志强"):
        assert words in story


def test_a_refusal_keeps_what_was_typed_and_says_why(bank: Cast, case: Application) -> None:
    row, handler = opened(bank, case), page_of(bank.ding_jie)
    answer = handler.post(f"/complaints/{row.number}/close/", {"text": "写了很久的结论", "is_upheld": "no"})
    assert answer.status_code == 409
    assert "follow-up call" in answer.text
    assert "写了很久的结论" in answer.text
    answer = handler.post(f"/complaints/{row.number}/reply/", {"text": "电话 13812345678"})
    assert answer.status_code == 400
    assert "13812345678" in answer.text
    answer = handler.post(f"/complaints/{row.number}/reply/", {"text": "已答复", "version": 9})
    assert answer.status_code == 412
    assert Complaint.objects.get().state == "OPENED"


def test_the_form_offers_nobody_who_took_part(bank: Cast, case: Application) -> None:
    RoleAssignment.objects.create(employee=bank.fang_fang, role="CPL", starts_on=date(2026, 1, 1))
    row = opened(bank, case)
    text = page_of(bank.feng_zhiqiang).get(f"/complaints/{row.number}/assign/").text
    offered = set(re.findall(r'<option value="(LZ\d+)"', text))
    assert offered == {bank.ding_jie.number, bank.feng_zhiqiang.number}


def test_a_case_is_found_by_its_client_in_the_body_and_the_search_is_logged(bank: Cast, case: Application) -> None:
    handler = page_of(bank.ding_jie)
    mobile = case.applicant.mobile.reveal()
    text = handler.post("/complaints/find/", {"by": "mobile_number", "value": mobile}).text
    assert f"/complaints/new/?application={case.number}" in text
    assert mobile not in text
    assert AuditRecord.objects.filter(action="search_client", actor=bank.ding_jie).count() == 1
    assert case.number in handler.get(f"/complaints/new/?application={case.number}").text


def test_a_stopped_case_says_so_on_its_page(bank: Cast, case: Application) -> None:
    row = opened(bank, case, about="DENIES")
    text = page_of(bank.zheng_weiguo).get(f"/applications/{case.number}/").text
    assert "stands still" in text
    assert row.number in text


def test_the_list_costs_the_same_for_one_ticket_and_for_twenty(
    bank: Cast, case: Application, django_assert_max_num_queries
) -> None:
    for _turn in range(20):
        opened(bank, case)
    client = page_of(bank.ding_jie)
    with django_assert_max_num_queries(14):
        assert client.get("/complaints/").text.count('href="/complaints/TS') == 20


# -- the API -----------------------------------------------------------------------------------------------------------
def test_a_program_opens_and_closes_a_complaint(bank: Cast, case: Application) -> None:
    api = Caller(bank.ding_jie)
    made = api.post("complaints/", {"application": case.number, "about": "SALE", "channel": "PHONE", "text": "年费"})
    assert made.status_code == 201
    ticket = made.json()
    assert (ticket["state"], ticket["handler"], ticket["application"]) == ("OPENED", "LZ10017", case.number)
    assert {"reply", "tick", "complex"} <= set(ticket["allowed_acts"])
    here = f"complaints/{ticket['number']}/"
    body = {"text": "已沟通", "upheld": False, "ticks": ["recorded", "handled", "rechecked", "fed_back"]}
    refused = api.post(f"{here}close/", body)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_followed_up")
    api.post(f"{here}reply/", {"text": "已答复", "version": 1})
    assert api.post(f"{here}reply/", {"text": "已答复", "version": 1}).status_code == 412
    api.post(f"{here}solve/", {"text": "减免"})
    api.post(f"{here}follow-up/", {"text": "满意", "reached": True, "satisfied": True})
    done = api.post(f"{here}close/", body).json()
    assert (done["state"], done["upheld"]) == ("CLOSED", False)
    assert [event["act"] for event in done["events"]] == ["OPEN", "REPLY", "SOLVE", "FOLLOW_UP", "CLOSE"]


def test_the_api_answers_role_sight_shape_and_rule(bank: Cast, case: Application) -> None:
    row = opened(bank, case)
    handler, here = Caller(bank.ding_jie), f"complaints/{row.number}/"
    assert Caller(bank.chen_xiaoming).get("complaints/").status_code == 403
    assert Caller(bank.pan_wei).post(f"{here}reply/", {"text": "x"}).status_code == 403
    assert Caller(bank.pan_wei).get(here).status_code == 200
    assert handler.get("complaints/TS0000/").status_code == 404
    assert handler.get("complaints/", stage="x").status_code == 400
    assert handler.post(f"{here}reply/", {}).status_code == 400
    assert handler.post(f"{here}extend/", {"text": "x"}).status_code == 403
    concerned = {"application": case.number, "about": "SALE", "channel": "PHONE", "text": "x"}
    RoleAssignment.objects.create(employee=bank.fang_fang, role="CPL", starts_on=date(2026, 1, 1))
    assert handler.post("complaints/", concerned | {"handler": "LZ10008"}).json()["code"] == "concerned"
    rows = handler.get("complaints/", open="true", ordering="reply_by").json()["results"]
    assert [found["number"] for found in rows] == [row.number]


# -- the three rates ---------------------------------------------------------------------------------------------------
def test_three_rates_per_100_000_with_their_counts_and_lists(bank: Cast, case: Application) -> None:
    other = bank.issued(bank.received(when=WHEN), when=WHEN)
    coached = bank.issued(bank.received(when=WHEN), when=WHEN)
    bank.coach(coached, when=WHEN)
    coached.coaching.satisfaction = 2
    coached.coaching.save()
    content = bank.issued(bank.received(when=WHEN), when=WHEN)
    bank.coach(content, when=WHEN)
    content.coaching.satisfaction = 3
    content.coaching.save()
    CaseClock.objects.filter(application=other, kind="CONTACT").update(due_at=clock.now() - timedelta(hours=1))
    row = opened(bank, case)
    rates = {rate["name"]: rate for rate in Caller(bank.cao_ying).get("complaints/rates/").json()["rates"]}
    assert {name: (rate["count"], rate["base"], round(rate["per_100_000"])) for name, rate in rates.items()} == {
        "complaints": (1, 4, 25_000),
        "omitted": (1, 4, 25_000),
        "dissatisfied": (1, 2, 50_000),
    }
    client = page_of(bank.ding_jie)
    assert row.number in client.get("/complaints/rates/").text
    assert other.number in client.get("/complaints/rates/?show=omitted").text
    assert coached.number in client.get("/complaints/rates/?show=dissatisfied").text
    empty = Caller(bank.cao_ying).get("complaints/rates/", period="2026-01").json()["rates"]
    assert [rate["per_100_000"] for rate in empty] == [None, None, None]
    assert Caller(bank.cao_ying).get("complaints/rates/", period="2026-13").status_code == 400
    assert client.get("/complaints/rates/?show=weather").status_code == 400

"""The front desk's pages, through HTTP."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from applications.models import Application
from organization.models import Employee
from referrals.models import Referral
from tests.cast import Cast

pytestmark = pytest.mark.django_db

FORM = {"customer_name": "程立", "mobile": "10000002222", "product": "JK", "consent": "on", "relation": "NONE",
        "referrer_type": "EMPLOYEE"}  # fmt: skip


def browser(person: Employee) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_a_referral_takes_four_fields_and_ends_at_the_paper_for_the_client(bank: Cast) -> None:
    client = browser(bank.li_wenjing)
    assert client.get("/referrals/new/").status_code == 200
    answer = client.post("/referrals/new/", FORM, follow=True)
    slip = Referral.objects.get()
    assert answer.redirect_chain[-1][0] == reverse("referral", args=[slip.application.number])
    page = answer.content.decode()
    assert f"转介员工号：{bank.li_wenjing.number}" in page
    assert slip.application.status_code in page
    assert 'src="data:image/svg+xml' in page
    assert "10000002222" not in page


@pytest.mark.parametrize(
    ("change", "field"),
    [({"mobile": "138"}, "mobile"), ({"consent": ""}, "consent"), ({"customer_name": ""}, "customer_name")],
)
def test_a_wrong_field_says_so_beside_it_and_nothing_typed_is_lost(
    bank: Cast, change: dict[str, str], field: str
) -> None:
    typed = "程立" if field != "customer_name" else "10000002222"
    answer = browser(bank.li_wenjing).post("/referrals/new/", FORM | change)
    assert answer.status_code == 400
    assert f"referral-{field}_error" in answer.content.decode()
    assert f'value="{typed}"' in answer.content.decode()
    assert not Application.objects.exists()


def test_a_duplicate_is_told_above_the_form_with_its_stage(bank: Cast) -> None:
    browser(bank.li_wenjing).post("/referrals/new/", FORM)
    answer = browser(bank.chen_xiaoming).post("/referrals/new/", FORM)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "转介" in page
    assert 'value="程立"' in page
    assert bank.li_wenjing.name not in page


def test_my_referrals_are_mine(bank: Cast) -> None:
    browser(bank.li_wenjing).post("/referrals/new/", FORM)
    number = Application.objects.get().number
    assert number in browser(bank.li_wenjing).get("/referrals/").content.decode()
    other = browser(bank.luo_yong)
    assert number not in other.get("/referrals/").content.decode()
    assert other.get(f"/referrals/{number}/").status_code == 404


def test_the_list_takes_as_many_queries_for_twenty_referrals_as_for_one(
    bank: Cast, django_assert_max_num_queries
) -> None:
    client = browser(bank.li_wenjing)
    for place in range(20):
        client.post("/referrals/new/", FORM | {"mobile": f"1000000{place:04d}"})
    with django_assert_max_num_queries(12):
        answer = client.get("/referrals/")
    assert answer.content.decode().count("<tr>") == 21


def test_outsourced_staff_find_no_referral_room(bank: Cast) -> None:
    assert browser(bank.song_jia).get("/referrals/new/").status_code == 403


# -- the pool --------------------------------------------------------------------------------------------------------
def test_the_pool_shows_the_leads_of_the_own_area_and_the_first_to_accept_has_it(bank: Cast) -> None:
    browser(bank.li_wenjing).post("/referrals/new/", FORM)
    number = Application.objects.get().number
    near, far, center = browser(bank.chen_xiaoming), browser(bank.luo_yong), browser(bank.zhou_qiming)
    assert number in near.get("/referrals/leads/").content.decode()
    assert number not in far.get("/referrals/leads/").content.decode()
    assert near.post(f"/referrals/{number}/accept/").status_code == 302
    late = center.post(f"/referrals/{number}/accept/")
    assert late.status_code == 409
    assert Application.objects.get().collector == bank.chen_xiaoming


def test_who_collects_nothing_has_no_pool(bank: Cast) -> None:
    assert browser(bank.li_wenjing).get("/referrals/leads/").status_code == 403


# -- the client ------------------------------------------------------------------------------------------------------
def test_the_status_page_needs_no_sign_in_and_names_nobody(bank: Cast) -> None:
    browser(bank.li_wenjing).post("/referrals/new/", FORM)
    case = Application.objects.get()
    answer = Client().get(f"/status/{case.status_code}/")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    for secret in (case.number, "程", "1000", bank.li_wenjing.number, bank.li_wenjing.name):
        assert secret not in page


def test_an_unknown_code_is_404_with_a_field_to_try_again(bank: Cast) -> None:
    answer = Client().get("/status/ZZZZ-ZZ/")
    assert answer.status_code == 404
    assert 'name="code"' in answer.content.decode()


def test_a_typed_code_leads_to_its_page(bank: Cast) -> None:
    assert Client().get("/status/?code=7k3f-92")["Location"] == "/status/7K3F-92/"
    assert Client().get("/status/?code=<script>").status_code == 200


def test_who_asks_too_often_waits(bank: Cast) -> None:
    client = Client(REMOTE_ADDR="10.9.8.7")
    answers = [client.get("/status/ZZZZ-ZZ/").status_code for _count in range(61)]
    assert (answers[59], answers[60]) == (404, 429)

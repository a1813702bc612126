"""Referrals and the client's status at the API."""

from __future__ import annotations

import json

import pytest

from applications.models import Application
from tests.api.conftest import As, Caller
from tests.cast import Cast

pytestmark = pytest.mark.django_db

BODY = {"product": "PK", "customer_name": "程立", "mobile": "10000003333", "consent": True}


def test_a_referral_answers_with_code_text_and_link(bank: Cast, as_: As, anonymous: Caller) -> None:
    answer = as_(bank.li_wenjing).post("referrals/", BODY)
    made = answer.json()
    case = Application.objects.get()
    assert answer.status_code == 201
    assert (made["application"], made["code"], made["external_referrer"]) == (case.number, case.status_code, None)
    assert "LZ10234" in made["checklist_text"]
    assert made["status_url"].endswith(f"/status/{case.status_code}/")

    status = anonymous.get(f"status/{made['code']}/")
    assert status.status_code == 200
    assert set(status.json()) == {"macro_stage", "stage", "on"}
    assert status.json()["macro_stage"] == "REFERRAL"
    assert "程" not in json.dumps(status.json(), ensure_ascii=False)
    assert anonymous.get("status/ZZZZ-ZZ/").status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"consent": False}, {"consent": "true"}, {"product": "NONE"}, {"mobile": "1380000"}, {"customer_name": ""},
        {"id_number": "990101198803050011"}, {"status": "ACTIVATED"}, {"referrer": "LZ10001"}, {"state": "ACTIVATED"},
        {"external_referrer": {"name": "赵大姐", "mobile": "10000001111"}}, {"referrer_type": "CUSTOMER"},
        {"referrer_type": "CUSTOMER", "external_referrer": {"name": "赵大姐"}},
        {"referrer_type": "CUSTOMER", "external_referrer": 5}, {"referrer_type": "NONE"},
    ],
)  # fmt: skip
def test_another_shape_is_400_and_creates_nothing(bank: Cast, as_: As, change: dict[str, object]) -> None:
    answer = as_(bank.li_wenjing).post("referrals/", BODY | change)
    assert (answer.status_code, set(answer.json()["errors"])) == (400, set(answer.json()["errors"]) - {"body"})
    assert not Application.objects.exists()


def test_a_client_refers_by_name_or_by_code(bank: Cast, as_: As) -> None:
    caller = as_(bank.chen_xiaoming)
    sent = {"referrer_type": "CUSTOMER", "external_referrer": {"name": "赵大姐", "mobile": "10000001111"}}
    first = caller.post("referrals/", BODY | sent).json()
    second = caller.post(
        "referrals/",
        BODY | {"mobile": "10000004444", "referrer_type": "CUSTOMER", "external_referrer": first["external_referrer"]},
    )
    assert (second.status_code, second.json()["external_referrer"]) == (201, first["external_referrer"])


def test_a_duplicate_is_409_with_the_stage(bank: Cast, as_: As) -> None:
    as_(bank.li_wenjing).post("referrals/", BODY)
    answer = as_(bank.chen_xiaoming).post("referrals/", BODY)
    assert (answer.status_code, answer.json()["code"]) == (409, "duplicate")
    assert Application.objects.count() == 1


def test_outsourced_staff_are_refused_by_role(bank: Cast, as_: As) -> None:
    assert as_(bank.song_jia).post("referrals/", BODY).status_code == 403


def test_the_second_of_two_who_accept_reads_that_somebody_was_faster(bank: Cast, as_: As) -> None:
    number = as_(bank.li_wenjing).post("referrals/", BODY).json()["application"]
    first, second = as_(bank.zhou_qiming).step(number, "accept"), as_(bank.chen_xiaoming).step(number, "accept")
    assert (first.status_code, first.json()["collector"]) == (200, "LZ10005")
    assert (second.status_code, second.json()["code"]) == (409, "accepted_by_another")
    assert as_(bank.luo_yong).step(number, "accept").status_code == 404  # another area: never in sight

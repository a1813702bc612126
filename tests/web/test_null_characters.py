"""A NUL, which no keyboard types and PostgreSQL refuses, is a wrong shape (400) wherever it is sent."""

from __future__ import annotations

import pytest
from django.test import Client

from organization.models import Employee
from tests.cast import Cast

pytestmark = pytest.mark.django_db


def browser(person: Employee) -> Client:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize(
    "address",
    [
        "/applications/?branch=%00",
        "/applications/?search=%00",
        "/breaches/?branch=%00",
        "/boards/overdue/?branch=%00",
        "/audit/?person=%00",
        "/applications/%00/",
        "/api/v1/applications/?branch=%00",
    ],
)
def test_a_null_in_an_address_is_refused_with_a_sentence(bank: Cast, address: str) -> None:
    answer = browser(bank.feng_zhiqiang if "audit" not in address else bank.pan_wei).get(address)
    assert answer.status_code == 400
    assert "holds a character that no text has" in answer.content.decode()


def test_a_null_in_the_preview_of_the_checklist_is_refused(bank: Cast) -> None:
    address = "/applications/new/checklist/?product=%00"
    assert browser(bank.chen_xiaoming).get(address, headers={"HX-Request": "true"})["HX-Retarget"] == "#toasts"
    assert browser(bank.chen_xiaoming).get(address).status_code == 400


@pytest.mark.parametrize(
    ("address", "typed"),
    [
        ("/applications/reassign/", {"to": "\x00", "case": "JL1"}),
        ("/boards/overdue/urge/", {"text": "\x00"}),
        ("/registrations/register/", {"application": ["JL1", "\x00"]}),
        ("/payouts/make/", {"confirmation": "\x00"}),
        ("/rewards/1/hold/", {"reason": "x\x00"}),
        ("/applications/JL1/reveal/", {"field": "mobile", "purpose": "\x00"}),
    ],
)
def test_a_null_in_a_form_is_refused_with_a_sentence(bank: Cast, address: str, typed: dict[str, object]) -> None:
    answer = browser(bank.feng_zhiqiang).post(address, typed)
    assert answer.status_code == 400
    assert "holds a character that no text has" in answer.content.decode()


@pytest.mark.parametrize("code", ["中文", "7K3F/92", "%00", "O0O0-11"])
def test_a_code_of_other_characters_is_an_unknown_code(db: None, code: str) -> None:
    assert Client().get("/status/", {"code": code}).context["unknown"] is True


def test_a_code_leads_to_its_page_in_small_letters_too(db: None) -> None:
    assert Client().get("/status/", {"code": " 7k3f-92 "})["Location"] == "/status/7K3F-92/"

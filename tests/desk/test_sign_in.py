"""The front door: who comes in, who is locked out, and what stays behind."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.cache import cache

from organization.models import AuditRecord
from tests.desk.conftest import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_tries_yet() -> None:
    cache.clear()  # the counter of wrong tries


def sign_in(client, number: str, password: str = PASSWORD):
    return client.post("/sign-in/", {"username": number, "password": password})


def test_the_number_and_the_password_open_the_door_and_leave_a_record(hire, client) -> None:
    person = hire("CM")
    assert sign_in(client, person.number.lower())["Location"] == "/"
    assert AuditRecord.objects.get(action="sign-in").subject == person.number
    assert client.get("/sign-in/")["Location"] == "/"  # once inside, the door leads home


def test_the_language_of_the_person_comes_along(hire, client) -> None:
    answer = sign_in(client, hire("EMP", language="en").number)
    assert answer.cookies["django_language"].value == "en"


def test_a_wrong_password_and_an_unknown_number_read_the_same(hire, client) -> None:
    wrong = sign_in(client, hire("EMP").number, "wrong").context["form"].non_field_errors()
    unknown = sign_in(client, "LZ00000", "wrong").context["form"].non_field_errors()
    assert wrong == unknown


def test_five_wrong_tries_lock_the_number_even_for_the_right_password(hire, client) -> None:
    person = hire("EMP")
    for number in (person.number, person.number.lower()) * 3:  # however it is written
        sign_in(client, number, "wrong")
    answer = sign_in(client, person.number)
    assert answer.status_code == 429
    assert "registration/locked_out.html" in [template.name for template in answer.templates]


def test_who_has_left_does_not_come_in(hire, client) -> None:
    assert sign_in(client, hire("EMP", left_on=date(2020, 1, 1)).number).status_code == 200
    assert sign_in(client, hire("EMP", is_active=False).number).status_code == 200


def test_the_demo_password_opens_nothing_outside_demo_mode(hire, client, settings) -> None:
    person = hire("EMP")
    person.set_password(settings.DEMO_PASSWORD)
    person.save()
    settings.DEMO = False
    assert sign_in(client, person.number, settings.DEMO_PASSWORD).status_code == 200
    settings.DEMO = True
    assert sign_in(client, person.number, settings.DEMO_PASSWORD).status_code == 302


def test_the_demo_people_are_named_in_demo_mode_only(client, settings) -> None:
    settings.DEMO = False
    outside = client.get("/sign-in/").content.decode()
    assert settings.DEMO_PASSWORD not in outside
    assert "LZ10234" not in outside
    settings.DEMO = True
    assert "LZ10234" in client.get("/sign-in/").content.decode()


def test_signing_out_needs_a_press_and_empties_the_browser(hire, visit) -> None:
    client = visit(hire("EMP"))
    assert client.get("/sign-out/").status_code == 405
    answer = client.post("/sign-out/")
    assert answer["Location"] == "/sign-in/"
    assert '"storage"' in answer["Clear-Site-Data"]
    assert client.get("/").status_code == 302


def test_the_way_back_after_signing_in_leads_to_our_own_pages_only(hire, client) -> None:
    facts = {"username": hire("EMP").number, "password": PASSWORD, "next": "http://evil.example/"}
    assert client.post("/sign-in/", facts)["Location"] == "/"

"""The door of the pages: an open session ends with the employment."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from ops_center import clock
from organization.models import Employee
from tests.cast import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(bank: Cast) -> Client:
    client = Client()
    client.force_login(bank.chen_xiaoming, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/applications/").status_code == 200
    return client


@pytest.mark.parametrize("fact", ["left_on", "is_active"])
def test_who_has_left_or_was_switched_off_is_signed_out_with_the_next_page(
    bank: Cast, session: Client, fact: str
) -> None:
    gone = {"left_on": clock.today()} if fact == "left_on" else {"is_active": False}
    Employee.objects.filter(pk=bank.chen_xiaoming.pk).update(**gone)
    answer = session.get("/applications/")
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/?next=/applications/")
    if fact == "left_on":
        assert "_auth_user_id" not in session.session
    assert session.get("/applications/", headers={"HX-Request": "true"})["HX-Redirect"].startswith("/sign-in/")


def test_who_leaves_later_works_until_then(bank: Cast, session: Client) -> None:
    Employee.objects.filter(pk=bank.chen_xiaoming.pk).update(left_on=clock.today() + timedelta(days=1))
    assert session.get("/applications/").status_code == 200

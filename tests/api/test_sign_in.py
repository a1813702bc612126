"""Signing in as a program: number and password for a token, five tries, no hint who exists."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache

from ops_center import clock
from organization.models import ApiToken, AuditRecord
from tests.api.conftest import As, Caller
from tests.cast import Cast

pytestmark = pytest.mark.django_db

PASSWORD = "a long pass phrase of 2026"


@pytest.fixture(autouse=True)
def _fresh_counts() -> Any:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def person(bank: Cast) -> Any:
    bank.chen_xiaoming.set_password(PASSWORD)
    bank.chen_xiaoming.save()
    return bank.chen_xiaoming


def sign_in(caller: Caller, username: str = "LZ10001", password: str = PASSWORD, address: str = "10.0.0.1") -> Any:
    return caller.client.post(
        "/api/v1/auth/token/", {"username": username, "password": password}, REMOTE_ADDR=address
    )  # fmt: skip


def test_number_and_password_give_a_token_that_opens_the_door(person: Any, anonymous: Caller) -> None:
    token = sign_in(anonymous).json()["token"]
    anonymous.client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    me = anonymous.get("me/").json()
    assert me == {
        "number": "LZ10001",
        "name": "陈小明",
        "branch": "BH01",
        "roles": ["CM", "EMP"],
        "area": me["area"],
        "areas": [],
    }
    assert not ApiToken.objects.filter(digest=token).exists()
    assert AuditRecord.objects.filter(action="token", actor=person).count() == 1


def test_case_of_the_number_does_not_matter(person: Any, anonymous: Caller) -> None:
    assert sign_in(anonymous, "lz10001").status_code == 200


def test_a_wrong_password_and_an_unknown_number_read_the_same(person: Any, anonymous: Caller) -> None:
    wrong, unknown = sign_in(anonymous, password="no"), sign_in(anonymous, "LZ99999")
    assert (wrong.status_code, wrong.content) == (401, unknown.content)
    assert wrong["Content-Type"] == "application/problem+json"


def test_five_wrong_passwords_lock_number_and_address_and_nobody_else(
    person: Any, anonymous: Caller, bank: Cast
) -> None:
    bank.luo_yong.set_password(PASSWORD)
    bank.luo_yong.save()
    tries = [
        sign_in(anonymous, name, "no").status_code for name in ("LZ10001", "lz10001", "LZ10001", "Lz10001", "LZ10001")
    ]
    assert tries == [401, 401, 401, 401, 429]
    locked = sign_in(anonymous)
    assert (locked.status_code, locked.json()["code"]) == (429, "locked_out")
    assert sign_in(anonymous, "LZ10019").status_code == 200
    assert sign_in(anonymous, address="10.0.0.2").status_code == 200


def test_a_forwarded_address_that_the_caller_writes_does_not_unlock(person: Any, anonymous: Caller) -> None:
    for place in range(6):
        answer = anonymous.client.post(
            "/api/v1/auth/token/",
            {"username": "LZ10001", "password": "no"},
            headers={"X-Forwarded-For": f"1.1.1.{place}"},
        )
    assert answer.status_code == 429


def test_the_demonstrations_password_is_refused_outside_it(person: Any, anonymous: Caller, settings: Any) -> None:
    person.set_password(settings.DEMO_PASSWORD)
    person.save()
    assert sign_in(anonymous, password=settings.DEMO_PASSWORD).status_code == 200
    settings.DEMO = False
    assert sign_in(anonymous, password=settings.DEMO_PASSWORD).status_code == 401


def test_who_was_switched_off_or_has_left_gets_no_token(person: Any, anonymous: Caller) -> None:
    person.left_on = clock.today() - timedelta(days=1)
    person.save()
    assert sign_in(anonymous).status_code == 401
    person.left_on, person.is_active = None, False
    person.save()
    assert sign_in(anonymous).status_code == 401


def test_a_token_ends(person: Any, anonymous: Caller) -> None:
    token = sign_in(anonymous).json()["token"]
    ApiToken.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    anonymous.client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    assert anonymous.get("me/").status_code == 401


def test_the_address_of_the_sign_in_is_paced(person: Any, anonymous: Caller) -> None:
    answers = [sign_in(anonymous, "LZ10019").status_code for _count in range(31)]
    assert answers[-1] == 429


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "LZ10001"},
        {"username": ["LZ10001"], "password": "x"},
        [],
        {"username": "x" * 99, "password": "x"},
    ],
)
def test_another_shape_is_400(bank: Cast, anonymous: Caller, body: Any) -> None:
    assert anonymous.client.post("/api/v1/auth/token/", body).status_code == 400


def test_me_tells_the_areas_of_who_covers_several(bank: Cast, as_: As) -> None:
    assert len(as_(bank.zhou_qiming).get("me/").json()["areas"]) == 3

"""The edge of the API, on addresses of its own: what it lets in, how it says no, what happens once."""

from __future__ import annotations

import itertools
import threading
from typing import Any

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.test import override_settings
from django.urls import include, path
from redis.exceptions import ConnectionError as BrokerAway
from rest_framework import serializers
from rest_framework.test import APIClient

from ops_center.kernel.errors import Malformed, OutOfSight, Refused, StaleVersion
from ops_center.web.api import Api, Call, operation
from ops_center.web.models import IdempotencyKey
from ops_center.web.shapes import (
    Agreed,
    Code,
    Flag,
    IdNumber,
    Instant,
    Many,
    Mobile,
    PersonName,
    Shape,
    Text,
    Versioned,
    Whole,
)
from organization.models import Area
from tests.api.conftest import API, Caller
from tests.cast import Cast


class Line(Shape):
    code = Code()
    is_seen = Flag(required=False)


class Everything(Versioned):
    name = PersonName(required=False)
    mobile = Mobile(required=False)
    id_number = IdNumber(required=False)
    note = Text(max_length=20, required=False)
    consent = Agreed(required=False)
    count = Whole(max_value=10, required=False)
    at = Instant(required=False)
    lines = Many(child=Line(), required=False)


class Asked(Shape):
    state = serializers.ChoiceField(["A", "B"], required=False)


NOES: dict[str, Exception] = {
    "rule": Refused("closed", "The bag is closed."),
    "stale": StaleVersion("stale", "Somebody was faster."),
    "sight": OutOfSight("hidden", "Case 4711 belongs to YX01."),
    "shape": Malformed("bad", "Wrong.", {"x": "why"}),
    "broker": BrokerAway("down"),
}


class Echo(Api):
    @operation(roles="CM", asked=Asked)
    def get(self, call: Call) -> dict[str, Any]:
        return {"asked": call.asked, "roles": sorted(call.roles)}

    @operation(facts=Everything)
    def post(self, call: Call) -> dict[str, Any]:
        return {"facts": call.facts, "seen": call.seen}


class No(Api):
    @operation()
    def get(self, call: Call, kind: str) -> None:
        raise NOES[kind]


class Make(Api):
    """Makes an area per request: an effect that can be counted."""

    @operation(facts=Everything, status=201)
    def post(self, call: Call) -> dict[str, Any]:
        number = Area.objects.count()
        Area.objects.create(code=f"A{number}", name="区")
        if call.facts.get("note") == "refuse":
            raise Refused("refused", "No.")
        return {"number": number}


class AreaAnswer(serializers.Serializer[Any]):
    code = serializers.CharField()


class MakeVersioned(Api):
    @operation(answer=AreaAnswer, status=201)
    def post(self, call: Call) -> Area:
        area = Area.objects.create(code=f"A{Area.objects.count()}", name="区")
        area.version = 7
        return area


class Secret(Api):
    @operation(facts=Everything, stored=False)
    def post(self, call: Call) -> dict[str, str]:
        return {"value": "990101198001011234"}


class Locked(Api):
    @operation()
    def post(self, call: Call) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '50ms'")
            cursor.execute("SELECT 1 FROM organization_branch FOR UPDATE")


urlpatterns = [
    path(
        "api/v1/",
        include(
            [
                path("echo/", Echo.as_view()),
                path("no/<kind>/", No.as_view()),
                path("make/", Make.as_view()),
                path("make-versioned/", MakeVersioned.as_view()),
                path("secret/", Secret.as_view()),
                path("locked/", Locked.as_view()),
            ]
        ),
    ),
    path("", include("ops_center.urls")),
]
handler404 = "ops_center.web.refusals.not_found"

pytestmark = pytest.mark.urls(__name__)


@pytest.fixture
def manager(bank: Cast) -> Caller:
    return Caller(bank.chen_xiaoming)


# -- who --------------------------------------------------------------------------------------------------------------
def test_nobody_is_told_to_sign_in(anonymous):
    answer = anonymous.get("echo/")
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"] == "Token"
    assert answer.json()["code"] == "not_signed_in"


def test_another_role_is_refused_with_403(bank):
    answer = Caller(bank.he_xiulan).get("echo/")
    assert (answer.status_code, answer.json()["code"]) == (403, "role")


def test_the_role_must_hold_today(bank):
    person = bank.chen_xiaoming
    person.roles.update(ends_on="2025-02-01")
    assert Caller(person).get("echo/").status_code == 403


def test_a_person_who_has_left_is_out_with_the_next_request(bank):
    person = bank.chen_xiaoming
    caller = Caller(person)
    assert caller.get("echo/").status_code == 200
    person.left_on = "2020-01-31"
    person.save()
    assert caller.get("echo/").status_code == 401


def test_an_unknown_token_is_401(anonymous):
    anonymous.client.credentials(HTTP_AUTHORIZATION="Token nonsense")
    assert anonymous.get("echo/").status_code == 401


def test_methods_that_are_not_declared_are_405(manager):
    for method in ("put", "patch", "delete", "options", "trace"):
        answer = getattr(manager.client, method)(API + "echo/")
        assert (method, answer.status_code) == (method, 405)
    assert manager.client.head(API + "echo/").status_code == 200


def test_a_browser_session_needs_its_csrf_token_for_every_post(bank):
    browser = APIClient(enforce_csrf_checks=True)
    browser.force_login(bank.chen_xiaoming, backend="django.contrib.auth.backends.ModelBackend")
    assert browser.get(API + "echo/").status_code == 200
    answer = browser.post(API + "make/", {})
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf")
    assert not Area.objects.filter(code__startswith="A").exists()


# -- how it says no ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [("rule", 409, "closed"), ("stale", 412, "stale"), ("shape", 400, "bad"), ("broker", 503, "busy")],
)
def test_each_no_has_its_status(manager, kind, status, code):
    answer = manager.get(f"no/{kind}/")
    body = answer.json()
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code)
    assert set(body) - {"errors"} == {"type", "title", "status", "detail", "code"}


def test_out_of_sight_and_absent_are_the_same_to_the_byte(manager):
    hidden, absent = manager.get("no/sight/"), manager.get("no/such/address/")
    assert (hidden.status_code, hidden.content) == (404, absent.content)


def test_a_lock_that_takes_too_long_is_503_with_a_time_to_come_back(manager, transactional_db):
    taken, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM organization_branch FOR UPDATE")
            taken.set()
            done.wait(10)
        connections.close_all()

    other = threading.Thread(target=hold)
    other.start()
    taken.wait(10)
    try:
        answer = manager.post("locked/")
    finally:
        done.set()
        other.join()
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")


def test_a_broken_connection_is_503_and_a_bug_is_not():
    from ops_center.web.api import problem

    assert problem(OperationalError("gone"), {}).status_code == 503
    assert problem(ValueError("a bug"), {}) is None


# -- what comes in ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "body",
    [
        '{"count": 1, "count": 2}', '{"count": NaN}', '{"count": 1e400}', '{"count": "1"}', '{"count": true}',
        '{"count": 1.0}', '{"count": -1}', '{"count": 11}', '{"note": 5}', '{"note": "a\\u0000b"}',
        '{"note": ["x"]}', '{"note": null}', '{"consent": false}', '{"consent": "true"}', '{"consent": 1}',
        '{"unknown": 1}', '{"lines": {"code": "D01"}}', '{"lines": [{"code": "D01", "state": "ISSUED"}]}',
        '{"lines": [{}]}', '{"id_number": "990101198001011234"}', '{"mobile": "13800"}', '{"name": "<b>"}',
        '{"name": "1"}', '{"at": "yesterday"}', '{"at": "0001-01-01T00:00:00Z"}', '{"at": 5}',
        '{"note": "6222 0212 3456 7890 128"}', "[]", '"text"', "{", "[" * 100_000, '{"version": 0}',
    ],
)  # fmt: skip
def test_what_has_another_shape_is_400_and_nothing_is_guessed(manager, body):
    answer = manager.client.generic("POST", API + "echo/", body, content_type="application/json")
    assert (body[:40], answer.status_code) == (body[:40], 400)


def test_errors_name_the_place_and_never_repeat_the_value(manager):
    answer = manager.post("echo/", {"id_number": "990101198001011230", "lines": [{"code": "D01"}, {"code": "?"}]})
    body = answer.json()
    assert set(body["errors"]) == {"id_number", "lines.1.code"}
    assert "990101198001011230" not in answer.content.decode()


def test_names_and_numbers_come_in_their_one_spelling(manager):
    sent = {"name": " 欧阳·𬱖 ", "mobile": "１０００００１２３４５", "id_number": "99010119800101003x"}
    facts = manager.post("echo/", sent).json()
    assert facts["errors"].keys() == {"id_number"}  # a wrong check digit stays wrong in any spelling
    sent.pop("id_number")
    assert manager.post("echo/", sent).json()["facts"] == {"name": "欧阳·𬱖", "mobile": "10000012345"}


def test_times_have_an_offset_and_without_one_are_shanghais(manager):
    for text in ("2026-11-24T08:40:00+08:00", "2026-11-24T08:40:00 08:00", "2026-11-24T00:40:00Z", "2026-11-24T08:40"):
        at = manager.post("echo/", {"at": text}).json()["facts"]["at"]
        assert (text, at) == (text, "2026-11-24T08:40:00+08:00")


@pytest.mark.parametrize("query", ["?stat=A", "?state=A&state=B", "?state=C", "?password=x", "?state__in=A"])
def test_unknown_repeated_and_wrong_filters_are_400(manager, query):
    assert manager.client.get(f"{API}echo/{query}").status_code == 400


def test_an_empty_filter_is_no_filter(manager):
    assert manager.client.get(f"{API}echo/?state=").json()["asked"] == {}


def test_the_seen_version_comes_in_the_body_or_in_if_match(manager):
    assert manager.post("echo/", {"version": 7}).json() == {"facts": {}, "seen": 7}
    assert manager.post("echo/", {}, **{"If-Match": '"7"'}).json()["seen"] == 7
    assert manager.post("echo/", {}, **{"If-Match": "*"}).json()["seen"] is None
    assert manager.post("echo/", {}, **{"If-Match": "seven"}).status_code == 400


@override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=1000)
def test_a_body_beyond_the_limit_is_413(manager):
    assert manager.post("echo/", {"note": "x" * 2000}).status_code == 413


def test_a_form_is_not_json(manager):
    answer = manager.client.post(API + "echo/", "note=x", content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, answer.json()["code"]) == (415, "media_type")


# -- once -------------------------------------------------------------------------------------------------------------
def made() -> int:
    return Area.objects.filter(code__startswith="A").count()


def test_the_same_key_and_body_give_the_stored_answer(manager):
    first = manager.post("make/", {"note": "x", "count": 1}, **{"Idempotency-Key": "k1"})
    second = manager.post("make/", {"count": 1, "note": "x"}, **{"Idempotency-Key": "k1"})
    assert (first.status_code, second.status_code, first.json()) == (201, 201, second.json())
    assert (made(), second["Idempotency-Replayed"]) == (1, "true")


def test_the_stored_answer_carries_the_version_of_what_it_shows(manager):
    answers = [manager.post("make-versioned/", {}, **{"Idempotency-Key": "k1"}) for _again in range(2)]
    assert [(answer["ETag"], answer.status_code) for answer in answers] == [('"7"', 201)] * 2
    assert (made(), answers[1]["Idempotency-Replayed"]) == (1, "true")
    assert manager.post("make-versioned/", {})["ETag"] == '"7"'


def test_the_same_key_with_another_body_or_address_is_422(manager):
    manager.post("make/", {"note": "x"}, **{"Idempotency-Key": "k1"})
    other_body = manager.post("make/", {"note": "y"}, **{"Idempotency-Key": "k1"})
    other_address = manager.post("echo/", {"note": "x"}, **{"Idempotency-Key": "k1"})
    assert (other_body.status_code, other_address.status_code, made()) == (422, 422, 1)
    assert other_body.json()["code"] == "key_reused"


def test_a_key_belongs_to_one_person(manager, bank):
    manager.post("make/", {}, **{"Idempotency-Key": "k1"})
    assert Caller(bank.luo_yong).post("make/", {}, **{"Idempotency-Key": "k1"}).status_code == 201
    assert made() == 2


def test_a_refused_request_leaves_no_key_and_may_be_sent_again(manager):
    for _again in range(2):
        assert manager.post("make/", {"note": "refuse"}, **{"Idempotency-Key": "k1"}).status_code == 409
    assert (made(), IdempotencyKey.objects.count()) == (0, 0)


def test_a_body_is_kept_only_as_a_keyed_hash_and_a_secret_answer_not_at_all(manager):
    for _again in range(2):
        answer = manager.post("secret/", {"note": "in the body"}, **{"Idempotency-Key": "k1"})
        assert answer.json()["value"] == "990101198001011234"
    kept = IdempotencyKey.objects.get()
    assert (kept.status, kept.answer) == (None, "")
    assert b"in the body" not in bytes(kept.digest)
    assert manager.post("secret/", {"note": "other"}, **{"Idempotency-Key": "k1"}).status_code == 422


@pytest.mark.parametrize("key", ["", "x" * 201, "鍵"])
def test_an_unusable_key_is_400(manager, key):
    assert manager.post("make/", {}, **{"Idempotency-Key": key}).status_code == 400
    assert made() == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("key", "effects"), [("k1", 1), (None, 6)])
def test_six_parallel_requests_with_one_key_have_one_effect_and_without_it_six(bank, key, effects):
    """The second line is the control: the barrier really lets them run at once."""
    callers = [Caller(bank.chen_xiaoming) for _count in range(6)]
    barrier, answers = threading.Barrier(6), []

    def send(caller: Caller) -> None:
        barrier.wait(10)
        headers = {"Idempotency-Key": key} if key else {}
        answers.append(caller.client.post(API + "effect/", {}, headers=headers))
        connections.close_all()

    threads = [threading.Thread(target=send, args=[caller]) for caller in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [200] * 6
    assert IdempotencyKey.objects.count() == (1 if key else 0)
    assert Area.objects.filter(name="一次").count() == effects


_codes = itertools.count(1)


class Effect(Api):
    """Takes its time, so that parallel requests overlap."""

    @operation()
    def post(self, call: Call) -> dict[str, Any]:
        area = Area.objects.create(code=f"{next(_codes)}", name="一次")
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.1)")
        return {"id": area.pk}


urlpatterns.insert(0, path("api/v1/effect/", Effect.as_view()))

"""Every address of the API, found by walking the addresses: each has a door, and the door holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.test import APIClient

from ops_center.web.api import Api, Operation, operation_of
from organization.models import Employee
from organization.roles import Role
from tests.api.conftest import Caller
from tests.cast import Cast

pytestmark = pytest.mark.django_db

METHODS = ("get", "post", "put", "patch", "delete")
# Without a sign-in: the way in, the two questions of the load balancer, and the client's code.
PUBLIC = {"auth/token/", "health/", "ready/", "status/7K3F-92/"}
ROLES = [role.value for role in Role]
PLACE = {"number": "JL26112200001", "key": "7", "uuid": str(UUID(int=7)), "slug": "7K3F-92"}


@dataclass(frozen=True)
class Call:
    """One method of one address."""

    path: str
    method: str
    view: Any
    declared: Operation | None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def calls() -> list[Call]:
    return [
        Call(path, method, view, operation_of(view, method))
        for path, view in _views(get_resolver("ops_center.api_urls").url_patterns, "")
        for method in METHODS
        if path not in ("schema/", "docs/") and hasattr(view, method) and not hasattr(Api, method)
    ]


def _views(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        path = prefix + _example(pattern)
        if isinstance(pattern, URLResolver):
            yield from _views(pattern.url_patterns, path)
        else:
            yield path, getattr(pattern.callback, "view_class", pattern.callback)


def _example(pattern: URLPattern | URLResolver) -> str:
    """The address with an example in each of its places."""
    path = str(pattern.pattern)
    for kind, example in PLACE.items():
        for name in pattern.pattern.converters:
            path = path.replace(f"<{kind}:{name}>", example)
    return path


def send(client: APIClient, call: Call, **extra: Any) -> Any:
    return getattr(client, call.method)(f"/api/v1/{call.path}", **extra)


def test_every_method_of_every_address_declares_its_door() -> None:
    all_calls = calls()
    assert len(all_calls) >= 60
    assert [str(call) for call in all_calls if call.declared is None] == []


def test_only_four_addresses_are_open_without_a_sign_in(anonymous: Caller) -> None:
    assert {call.path for call in calls() if call.declared and call.declared.is_public} == PUBLIC
    for call in calls():
        if call.path not in PUBLIC:
            assert (str(call), send(anonymous.client, call).status_code) == (str(call), 401)


def test_the_door_of_every_call_holds_for_every_role(bank: Cast) -> None:
    """The truth is the declared roles: 403 with the code of the door for everybody else, never for them."""
    people = {role: bank.hire(f"甲{role}", "OC01", role) for role in ROLES if role != Role.EMP}
    people[Role.EMP] = bank.li_wenjing
    wrong, cells = [], 0
    for role, person in people.items():
        client = Caller(person).client
        held = {role, Role.EMP.value}
        for call in calls():
            assert call.declared is not None
            if call.declared.is_public:
                continue
            cells += 1
            may = not call.declared.roles or bool(held & call.declared.roles)
            answer = send(client, call)
            stopped = answer.status_code == 403 and answer.json()["code"] == "role"
            if stopped is may or answer.status_code >= 500:
                wrong.append((str(call), role, answer.status_code))
    assert wrong == []
    assert cells >= 18 * 55


def test_every_unsafe_call_of_a_browser_needs_its_csrf_token(bank: Cast) -> None:
    browser = APIClient(enforce_csrf_checks=True)
    browser.force_login(bank.feng_zhiqiang, backend="django.contrib.auth.backends.ModelBackend")
    tried = 0
    for call in calls():
        if call.method == "get" or call.path in PUBLIC:
            continue
        for headers in ({}, {"Origin": "https://evil.example"}, {"X-CSRFToken": "x" * 32}):
            tried += 1
            answer = send(browser, call, headers=headers)
            assert (str(call), answer.status_code, answer.json()["code"]) == (str(call), 403, "csrf")
    assert tried >= 3 * 40


def test_no_answer_is_kept_by_a_browser_or_a_proxy(bank: Cast) -> None:
    client = Caller(bank.feng_zhiqiang).client
    for call in calls():
        if call.method == "get":
            assert (str(call), send(client, call)["Cache-Control"]) == (str(call), "no-store")


def test_hostile_addresses_and_queries_are_never_an_error_of_the_server(bank: Cast) -> None:
    client = Caller(bank.feng_zhiqiang).client
    probes = ["?ordering=password", "?state__in=A", "?_connector=OR", "?page_size=1e9", "?after=%00", "?search=%00",
              "?search='%20OR%201=1--", "?x=1&x=2", "?state[]=A"]  # fmt: skip
    for call in calls():
        if call.method != "get":
            continue
        for probe in probes:
            answer = client.get(f"/api/v1/{call.path}{probe}")
            assert answer.status_code < 500, (str(call), probe)
            if answer.status_code == 200:
                pytest.fail(f"{call} took {probe}")
    for path in (
        "applications/%00/",
        "applications/' or 1=1/",
        "bags/99999999999999999999/",
        "bags/-1/",
        "status/%F0%9F%92%A9/",
    ):
        assert client.get(f"/api/v1/{path}").status_code == 404


def test_the_document_is_made_without_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn")
    assert "openapi: 3.1.0" in capsys.readouterr().out


def test_the_document_names_every_call(bank: Cast, anonymous: Caller) -> None:
    document = anonymous.client.get("/api/v1/schema/", headers={"Accept": "application/json"}).json()
    named = sum(len(methods) for methods in document["paths"].values())
    assert named == len(calls())


def test_the_offline_browser_of_the_api_keeps_to_the_strict_policy(bank: Cast, anonymous: Caller) -> None:
    page = anonymous.client.get("/api/v1/docs/", headers={"Accept": "text/html"})
    text = page.content.decode()
    assert page.status_code == 200
    assert "script-src 'self'" in page["Content-Security-Policy"]
    assert "http://" not in text.replace("http://testserver", "").replace("http://www.w3.org", "")
    assert "https://" not in text


def test_a_person_who_loses_the_role_is_out_with_the_next_call(bank: Cast) -> None:
    person: Employee = bank.he_xiulan
    client = Caller(person).client
    assert client.post("/api/v1/queues/check/next/").status_code == 204
    person.roles.all().delete()
    assert client.post("/api/v1/queues/check/next/").status_code == 403

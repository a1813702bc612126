"""Role, then sight, then shape, then the rules of the bank: no call answers them in another order."""

from __future__ import annotations

import pytest

from tests.api.conftest import Caller
from tests.api.test_doors import Call, calls, send
from tests.cast import Cast, at

pytestmark = pytest.mark.django_db
NAMED = ("JL26112200001", "/7/", "7K3F-92", "2026-11-23")  # what the addresses of the walk name; nothing of it exists
SELF = {"auth/token/"}


def posts() -> list[Call]:
    return [call for call in calls() if call.method == "post" and call.path not in SELF]


def names_something(call: Call) -> bool:
    return any(name in f"/{call.path}" for name in NAMED)


def person_for(bank: Cast, call: Call, branch: str = "YX01") -> Caller:
    assert call.declared is not None
    role = sorted(call.declared.roles or {"EMP"})[0]
    known: dict[str, Caller] = bank.__dict__.setdefault("strangers", {})
    if role not in known:
        known[role] = Caller(bank.hire(f"甲{role}", branch, *([role] if role != "EMP" else [])))
    return known[role]


def test_an_empty_body_to_what_is_absent_or_out_of_sight_is_404_before_400_and_409(bank: Cast) -> None:
    case = bank.complete(bank.draft(when=at("2026-11-24 10:00")), when=at("2026-11-24 10:00"))
    wrong, walked = [], 0
    for call in posts():
        if not names_something(call):
            continue
        assert call.declared is not None
        paths = [call.path.replace("/7/", "/999999999/")]
        if call.declared.roles <= {"CM", "BH", "BAG", "CS"} and call.declared.roles:
            paths.append(call.path.replace("JL26112200001", case.number))
        for path in dict.fromkeys(paths):
            walked += 1
            answer = send(person_for(bank, call).client, Call(path, call.method, call.view, call.declared))
            if answer.status_code != 404:
                wrong.append((path, answer.status_code, answer.json()["code"]))
    assert not wrong, wrong
    assert walked >= 110


def test_an_empty_body_that_names_nothing_is_a_shape_or_a_deed_but_never_a_rule(bank: Cast) -> None:
    wrong, walked = [], 0
    for call in posts():
        if names_something(call):
            continue
        walked += 1
        answer = send(person_for(bank, call).client, call)
        if answer.status_code not in (200, 201, 204, 400):
            wrong.append((call.path, answer.status_code, answer.json()["code"]))
    assert not wrong, wrong
    assert walked >= 20

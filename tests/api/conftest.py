"""People at the API: each signs in as the bank's programs do, and reads like a person in a story."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from ops_center import clock
from organization.models import ApiToken, Employee
from tests.cast import Cast

API = "/api/v1/"


class Caller:
    """One person at the API, or nobody."""

    def __init__(self, employee: Employee | None = None) -> None:
        self.employee = employee
        self.client = APIClient()
        if employee is not None:
            now = clock.now()
            token = ApiToken.issue(employee=employee, at=now, expires_at=now.replace(year=now.year + 1))
            self.client.credentials(HTTP_AUTHORIZATION=f"Token {token}")

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(API + path, query)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.client.post(API + path, {} if body is None else body, headers=headers)

    def delete(self, path: str) -> Any:
        return self.client.delete(API + path)

    def step(self, number: str, step: str, **facts: Any) -> Any:
        return self.post(f"applications/{number}/steps/{step}/", facts)


As = Callable[[Employee], Caller]


@pytest.fixture
def as_() -> As:
    """``as_(bank.li_wenjing).get("me/")``: one sign-in per person."""
    callers: dict[int, Caller] = {}

    def caller(employee: Employee) -> Caller:
        return callers.setdefault(employee.pk, Caller(employee))

    return caller


@pytest.fixture
def anonymous(bank: Cast) -> Caller:
    return Caller()

"""A person in front of the pages: signed in, on a Tuesday morning of the scenarios."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from ops_center import clock
from organization.models import Employee
from tests.cast import at

HTMX = {"HX-Request": "true"}


class Visitor:
    """One signed-in person and the pages they open; ``fragment`` is what htmx asks for."""

    def __init__(self, person: Employee) -> None:
        self.browser = Client()
        self.browser.force_login(person, backend="django.contrib.auth.backends.ModelBackend")

    def get(self, path: str, *, fragment: bool = False, **query: Any) -> Any:
        return self.browser.get(path, query, headers=HTMX if fragment else {})

    def post(self, path: str, *, fragment: bool = False, **facts: Any) -> Any:
        return self.browser.post(path, facts, headers=HTMX if fragment else {})


def words(response: Any) -> str:
    return str(response.content.decode())


@pytest.fixture
def now(settings: LazySettings) -> Iterator[datetime]:
    """The application's clock starts half a minute after Tuesday 2026-11-24 10:00, which is returned."""
    settings.OPS_CENTER_CLOCK = "2026-11-24T10:00:30+08:00"
    clock._offset.cache_clear()
    yield at("2026-11-24 10:00")
    clock._offset.cache_clear()


@pytest.fixture
def visit(now: datetime) -> Callable[[Employee], Visitor]:
    return Visitor

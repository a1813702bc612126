"""The first sight in the morning: every role's home, its figures against a slow recount, and what it costs."""

from __future__ import annotations

import pytest

from ops_center.desk.homes import HOMES
from organization.roles import Role


@pytest.mark.parametrize("role", Role.values)
def test_every_role_has_a_home_even_in_an_empty_bank(hire, visit, role: str) -> None:
    answer = visit(hire(role)).get("/")
    assert answer.status_code == 200
    assert Role(role) in {section.role for section in answer.context["sections"]}


def test_every_role_is_at_home_somewhere() -> None:
    assert set(HOMES) == set(Role)

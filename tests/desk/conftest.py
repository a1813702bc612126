"""People of all roles, to walk through the pages as."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client

from organization.models import Branch, Employee, RoleAssignment

LONG_AGO = date(2020, 1, 1)
PASSWORD = "a-password-of-our-own"
Hire = Callable[..., Employee]


@pytest.fixture
def hire(db: None) -> Hire:
    """``hire("TR", "SUP")`` makes an employee with these roles; ``employment=`` and ``vendor=`` as in the model."""
    branch, _created = Branch.objects.get_or_create(code="BH01", defaults={"name": "滨河支行"})

    def hire(*roles: str, **facts: object) -> Employee:
        number = f"LZ{Employee.objects.count() + 90001}"
        person = Employee(number=number, name="陈小明", branch=branch, **facts)
        person.set_password(PASSWORD)
        person.save()
        for role in roles:
            RoleAssignment.objects.create(employee=person, role=role, starts_on=LONG_AGO)
        return person

    return hire


@pytest.fixture
def visit(client: Client) -> Callable[[Employee], Client]:
    """The test client, signed in as this person."""

    def visit(person: Employee) -> Client:
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return visit

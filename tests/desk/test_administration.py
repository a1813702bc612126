"""The administrator's window: people, branches and days, to read; closed to everybody else."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.urls import reverse

from organization import admin as window
from organization.roles import Role

TABLES = [model._meta.model_name for model in admin.site._registry if model._meta.app_label == "organization"]


@pytest.mark.parametrize("table", TABLES)
def test_every_table_opens_for_the_administrator_and_lets_nothing_be_added(hire, visit, table: str) -> None:
    client = visit(hire("ADM"))
    assert client.get(reverse(f"admin:organization_{table}_changelist")).status_code == 200
    assert client.get(reverse(f"admin:organization_{table}_add")).status_code == 403


def test_a_person_s_page_shows_no_password_and_changes_nothing(hire, visit) -> None:
    person = hire("CM")
    client = visit(hire("ADM"))
    address = reverse("admin:organization_employee_change", args=[person.pk])
    page = client.get(address)
    assert page.status_code == 200
    assert person.password not in page.content.decode()
    assert client.post(address, {"name": "别人"}).status_code == 403


def test_no_business_data_is_in_the_window(hire, visit) -> None:
    page = visit(hire("ADM")).get(reverse("admin:index"))
    shown = {app["app_label"] for app in page.context["app_list"]}
    assert shown == {"organization"}
    assert {"message", "auditrecord", "apitoken"}.isdisjoint(TABLES)


@pytest.mark.parametrize("role", sorted(set(Role.values) - {"ADM"}))
def test_nobody_else_comes_in(hire, visit, role: str) -> None:
    assert visit(hire(role)).get(reverse("admin:index"), follow=True).status_code == 403


def test_a_visitor_is_sent_to_the_front_door(client) -> None:
    answer = client.get(reverse("admin:index"), follow=True)
    assert answer.redirect_chain[-1][0].startswith("/sign-in/")


def test_the_window_has_no_sign_in_of_its_own() -> None:
    assert admin.site.login is window.front_door

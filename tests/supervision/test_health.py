"""Liveness and readiness: what was done lately, not which process is up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from ops_center import clock, health, schedule
from tests.supervision.conftest import Bank

pytestmark = pytest.mark.django_db


def ready() -> tuple[int, dict]:
    answer = APIClient().get("/api/v1/ready/")
    return answer.status_code, answer.json()


def test_a_living_process_says_so_without_sign_in(client) -> None:
    answer = client.get("/api/v1/health/")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_a_new_installation_is_ready_before_its_first_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_started", health.monotonic())
    status, facts = ready()
    assert (status, facts["database"], facts["broker"], facts["last_sweep_age"]) == (200, "ok", "ok", None)


def test_a_sweep_that_never_came_is_an_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_started", health.monotonic() - 301)
    assert ready()[0] == 503


@pytest.mark.parametrize(("minutes", "status"), [(4, 200), (6, 503)])
def test_five_minutes_of_silence_are_an_alarm(
    bank: Bank, monkeypatch: pytest.MonkeyPatch, minutes: int, status: int
) -> None:
    monkeypatch.setattr(health, "_started", health.monotonic() - 3600)
    schedule.run(schedule.BY_NAME["breaches"], at=clock.now() - timedelta(minutes=minutes))
    answered, facts = ready()
    assert answered == status
    assert facts["last_sweep_age"] // 60 == minutes


def test_a_broker_that_is_away_is_an_alarm(settings) -> None:
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    status, facts = ready()
    assert (status, facts["broker"], facts["database"]) == (503, "down", "ok")


def test_the_question_costs_few_queries(bank: Bank, django_assert_max_num_queries) -> None:
    with django_assert_max_num_queries(3):
        ready()

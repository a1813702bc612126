"""The servers of a test run."""

from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import connection

from ops_center.celery import app


@pytest.mark.django_db
def test_the_tests_run_on_postgresql_18_as_the_owner_who_is_no_superuser() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version_num')::int, current_user, current_setting('is_superuser')"
        )
        version, user, superuser = cursor.fetchone()
    assert version >= 180000
    assert (user, superuser) == ("ops_owner", "off")


def test_the_cache_is_a_real_server() -> None:
    cache.set("answer", 42)
    assert cache.get("answer") == 42


def test_a_real_worker_hears_the_broker_and_connects_as_the_runtime_role(worker) -> None:
    answers = app.control.broadcast("ping", reply=True, timeout=30, limit=1)
    assert [list(answer.values()) for answer in answers] == [[{"ok": "pong"}]]
    environment = Path(f"/proc/{worker.pid}/environ").read_bytes()
    assert b"DATABASE_URL=postgresql://ops_app:" in environment

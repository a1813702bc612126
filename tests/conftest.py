"""The database of the tests: migrated once per run, cloned for each test process; and the role that the web runs as."""

from __future__ import annotations

import os
import sys
import time
from urllib.parse import quote

import hypothesis
import psycopg2
import pytest
from celery import current_app
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from ops_center.embedded.postgres import RUNTIME
from ops_center.embedded.processes import Nursery
from ops_center.management.commands.words import compile_catalogues
from tests.cast import Cast, make_bank

TEMPLATE = "ops_center_template"


def pytest_configure() -> None:
    """What would only slow the tests down: slow password hashes, hashed names of static files."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    if "PYTEST_XDIST_WORKER" not in os.environ:
        compile_catalogues()  # a fresh clone has the words as text only


# How long one example takes says how busy the machine is, not whether the code is right.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, django_test_environment: None, django_db_blocker
) -> None:
    """Makes the template database, in whichever test process comes first, and tells Django to clone it."""
    with django_db_blocker.unblock(), connection._nodb_cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(1)")  # until this connection closes
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE])
        if not cursor.fetchone():
            cursor.execute(f"CREATE DATABASE {TEMPLATE}")
            try:
                _migrate(TEMPLATE)
            except BaseException:
                cursor.execute(f"DROP DATABASE {TEMPLATE}")
                raise
    connection.settings_dict["TEST"]["TEMPLATE"] = TEMPLATE


def _migrate(database: str) -> None:
    own_name = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = database
    try:
        call_command("migrate", verbosity=0, interactive=False)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = own_name


@pytest.fixture(scope="session")
def runtime_dsn(django_db_setup: None, django_db_blocker) -> str:
    """A libpq URL of the test database for the role that web and worker connect as: it owns nothing.

    What a test wrote is visible to it only after a commit: use ``@pytest.mark.django_db(transaction=True)``.
    """
    with django_db_blocker.unblock():
        call_command("grants", role=RUNTIME, verbosity=0)
        connection.close()
    server = connection.settings_dict
    password = quote(os.environ["RUNTIME_PASSWORD"])
    return f"postgresql://{RUNTIME}:{password}@{server['HOST']}:{server['PORT']}/{server['NAME']}"


@pytest.fixture
def runtime_connection(runtime_dsn: str):
    """An open psycopg2 connection as that role; rolled back and closed at the end."""
    opened = psycopg2.connect(runtime_dsn)
    yield opened
    opened.close()


@pytest.fixture
def bank(db: None) -> Cast:
    """A small bank with the people of the scenarios (tests/cast.py)."""
    return make_bank()


@pytest.fixture
def worker(runtime_dsn: str, tmp_path_factory: pytest.TempPathFactory):
    """A real Celery worker on the test database, as the role and with the broker that it has in a running stack.

    It ends with the test: in the next one it would take the work from under the hands of the test.

    It sees what is committed: use ``@pytest.mark.django_db(transaction=True)``. Its output is in ``worker.log``.
    """
    current_app.control.purge()  # hints of earlier tests
    nursery = Nursery(tmp_path_factory.mktemp("worker"))
    celery = [sys.executable, "-m", "celery", "--app", "ops_center.celery", "worker"]
    try:
        child = nursery.spawn(
            "worker",
            [*celery, "--concurrency", "1", "--loglevel", "INFO", "--without-gossip", "--without-mingle"],
            env={**os.environ, "DATABASE_URL": runtime_dsn},
            cwd=settings.BASE_DIR,
        )
        deadline = time.monotonic() + 30
        while " ready." not in child.log.read_text():
            if child.ended or time.monotonic() > deadline:
                pytest.fail(f"The worker did not start:\n{child.last_words()}")
            time.sleep(0.1)
        yield child
    finally:
        nursery.close()

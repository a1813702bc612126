"""Real servers for the tests: a PostgreSQL shared by all test processes, a Valkey for each of them.

Loaded by ``addopts`` in pyproject.toml, before Django reads its settings. Everything lives in a temporary folder that
goes away with the run, also when it fails or is killed. ``DATABASE_URL`` and the like of the shell are not used: tests
never touch the data of a running server. The application's clock begins at ``MORNING`` on whatever day the tests run,
so that none of them meets a weekend, a month's end or a year without a calendar by chance.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ops_center.embedded import keys
from ops_center.embedded.postgres import OWNER, Postgres
from ops_center.embedded.processes import Nursery
from ops_center.embedded.valkey import Valkey

# Lets Django empty append-only tables after a transactional test; their triggers look at this setting.
MAY_TRUNCATE = "options=-c%20ops.may_truncate%3Don"
MORNING = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)  # a Wednesday in Shanghai, 10:00


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> Generator[None, None, None]:
    if not {"-h", "--help", "--version", "--markers", "--fixtures"} & set(args):
        _start_servers(early_config)
    yield


def _start_servers(config: pytest.Config) -> None:
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    folder = Path(tempfile.mkdtemp(prefix="ops-center-test-"))
    folder.chmod(0o755)  # PostgreSQL may run as another account than the tests
    nursery = Nursery(folder / "logs", tidy=folder)
    config.add_cleanup(nursery.close)
    secrets = keys.invent()
    if worker is None:
        postgres = Postgres(folder / "postgres", nursery=nursery, password=secrets["POSTGRES_PASSWORD"], careless=True)
        config.add_cleanup(postgres.stop)
        postgres.start()
        postgres.furnish(
            owner_password=secrets["OWNER_PASSWORD"],
            runtime_password=secrets["RUNTIME_PASSWORD"],
            owner_may_create_databases=True,
        )
        os.environ.update(
            {name: secrets[name] for name in ("SECRET_KEY", "FIELD_KEYS", "INDEX_KEY", "RUNTIME_PASSWORD")}
        )
        os.environ["DATABASE_URL"] = f"{postgres.url(OWNER, secrets['OWNER_PASSWORD'])}?{MAY_TRUNCATE}"
        os.environ["DEMO"] = "1"
        os.environ["OPS_CENTER_CLOCK"] = f"{(MORNING - datetime.now(UTC)).total_seconds():+.3f}s"
        for name in ("OWNER_DATABASE_URL", "DEBUG", "TLS", "SERVING", "PUBLIC_URL"):
            os.environ.pop(name, None)
    valkey = Valkey(folder / "valkey", nursery=nursery, password=secrets["VALKEY_PASSWORD"], durable=False)
    config.add_cleanup(valkey.stop)
    valkey.start()
    os.environ["REDIS_URL"] = valkey.url
    os.environ["OPS_CENTER_DATA"] = str(folder / "data")
    (folder / "data" / "static").mkdir(parents=True)

"""What can be known of the container files without an engine to run them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from django.conf import settings

from ops_center.embedded import keys

ROOT = Path(settings.BASE_DIR)
COMPOSE = (ROOT / "docker-compose.yml").read_text()
SERVICES = yaml.safe_load(COMPOSE)["services"]
LOCKS = sorted((ROOT / "requirements").glob("*.lock"))


def test_the_servers_are_the_ones_that_the_embedded_stack_stands_for() -> None:
    assert SERVICES["postgres"]["image"] == "postgres:18"
    assert SERVICES["postgres"]["volumes"] == ["postgres:/var/lib/postgresql"]  # where the image of 18 keeps its data
    assert SERVICES["valkey"]["image"].startswith("valkey/valkey:9")
    assert "appendonly yes" in SERVICES["valkey"]["command"][-1]


def test_only_the_migration_knows_the_owner_and_everything_else_waits_for_it() -> None:
    knowing = {name for name, service in SERVICES.items() if "OWNER_DATABASE_URL" in service["environment"]}
    assert knowing == {"migrate"}
    for name in ("web", "worker", "beat"):
        assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
        assert SERVICES[name]["environment"]["DATABASE_URL"].startswith("postgresql://ops_app:")


def test_the_product_runs_outside_demo_mode_without_rights_it_does_not_need() -> None:
    for name in ("migrate", "web", "worker", "beat"):
        assert SERVICES[name]["environment"]["DEMO"] == "0"
        assert SERVICES[name]["read_only"]
        assert SERVICES[name]["cap_drop"] == ["ALL"]


def test_no_secret_has_a_default_and_the_printed_set_of_keys_holds_all_of_them() -> None:
    asked = dict(re.findall(r"(?<!\$)\$\{(\w+)(:[-?]\w*)\}", COMPOSE))
    secret = {name for name in asked if re.search("PASSWORD|KEY", name)}
    assert secret
    assert {asked[name] for name in secret} == {":?"}
    assert secret <= set(keys.invent())


@pytest.mark.parametrize("name", ["postgres", "valkey", "web", "worker"])
def test_what_others_wait_for_is_watched(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]


def test_the_image_builds_the_driver_from_source_and_runs_as_an_ordinary_user() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    lock = (ROOT / "requirements" / "image.lock").read_text()
    assert re.search(r"^psycopg2==", lock, re.M)
    assert "psycopg2-binary" not in lock
    assert dockerfile.rindex("\nUSER ops\n") > dockerfile.rindex("\nRUN ")
    assert "gcc" not in dockerfile.rpartition("\nFROM ")[2]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_locked_package_has_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text
    packages = re.split(r"^(?=[a-z0-9])", text, flags=re.M)[1:]
    assert len(packages) > 30
    assert [package.split("==")[0] for package in packages if "--hash=sha256:" not in package] == []


def test_the_locks_agree_on_every_version() -> None:
    versions: dict[str, set[str]] = {}
    for lock in LOCKS:
        for name, version in re.findall(r"^([a-z0-9][\w.-]*)(?:\[.*\])?==(\S+)", lock.read_text(), re.M):
            versions.setdefault(name, set()).add(version)
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}

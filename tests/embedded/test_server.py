"""``./script/server`` as a person meets it: start, stop, start again, and what follows when something is killed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest
from django.conf import settings

from ops_center.clock import offset_of
from ops_center.embedded.home import Home
from ops_center.embedded.server import _offset
from tests.embedded.test_processes import LONG, alive, wait_until

ROOT = Path(settings.BASE_DIR)
OPTIONS = ["--no-demo", "--port", "0"]


def environment(**more: str) -> dict[str, str]:
    """A bare shell: nothing of the servers that the tests themselves run on."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"PYTHONPATH": str(ROOT)} | more


class Server:
    """A server process of our own, and what its map says."""

    def __init__(self, data: Path, *options: str, **variables: str) -> None:
        self.home = Home(data)
        self.output = data.parent / "output.txt"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ops_center.embedded.server", "--data", str(data), *(options or OPTIONS)],
            env=environment(**variables),
            cwd="/",
            stdout=self.output.open("w"),
            stderr=subprocess.STDOUT,
        )

    def ready(self) -> Server:
        assert wait_until(lambda: "ready in" in self.said or self.process.poll() is not None, 300), self.said
        assert self.process.poll() is None, self.said
        return self

    @property
    def said(self) -> str:
        return self.output.read_text()

    @property
    def map(self) -> dict:
        return json.loads(self.home.map.read_text())

    @property
    def pids(self) -> dict[str, int]:
        return {name: part["pid"] for name, part in self.map.items() if isinstance(part, dict) and part.get("pid")}

    def family(self) -> set[int]:
        """Every process below the supervisor, found by parent number."""
        parents = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        found = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return found

    def end(self, by: int = signal.SIGINT) -> int:
        self.process.send_signal(by)
        return self.process.wait(LONG)

    def page(self, path: str) -> int:
        line = HTTPConnection("127.0.0.1", self.map["web"]["port"], timeout=LONG)
        line.request("GET", path)
        return line.getresponse().status

    def database(self, role: str = "DATABASE_URL"):
        lines = dict(line.split("=", 1) for line in self.home.environment.read_text().splitlines())
        return psycopg2.connect(lines[role])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a space and Chinese in a path of more than 200 characters, made by the first start."""
    deep = tmp_path_factory.mktemp("server")
    deep.chmod(0o755)
    return deep / ("a folder 数据 " + "x" * 200) / "var"


@pytest.fixture
def server(data: Path):
    data.parent.mkdir(exist_ok=True)
    running = Server(data)
    yield running.ready()
    running.process.kill()
    running.process.wait()
    wait_until(lambda: not running.home.is_in_use, LONG)


def test_it_serves_pages_says_where_things_are_and_ends_in_five_seconds_with_everything(server: Server) -> None:
    assert server.map["web"]["port"] not in (0, 8000)  # port 0 asks the machine for a free one
    assert server.page("/sign-in/") == 200
    shown = subprocess.run(
        [sys.executable, ROOT / "manage.py", "stack", "--json"],
        env=environment(OPS_CENTER_DATA=str(server.home.folder)),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    where = json.loads(shown)
    assert {"web", "worker", "beat", "postgresql", "broker", "folders", "address"} <= set(where)
    for part in ("web", "worker", "beat", "postgresql", "broker"):
        assert Path(where[part]["pid_file"]).read_text().strip() == str(where[part]["pid"])
        assert alive(where[part]["pid"])
    secrets = dict(line.split("=", 1) for line in server.home.keys.read_text().splitlines())
    assert not [name for name, value in secrets.items() if value in shown]

    family = server.family()
    assert len(family) >= 10
    started = time.monotonic()
    assert server.end(signal.SIGTERM) == 0
    # The guard that watches the supervisor goes a moment after it.
    assert wait_until(lambda: not any(alive(pid) for pid in family), 5 - (time.monotonic() - started))
    assert not server.home.map.exists()
    assert not server.home.environment.exists()


def test_a_killed_supervisor_leaves_nothing_running_and_the_next_start_finds_the_data(server: Server) -> None:
    with server.database("OWNER_DATABASE_URL") as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    connection.close()
    family = server.family()
    server.end(signal.SIGKILL)
    again = Server(server.home.folder)  # at once: it waits until the last of the old processes is gone
    try:
        again.ready()
        assert not [pid for pid in family if alive(pid)]
        with again.database("OWNER_DATABASE_URL") as connection, connection.cursor() as cursor:
            cursor.execute("SELECT answer FROM kept")
            assert cursor.fetchone() == (42,)
            cursor.execute("DROP TABLE kept")
        connection.close()
    finally:
        assert again.end() == 0


def test_a_second_server_on_the_same_data_or_port_is_refused_in_one_line_and_harms_nothing(server: Server) -> None:
    second = Server(server.home.folder, *OPTIONS)
    assert second.process.wait(LONG) == 1
    line = r"script/server: Another server runs on .*: stop it, or choose another --data folder\n"
    assert re.fullmatch(line, second.said)
    third = Server(server.home.folder.with_name("elsewhere"), "--no-demo", "--port", str(server.map["web"]["port"]))
    assert third.process.wait(LONG) == 1
    assert re.fullmatch(r"script/server: Port \d+ cannot be used \(.*\): choose another with --port\n", third.said)
    assert server.page("/sign-in/") == 200


@pytest.mark.parametrize("victim", ["worker", "postgresql"])
def test_when_one_part_dies_everything_stops_and_it_is_named(server: Server, victim: str) -> None:
    family = server.family()
    os.kill(server.pids[victim], signal.SIGKILL)
    assert server.process.wait(LONG) == 1
    assert {"worker": "worker ended", "postgresql": "postgres ended"}[victim] in server.said
    assert wait_until(lambda: not [pid for pid in family if alive(pid)], LONG)


def test_the_web_connects_as_a_role_that_owns_nothing_and_secrets_stay_with_their_owner(server: Server) -> None:
    with server.database() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_setting('is_superuser')")
        assert cursor.fetchone() == ("ops_app", "off")
    connection.close()
    told = Path(f"/proc/{server.pids['web']}/environ").read_bytes()
    assert b"DATABASE_URL=postgresql://ops_app:" in told
    assert b"OWNER_DATABASE_URL" not in told
    for line in Path(f"/proc/{server.pids['broker']}/cmdline"), Path(f"/proc/{server.pids['postgresql']}/cmdline"):
        assert b"pass" not in line.read_bytes()
    for file in (server.home.keys, server.home.environment):
        assert file.stat().st_mode & 0o777 == 0o600
    made = server.home.keys.read_text()
    assert server.end() == 0
    assert server.home.keys.read_text() == made


def test_passwords_that_do_not_fit_the_data_are_refused_with_a_clear_line(data: Path) -> None:
    home = Home(data)
    right = home.keys.read_text()
    home.keys.write_text(re.sub("POSTGRES_PASSWORD=.*", "POSTGRES_PASSWORD=another", right))
    try:
        refused = Server(data)
        assert refused.process.wait(LONG) == 1
        assert "are not those of the database" in refused.said
    finally:
        home.keys.write_text(right)


@pytest.mark.parametrize(
    ("options", "variables", "line"),
    [
        (["--port", "99999"], {}, "Port 99999 cannot be used"),
        (["--data", "/proc/nowhere"], {}, "nowhere"),
        (["--port", "0"], {"OPS_CENTER_CLOCK": "tomorrow"}, "OPS_CENTER_CLOCK=tomorrow is neither an offset"),
    ],
)
def test_bad_input_is_refused_in_one_clear_line(tmp_path: Path, options, variables, line: str) -> None:
    (tmp_path / "var").mkdir()
    refused = Server(tmp_path / "var", *options, **variables)
    assert refused.process.wait(LONG) == 1
    assert line in refused.said
    assert "Traceback" not in refused.said


def test_no_server_starts_on_a_folder_that_a_restore_left_half_filled(tmp_path: Path) -> None:
    home = Home(tmp_path / "var")
    home.folder.mkdir()
    home.restoring.touch()
    refused = Server(home.folder)
    assert refused.process.wait(LONG) == 1
    assert "was not finished: empty the folder and restore again" in refused.said


def test_servers_that_the_shell_names_are_used_instead_of_own_ones(tmp_path: Path) -> None:
    connection = psycopg2.connect(os.environ["DATABASE_URL"])
    connection.autocommit = True
    connection.cursor().execute("CREATE DATABASE elsewhere")
    named = urlsplit(os.environ["DATABASE_URL"])._replace(path="/elsewhere", query="")
    (tmp_path / "data").mkdir()
    server = Server(tmp_path / "data" / "var", DATABASE_URL=named.geturl(), REDIS_URL=os.environ["REDIS_URL"])
    try:
        where = server.ready().map
        assert (where["postgresql"]["port"], where["postgresql"]["database"]) == (named.port, "elsewhere")
        assert where["broker"]["port"] == urlsplit(os.environ["REDIS_URL"]).port
        assert (where["postgresql"]["pid"], where["broker"]["pid"]) == (None, None)
        assert not server.home.postgres.exists()
        assert not server.home.valkey.exists()
    finally:
        assert server.end() == 0
        connection.cursor().execute("DROP DATABASE elsewhere")
        connection.close()


def test_an_iso_time_on_the_clock_becomes_one_offset_for_all_processes() -> None:
    offset = _offset("2027-03-01T08:30:00+08:00")
    at = datetime.now(UTC) + offset_of(offset, real=datetime.now(UTC))
    assert abs(at - datetime(2027, 3, 1, 0, 30, tzinfo=UTC)) < timedelta(seconds=2)
    assert _offset("+15d") == "+1296000.000s"
    assert _offset("") == ""

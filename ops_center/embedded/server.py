"""``./script/server``: the whole product on one machine, in the foreground.

Starts PostgreSQL and Valkey (unless the environment names others), prepares the database, then runs web, worker and
beat until Ctrl-C, and stops everything in the opposite order. One of them dying ends all: a stack that limps along
without its worker looks healthy and is not.
"""

from __future__ import annotations

import argparse
import http.client
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ops_center import env
from ops_center.clock import offset_of
from ops_center.embedded import keys
from ops_center.embedded.home import Home
from ops_center.embedded.postgres import OWNER, RUNTIME, Postgres
from ops_center.embedded.processes import STOP_SIGNALS, Child, Nursery, StackError
from ops_center.embedded.valkey import Valkey

# Seconds that each may take to end in peace; together below five.
PATIENCE = {"prepare": 0.5, "beat": 0.6, "worker": 1.4, "web": 1.2, "valkey": 0.6, "postgres": 1.1}
_FIRST_PAGE_WITHIN = 120.0  # seconds: a busy machine is slow, not broken


class Stopped(BaseException):
    """Somebody asked the stack to stop."""


class Stack:
    """The children of one run, in the order of their start."""

    def __init__(self, home: Home, *, port: int, demo: bool, nursery: Nursery) -> None:
        self.home = home
        self.port = port
        self.demo = demo
        self.nursery = nursery
        self.children: list[Child] = []
        self.environment: dict[str, str] = {}
        self.owner_url = ""
        self.sign_ins = ""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self, listener: socket.socket) -> None:
        """Everything up to the first answered page. ``StackError`` when something does not come up."""
        self._start_servers()
        keys.write(self.home.environment, self.environment | {"OWNER_DATABASE_URL": self.owner_url})
        self._prepare()
        python, fd = sys.executable, listener.fileno()
        self._serve(
            "web",
            [
                *(python, "-m", "gunicorn", "ops_center.wsgi", "--bind", f"fd://{fd}", "--workers", "2", "--preload"),
                *("--no-control-socket", "--timeout", "60", "--graceful-timeout", "1", "--access-logfile", "-"),
            ],
            keep_open=[fd],
        )
        listener.close()
        self._await_first_page()
        celery = [python, "-m", "celery", "--app", "ops_center.celery"]
        quiet = ["--without-gossip", "--without-mingle"]  # both are for many workers, and cost a second at the start
        self._serve("worker", [*celery, "worker", "--concurrency", "2", "--loglevel", "INFO", *quiet])
        self._serve("beat", [*celery, "beat", "--loglevel", "INFO", "--pidfile="])
        self.home.publish(self._map())

    def _start_servers(self) -> None:
        secrets = keys.kept_in(self.home.keys)
        database_url, redis_url = os.environ.get("DATABASE_URL", ""), os.environ.get("REDIS_URL", "")
        self.owner_url = os.environ.get("OWNER_DATABASE_URL", "") if database_url else ""
        if not database_url:
            postgres = Postgres(self.home.postgres, nursery=self.nursery, password=secrets["POSTGRES_PASSWORD"])
            self._keep(postgres.start())
            owner, runtime = secrets["OWNER_PASSWORD"], secrets["RUNTIME_PASSWORD"]
            postgres.furnish(owner_password=owner, runtime_password=runtime)
            database_url, self.owner_url = postgres.url(RUNTIME, runtime), postgres.url(OWNER, owner)
        if not redis_url:
            valkey = Valkey(self.home.valkey, nursery=self.nursery, password=secrets["VALKEY_PASSWORD"])
            self._keep(valkey.start())
            redis_url = valkey.url
        product_keys = {name: os.environ.get(name, secrets[name]) for name in ("SECRET_KEY", "FIELD_KEYS", "INDEX_KEY")}
        self.environment = product_keys | {
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "DEMO": "1" if self.demo else "0",
            "OPS_CENTER_CLOCK": _offset(os.environ.get("OPS_CENTER_CLOCK", "")) if self.demo else "",
            "OPS_CENTER_DATA": str(self.home.folder),
            "PUBLIC_URL": os.environ.get("PUBLIC_URL", self.address.rstrip("/")),
        }

    def _prepare(self) -> None:
        log = self.home.logs / "prepare.log"
        log.unlink(missing_ok=True)
        prepare = self.nursery.spawn(
            "prepare",
            [sys.executable, "manage.py", "prepare"],
            env=self._environment(OWNER_DATABASE_URL=self.owner_url),
            cwd=env.BASE,
            errors_shown=True,
        )
        self.children.append(prepare)
        status = prepare.process.wait()
        prepare.stop(patience=0)
        self.children.remove(prepare)
        if status:
            raise StackError("The database could not be prepared (see above)")
        self.sign_ins = log.read_text()

    def _environment(self, **more: str) -> dict[str, str]:
        inherited = {
            name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "OWNER_DATABASE_URL"}
        }
        return inherited | self.environment | more

    def _serve(self, name: str, argv: Sequence[str], *, keep_open: Sequence[int] = ()) -> None:
        environment = self._environment(SERVING="1", PYTHONUNBUFFERED="1")
        self._keep(self.nursery.spawn(name, argv, env=environment, cwd=env.BASE, keep_open=keep_open))

    def _keep(self, child: Child) -> None:
        self.children.append(child)
        self.home.pid_file(child.name).write_text(f"{child.pid}\n")

    def _await_first_page(self) -> None:
        deadline = time.monotonic() + _FIRST_PAGE_WITHIN
        while time.monotonic() < deadline:
            self.check()
            with suppress(OSError, http.client.HTTPException):
                page = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
                page.request("GET", "/sign-in/")
                if page.getresponse().status < 500:
                    return
            time.sleep(0.1)
        raise StackError(f"The web server shows no page (see {self.home.logs / 'web.log'})")

    def check(self) -> None:
        """``StackError`` when one of the children has ended."""
        for child in self.children:
            if child.ended:
                status = child.process.returncode
                raise StackError(f"{child.name} ended (status {status}), so everything stops:\n{child.last_words()}")
        if self.nursery.unguarded:
            raise StackError("The guard of the processes ended, so everything stops")

    def stop(self) -> None:
        for child in reversed(self.children):
            child.stop(PATIENCE[child.name])
        self.home.tidy()

    def _map(self) -> dict[str, Any]:
        """Where things run, for ``manage.py stack``. No secrets."""
        home, pids = self.home, {child.name: child.pid for child in self.children}

        def process(name: str) -> dict[str, Any]:
            if name not in pids:
                return {"pid": None, "pid_file": None}
            return {"pid": pids[name], "pid_file": str(home.pid_file(name)), "log": str(home.logs / f"{name}.log")}

        database, broker = (urlsplit(self.environment[name]) for name in ("DATABASE_URL", "REDIS_URL"))
        return {
            "address": self.address,
            "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "demo": self.demo,
            "clock": self.environment["OPS_CENTER_CLOCK"] or "real",
            "supervisor": {"pid": os.getpid(), "pid_file": str(home.pid_file("supervisor"))},
            "web": {"host": "127.0.0.1", "port": self.port, **process("web")},
            "worker": process("worker"),
            "beat": process("beat"),
            "postgresql": {
                "host": database.hostname,
                "port": database.port,
                "database": database.path.lstrip("/"),
                **process("postgres"),
            },
            "broker": {"host": broker.hostname, "port": broker.port, **process("valkey")},
            "folders": {
                "data": str(home.folder),
                "documents": str(home.documents),
                "static": str(home.static),
                "logs": str(home.logs),
                "postgresql": str(home.postgres) if "postgres" in pids else None,
                "broker": str(home.valkey) if "valkey" in pids else None,
            },
        }


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit status: 0 after a stop that was asked for, 1 when something failed."""
    options = _options(arguments)
    home = Home(Path(os.path.abspath(options.data)))
    for stop in STOP_SIGNALS:
        if stop != signal.SIGHUP or signal.getsignal(stop) != signal.SIG_IGN:  # nohup asks to outlive the terminal
            signal.signal(stop, _raise_stopped)
    try:
        with ExitStack() as cleanup:
            listener = cleanup.enter_context(_listen(options.port))
            port = listener.getsockname()[1]
            if home.restoring.exists():
                raise StackError(f"A restore into {home.folder} was not finished: empty the folder and restore again")
            nursery = Nursery(home.logs, keep_open=[cleanup.enter_context(home.held())])
            cleanup.callback(nursery.close)
            stack = Stack(home, port=port, demo=not options.no_demo, nursery=nursery)
            cleanup.callback(_stop, stack)
            home.pid_file("supervisor").write_text(f"{os.getpid()}\n")
            stack.start(listener)
            _welcome(stack)
            while True:
                stack.check()
                time.sleep(0.25)
    except Stopped:
        return 0
    except (StackError, OSError) as error:
        sys.stderr.write(f"script/server: {error}\n")
        return 1


def _stop(stack: Stack) -> None:
    for stop in STOP_SIGNALS:
        signal.signal(stop, signal.SIG_IGN)
    started = time.monotonic()
    stack.stop()
    sys.stderr.write(f"stopped in {time.monotonic() - started:.1f} s\n")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="script/server",
        description="Runs the operations center on this machine: PostgreSQL, Valkey, web, worker and beat.",
        epilog="With DATABASE_URL or REDIS_URL set, those servers are used. Ctrl-C stops everything; the data stay.",
    )
    parser.add_argument("--port", type=int, default=8000, help="of the web on 127.0.0.1 (default 8000; 0 picks one)")
    parser.add_argument("--data", default=env.BASE / "var", metavar="DIR", help="folder of all data (default var/)")
    parser.add_argument("--no-demo", action="store_true", help="no demo bank, no known passwords, no movable clock")
    return parser.parse_args(arguments)


def _listen(port: int) -> socket.socket:
    """The web server's socket, taken before anything else is started."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except (OSError, OverflowError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) else error
        raise StackError(f"Port {port} cannot be used ({reason}): choose another with --port") from error
    listener.listen(128)
    return listener


def _offset(clock: str) -> str:
    """``OPS_CENTER_CLOCK`` as an offset from now, so that all processes agree on the time."""
    try:
        moved = offset_of(clock, real=datetime.now(UTC))
    except ValueError as error:
        raise StackError(f"OPS_CENTER_CLOCK={clock} is neither an offset such as +15d nor an ISO time") from error
    return f"{moved.total_seconds():+.3f}s" if moved else ""


def _raise_stopped(_signal: int, _frame: object) -> None:
    raise Stopped


def _welcome(stack: Stack) -> None:
    started = float(os.environ.get("OPS_CENTER_STARTED_AT") or time.time())
    sys.stdout.write(
        f"\n信用卡集中运营平台  {stack.address}\n"
        f"数据目录 {stack.home.folder}   按 Ctrl-C 停止\n"
        f"{stack.sign_ins}"
        f"ready in {time.time() - started:.1f} s\n"
    )
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

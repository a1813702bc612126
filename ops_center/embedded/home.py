"""The data folder of a stack: what lies where, and that only one stack lives in it at a time."""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ops_center.embedded.processes import StackError

_LAST_STACK_ENDS_WITHIN = 10.0  # seconds


class Home:
    """Paths inside the data folder (default ``var/``)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.postgres = folder / "postgres"
        self.valkey = folder / "valkey"
        self.documents = folder / "documents"
        self.static = folder / "static"
        self.logs = folder / "logs"
        self.run = folder / "run"
        self.keys = folder / "secrets" / "keys.env"
        self.environment = folder / "secrets" / "stack.env"  # see ops_center/env.py
        self.map = folder / "stack.json"
        self.restoring = folder / "restoring"  # there while a restore fills the folder

    def pid_file(self, name: str) -> Path:
        return self.run / f"{name}.pid"

    @property
    def is_in_use(self) -> bool:
        """Whether a supervisor runs here."""
        try:
            with (self.run / "supervisor.lock").open() as lock:
                return not _locked(lock.fileno())
        except FileNotFoundError:
            return False

    @contextmanager
    def held(self) -> Iterator[int]:
        """Keeps every other stack out of this folder; yields a descriptor for all children to keep open.

        Two locks: the supervisor's ends with the supervisor; the household's is shared with its children and ends with
        the last of them. So after a supervisor was killed, the next one waits until PostgreSQL is really gone.
        ``StackError`` when another stack runs here.
        """
        self.run.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (
            (self.run / "supervisor.lock").open("w") as supervisor,
            (self.run / "household.lock").open("w") as household,
        ):
            if not _locked(supervisor.fileno()):
                raise StackError(f"Another server runs on {self.folder}: stop it, or choose another --data folder")
            deadline = time.monotonic() + _LAST_STACK_ENDS_WITHIN
            while not _locked(household.fileno()):
                if time.monotonic() > deadline:
                    raise StackError(f"Processes of a killed server still work on {self.folder}: end them first")
                time.sleep(0.05)
            yield household.fileno()

    def publish(self, where: Mapping[str, Any]) -> None:
        """Writes the map that ``manage.py stack`` reads."""
        draft = self.map.with_suffix(".draft")
        draft.write_text(json.dumps(where, indent=2, ensure_ascii=False))
        draft.replace(self.map)

    def tidy(self) -> None:
        """Removes what only says how to reach running servers."""
        for path in (self.environment, self.map, *self.run.glob("*.pid")):
            path.unlink(missing_ok=True)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

from __future__ import annotations

import hashlib
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError
from django.utils import translation

from ops_center.desk.demo_people import DEMO_PEOPLE

_STATIC_STAMP = Path("run") / "static.sha256"  # in the data folder


class Command(BaseCommand):
    """Makes true what has to be true before the servers start; in one process, so that Django is loaded once."""

    help = "Compiles the words, migrates, grants, completes the demo bank (demo mode), collects static files."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        Path(settings.DOCUMENT_ROOT).mkdir(mode=0o700, parents=True, exist_ok=True)
        # Hashing and compressing takes the second core while the tables and the demo bank are made on the first.
        static_files = get_context("fork").Process(target=_collect_static)
        static_files.start()
        with self._told("words"):
            self._call_if_there("words", compile=True)
        with self._told("tables"):
            call_command("migrate", interactive=False, verbosity=0)
            if settings.OWNER_DATABASE_URL:
                call_command("grants", verbosity=0)
        if settings.DEMO:
            with self._told("demo bank"):
                self._call_if_there("demo")
        with self._told("static files"):
            static_files.join()
        if static_files.exitcode:
            raise CommandError("The static files could not be collected (see above)")
        if settings.DEMO:
            self.stdout.write(_sign_ins())

    def _call_if_there(self, name: str, **options: Any) -> None:
        if name in get_commands():
            call_command(name, verbosity=0, stdout=self.stderr, **options)

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        started = time.monotonic()
        self.stderr.write(f"  {what} …", ending=" ")
        self.stderr.flush()
        yield
        self.stderr.write(f"{time.monotonic() - started:.1f} s")


def _collect_static() -> None:
    """Collects, hashes and compresses the static files, unless none has changed since the last time."""
    state = hashlib.sha256(str(settings.STATIC_ROOT).encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            file = Path(storage.path(path))
            state.update(f"{file} {file.stat().st_size} {file.stat().st_mtime_ns}\n".encode())
    stamp = Path(settings.DATA_DIR) / _STATIC_STAMP
    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    if manifest.exists() and stamp.exists() and stamp.read_text() == state.hexdigest():
        return
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(state.hexdigest())


def _sign_ins() -> str:
    """The demo people as a table, in Chinese."""
    with translation.override("zh-hans"):
        lines = [
            "  "
            + _padded(person.number, 10)
            + _padded(person.name, 9)
            + _padded(person.role.value, 6)
            + _padded(str(person.role.label), 22)
            + person.place
            for person in DEMO_PEOPLE
        ]
    return "\n".join([f"演示人员，口令均为 {settings.DEMO_PASSWORD}", *lines])


def _padded(text: str, width: int) -> str:
    """Padded to a width on the screen, where a Chinese character takes two cells."""
    cells = sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
    return text + " " * max(1, width - cells)

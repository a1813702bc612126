from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    help = "Says where the running local stack's parts are: address, ports, processes, folders. No secrets."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        where: dict[str, Any] = {}
        with suppress(FileNotFoundError):
            where = json.loads((Path(settings.DATA_DIR) / "stack.json").read_text())  # written by the supervisor
        if not where or not _is_running(where["supervisor"]["pid"]):
            raise CommandError(f"No server runs on {settings.DATA_DIR}: start it with ./script/server")
        if options["json"]:
            self.stdout.write(json.dumps(where, indent=2, ensure_ascii=False))
            return
        for part, facts in where.items():
            said = "  ".join(f"{name}={value}" for name, value in facts.items()) if isinstance(facts, dict) else facts
            self.stdout.write(f"{part:<11} {said}")


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True

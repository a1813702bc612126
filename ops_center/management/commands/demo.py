"""``manage.py demo``: loads or completes the demo bank (docs/history.md)."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ops_center import clock
from ops_center.history.demo.load import load_demo


class Command(BaseCommand):
    help = "Loads or completes the demo bank, laid relative to today; running it twice changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Demo mode is off (DEMO=1 turns it on): its known password has no place in a real bank.")
        is_quiet = options["verbosity"] == 0
        added = load_demo(at=clock.now(), progress=(lambda line: None) if is_quiet else self.stderr.write)
        if not is_quiet:
            self.stdout.write(json.dumps(added))

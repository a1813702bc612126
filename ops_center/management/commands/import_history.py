"""``manage.py import_history FILE.csv[.gz]``: cases of the time before the system (docs/history.md)."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ops_center import clock
from ops_center.history.bpi import BadFile
from ops_center.history.importing import import_file


class Command(BaseCommand):
    help = (
        "Imports finished and running cases of the time before the system: stage times as they were, marked as "
        "imported, clocks judged by the calendar of those days; no reward, no message. The same file again changes "
        "nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="CSV with one line per case, packed (.gz) or not")
        parser.add_argument(
            "--shift-weeks", type=int, default=730, metavar="N",
            help="lay all times N whole weeks later (default 730: autumn 2011 becomes autumn 2025)",
        )  # fmt: skip
        parser.add_argument("--prefix", default="BPI", help="of the form numbers, as in BPI-173688 (default BPI)")
        parser.add_argument("--skip-bad", action="store_true", help="leave out and list bad lines instead of refusing")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = import_file(
                options["file"],
                shift=timedelta(weeks=options["shift_weeks"]),
                prefix=options["prefix"],
                skip_bad=options["skip_bad"],
                at=clock.now(),
                progress=lambda count: self.stderr.write(f"{count} cases written"),
            )
        except BadFile as error:
            raise CommandError(str(error)) from None
        for line, why in report.bad:
            self.stderr.write(f"line {line} skipped: {why}")
        self.stdout.write(json.dumps(report.as_json()))

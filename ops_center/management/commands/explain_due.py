from __future__ import annotations

import json
from argparse import ArgumentTypeError
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from applications.lifecycle import Clock
from applications.models.problem import Party
from applications.services.clocks import deadline_for
from ops_center.kernel.worktime import SHANGHAI
from organization.models import Branch


def _instant(text: str) -> datetime:
    """An ISO time; without an offset it is Shanghai's."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no ISO time such as 2026-11-24T08:40:00+08:00") from None
    return at if at.tzinfo else at.replace(tzinfo=SHANGHAI)


class Command(BaseCommand):
    """When a clock that starts then is due, and why on that day: one JSON object on stdout."""

    help = "Explains a deadline: due_at, warn_at, each day counted or skipped and why, provisional."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--clock", required=True, choices=Clock.values, metavar="CLOCK", help="|".join(Clock.values)
        )
        parser.add_argument("--start", required=True, type=_instant, help="an ISO time; Shanghai's if it has no offset")
        parser.add_argument("--branch", help="the code of the branch whose hours and cut-off apply")
        parser.add_argument("--party", default="", choices=["", *Party.values], metavar="PARTY",
                            help="PROBLEM_CLOSE only: who has to act")  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        branch = None
        if options["branch"]:
            branch = Branch.objects.filter(code=options["branch"]).first()
            if branch is None:
                raise CommandError(f"no branch has the code {options['branch']!r}")
        try:
            due = deadline_for(options["clock"], start=options["start"], branch=branch, variant=options["party"])
        except LookupError as error:
            raise CommandError(str(error)) from None
        explained = {"clock": options["clock"], "branch": branch.code if branch else None, **due.as_json()}
        self.stdout.write(json.dumps(explained, ensure_ascii=False, indent=2))

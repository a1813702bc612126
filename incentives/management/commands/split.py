from __future__ import annotations

import json
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from incentives.services.pricing import split
from ops_center import clock
from ops_center.kernel.errors import DomainError
from ops_center.kernel.money import fen, yuan


class Command(BaseCommand):
    """Prints as JSON how a bounty is divided by role under the policy of a day, in yuan as strings, and the sum."""

    help = "How a bounty is divided: shares by role under the policy of a day."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--bounty", required=True, help="yuan, such as 99.99")
        parser.add_argument("--path", required=True, help="A, B or C")
        parser.add_argument("--double-keyed", action="store_true", help="a second keyer shares the entry share")
        parser.add_argument("--on", help="the day whose policy applies, YYYY-MM-DD (default: today)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            division = split(
                bounty_fen=fen(options["bounty"]),
                path=options["path"],
                double_keyed=options["double_keyed"],
                on=_day(options["on"]),
            )
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        shares = [{"role": role.value, "amount": yuan(amount)} for role, amount in division.shares]
        answer = {"shares": shares, "sum": yuan(division.total_fen), "policy_version": division.policy.version}
        self.stdout.write(json.dumps(answer))


def _day(text: str | None) -> date:
    try:
        return date.fromisoformat(text) if text else clock.today()
    except ValueError:
        raise CommandError(f"--on: {text!r} is no day such as 2026-11-20") from None

from __future__ import annotations

import json
from argparse import ArgumentTypeError
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ops_center.clock import now
from ops_center.kernel.errors import DomainError
from supervision.capacity.model import NoHistory
from supervision.selectors import assumptions
from supervision.selectors.forecast import checked, what_if
from supervision.selectors.workload import Source
from supervision.services.simulations import keep_check


def _change(text: str) -> tuple[str, str]:
    """``EC=+2``, ``ENTRY=3``: a name and a number."""
    name, equals, number = text.partition("=")
    if not (name and equals and number):
        raise ArgumentTypeError(f"{text!r} is not NAME=NUMBER, such as EC=+2 or ENTRY=3")
    return name.strip().upper(), number.strip()


def _absence(text: str) -> dict[str, str]:
    """``LZ10008=2026-11-26..2026-11-27``, or one day."""
    number, equals, days = text.partition("=")
    since, _dots, until = days.partition("..")
    try:
        for day in filter(None, (since, until)):
            date.fromisoformat(day)
    except ValueError:
        equals = ""
    if not (number and equals and since):
        raise ArgumentTypeError(f"{text!r} is not NUMBER=FROM..UNTIL, such as LZ10008=2026-11-26..2026-11-27")
    return {"person": number.strip().upper(), "from": since, "until": until or since}


class Command(BaseCommand):
    """The days to come of the center, as planned and as assumed: one JSON object on stdout, progress on stderr.

    With ``--check`` instead: how far off the model is on the last full week, which it has not seen; kept for the page.
    """

    help = "Simulates the center's queues: arrivals, staff, limits and absences as assumed, beside today's plan."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--arrivals", default=1.0, metavar="FACTOR", help="1.2: a fifth more files than usual")
        parser.add_argument("--staff", type=_change, action="append", default=[], metavar="ROLE=±N",
                            help="more or fewer people of a skill: CC, EC, ER, TR; may be repeated")  # fmt: skip
        parser.add_argument("--limit", type=_change, action="append", default=[], metavar="CLOCK=N",
                            help="another limit for CHECK, ENTRY or FILE, in the clock's own measure")  # fmt: skip
        parser.add_argument("--absent", type=_absence, action="append", default=[], metavar="NUMBER=FROM..UNTIL",
                            help="somebody who is away, both days included; may be repeated")  # fmt: skip
        parser.add_argument("--days", default=5, metavar="N", help="working days, the running one included")
        parser.add_argument("--seed", default=1, metavar="N", help="the same seed gives the same result")
        parser.add_argument("--replications", default=assumptions.REPLICATIONS, metavar="N")
        parser.add_argument("--check", action="store_true", help="the model's error on the last full week")
        parser.add_argument("--source", default=Source.OWN.value, choices=[source.value for source in Source],
                            help="with --check: the bank's own history, or the imported one")  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        at = now()
        asked = {name: options[name] for name in ("arrivals", "days", "seed", "replications", "absent")}
        asked |= {"staff": dict(options["staff"]), "limits": dict(options["limit"])}
        try:
            assumed = assumptions.read(asked, at=at)
            if options["check"]:
                found = checked(at=at, source=Source(options["source"]), seed=assumed.seed, percent=self._say)
                keep_check(found, at=at)
            else:
                found = what_if(assumed, at=at, percent=self._say)
        except DomainError as no:
            raise CommandError(str(no)) from None
        except NoHistory as error:
            raise CommandError(f"nothing to learn from yet: {error}") from None
        self.stdout.write(json.dumps(found, ensure_ascii=False, indent=2))

    def _say(self, percent: int) -> None:
        if percent % 10 == 0:
            self.stderr.write(f"{percent} %")

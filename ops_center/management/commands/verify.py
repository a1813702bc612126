from __future__ import annotations

from time import monotonic
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ops_center.invariants import CHECKS


class Command(BaseCommand):
    """Asks whether everything that must be true of the data is true: domain section 18, the histories, the audit chain.

    One line per check on stdout, broken numbers behind it; exit status 1 if anything is broken.
    """

    help = "Checks all invariants and the chains; names what is broken."

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = 0
        for check in CHECKS:
            begun = monotonic()
            broken = check.broken()
            wrong += bool(broken)
            found = f"BROKEN {' '.join(broken)}" if broken else "ok"
            self.stdout.write(f"{check.no:>5}  {check.name:<28} {found}")
            self.stderr.write(f"{check.name}: {monotonic() - begun:.2f} s")
        if wrong:
            raise CommandError(f"{wrong} of {len(CHECKS)} checks found something broken")

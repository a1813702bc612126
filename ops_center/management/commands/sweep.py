from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ops_center import schedule
from ops_center.clock import now


class Command(BaseCommand):
    """One synchronous pass of every periodic job, in order. Data (one JSON line) to stdout, progress to stderr.

    When another process is in a job, this one waits for its turn: what was due when the command started has been done
    when it ends. A job that fails does not stop the others; the exit status is then 1.
    """

    help = "Runs every periodic job once and prints one JSON line with what each has done."

    def handle(self, *args: Any, **options: Any) -> None:
        at, done, failed = now(), {}, []
        for job in (job for job in schedule.JOBS if job.in_sweep):
            try:
                done[job.name] = schedule.run(job, at=at, wait=True)
            except Exception as error:  # the others still have their work to do
                failed.append(job.name)
                self.stderr.write(f"{job.name}: {type(error).__name__}: {error}")
            else:
                self.stderr.write(f"{job.name}: {done[job.name]}")
        self.stdout.write(json.dumps({"at": at.isoformat(), **done}))
        if failed:
            raise CommandError(f"failed: {', '.join(failed)}")

"""One row per pass of a periodic job: what readiness and the boards read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction

from organization.models import JobRun

Counts = dict[str, int]


@contextmanager
def job_run(name: str, *, at: datetime, ended: datetime | None = None) -> Iterator[Counts]:
    """Gives a dictionary of counts to fill, and stores it when the pass ends; an error is stored by its kind and raised."""
    run = JobRun.objects.create(name=name, started_at=at)
    counts: Counts = {}
    try:
        yield counts
    except Exception as error:
        run.error = type(error).__name__
        raise
    finally:
        with transaction.atomic():
            run.ended_at = ended or at
            run.counts = counts
            run.save(update_fields=["ended_at", "counts", "error"])

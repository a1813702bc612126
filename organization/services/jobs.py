"""One row per pass of a periodic job: what readiness and the boards read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import transaction

from organization.models import JobRun

Counts = dict[str, int]
HEARTBEAT = "breaches"  # the job by whose passes one knows that the periodic work is alive
SILENCE = timedelta(minutes=5)  # of it: longer is an alarm


@contextmanager
def job_run(name: str, *, at: datetime, ended: datetime | None = None) -> Iterator[Counts]:
    """Gives a dictionary of counts to fill and stores it when the pass ends; an error is stored by kind and raised."""
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


def forget_runs(*, before: datetime) -> int:
    """Removes the rows of passes that started before; returns how many. The boards look back a few days only."""
    removed, _tables = JobRun.objects.filter(started_at__lt=before).delete()
    return removed


def last_finished(name: str) -> datetime | None:
    """When the last pass of a job ended well."""
    ended: datetime | None = (
        JobRun.objects.filter(name=name, ended_at__isnull=False, error="")
        .order_by("-started_at")
        .values_list("ended_at", flat=True)
        .first()
    )
    return ended


def silent_since(at: datetime) -> datetime | None:
    """When the heartbeat last ended well, if that is too long ago. ``None``: all is well, or nothing has run yet."""
    last = last_finished(HEARTBEAT)
    return last if last is not None and at - last > SILENCE else None

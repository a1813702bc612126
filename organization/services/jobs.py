"""Work in the background: one row per pass of a periodic job, which readiness and the boards read; and how one piece of
work is done by one process, and breaks without the others."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, connection, transaction

from organization.models import JobRun

Counts = dict[str, int]
logger = logging.getLogger(__name__)
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


@contextmanager
def sole(*lock: int) -> Iterator[bool]:
    """Whether nobody else does this work; the lock is a number, or a space and the key of one piece in it. It is the
    session's, so that parts may be committed by themselves; of a process that dies it goes with its connection."""
    key = ", ".join(["%s"] * len(lock))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_lock({key})", lock)
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT pg_advisory_unlock({key})", lock)


@contextmanager
def by_itself(piece: str, *, keep: Callable[[Exception], object]) -> Iterator[None]:
    """Whatever breaks in here is the fate of this piece of work: logged under its name and kept with it, and the next
    piece has its turn. A database that fails is no fault of the piece: that goes up, and the piece is taken up again.
    """
    try:
        yield
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        logger.exception("%s broke off", piece)
        keep(error)


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


@dataclass(frozen=True, slots=True)
class Passes:
    """The passes of one job, as far back as they are kept. A hit is whatever a pass counts: a breach, a message."""

    last: JobRun | None = None
    last_good_at: datetime | None = None
    last_failed: JobRun | None = None
    hits_of_the_day: int = 0  # in the last 24 hours

    @property
    def hits(self) -> int | None:
        """Of the last pass; ``None`` while it runs."""
        return sum(self.last.counts.values()) if self.last and self.last.ended_at else None

    @property
    def has_failed_last(self) -> bool:
        return bool(self.last and self.last.error)


_HITS = """
    SELECT r.name, sum(hit.value::bigint) FROM organization_jobrun r, jsonb_each_text(r.counts) AS hit
    WHERE r.name = ANY(%(names)s) AND r.started_at > %(since)s GROUP BY r.name
"""


def passes_of(names: Sequence[str], *, at: datetime) -> dict[str, Passes]:
    """What is known of the passes of these jobs; four queries for however many."""
    runs = JobRun.objects.filter(name__in=names, started_at__lte=at).order_by("name", "-started_at", "-pk")
    last = {run.name: run for run in runs.distinct("name")}
    good = {run.name: run.ended_at for run in runs.filter(ended_at__isnull=False, error="").distinct("name")}
    failed = {run.name: run for run in runs.exclude(error="").distinct("name")}
    with connection.cursor() as cursor:
        cursor.execute(_HITS, {"names": list(names), "since": at - timedelta(days=1)})
        hits = dict(cursor.fetchall())
    return {name: Passes(last.get(name), good.get(name), failed.get(name), int(hits.get(name, 0))) for name in names}

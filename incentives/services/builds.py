"""The files of a batch: each sheet in each format is a piece of work of its own, committed by itself. A process that
dies leaves what it has finished, and the next one goes on from there."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import transaction
from django.db.models import Count, F
from django.utils.translation import gettext as _

from incentives.lifecycle import Sheet
from incentives.models import PayoutBatch, PayoutBuild, PayoutFile
from incentives.sheets import Progress, content_of
from ops_center.clock import local_day
from ops_center.kernel.errors import Refused
from organization.models import Employee
from organization.roles import Role
from organization.services.audit import record
from organization.services.inbox import tell
from organization.services.jobs import by_itself, sole
from organization.services.nudges import nudge

UNITS = tuple((sheet, form) for sheet in Sheet for form in PayoutFile.Format)
ALARM = 3  # passes that did not bring a batch to its end: somebody should look
_LOCK = 7_319_102  # the space of the locks of builds; the second key is the batch's


def build_later(batch: int) -> None:
    """Hints to the worker, once the batch is committed; a hint that is lost costs a minute (``build_unfinished``)."""
    transaction.on_commit(lambda: nudge("incentives.build_payout", batch))


def build_unfinished(*, at: datetime) -> dict[str, int]:
    """Takes up the batches whose files are not complete: the worker died, or never got the hint."""
    waiting = list(PayoutBuild.objects.filter(finished_at=None).order_by("batch_id").values_list("batch", flat=True))
    return {"batches": len(waiting), "finished": sum(build(batch=batch, at=at) for batch in waiting)}


def build(*, batch: int, at: datetime) -> bool:
    """Writes the files that a batch still lacks; whether they are complete now. Safe at any moment, twice at once and
    again after a crash. A fault is logged and kept on the build: the next pass takes it up again."""
    with sole(_LOCK, batch) as mine:
        found = PayoutBatch.objects.select_related("build").get(pk=batch)
        if found.build.is_finished or not mine:
            return found.build.is_finished
        _begin(found, at=at)
        row = PayoutBuild.objects.filter(batch=batch)
        with by_itself(f"payout batch {batch}", keep=lambda error: row.update(error=type(error).__name__)):
            _write_missing(found, at=at)
        return row.filter(finished_at__isnull=False).exists()


def _begin(batch: PayoutBatch, *, at: datetime) -> None:
    row = PayoutBuild.objects.filter(batch=batch)
    row.update(attempts=F("attempts") + 1, touched_at=at)
    if row.filter(attempts=ALARM).exists():
        tell(
            Employee.objects.holding(Role.ADM, Role.HR, on=local_day(at)), kind="payout_stuck", at=at,
            about=f"/payouts/{batch.pk}/", batch=batch.pk,
        )  # fmt: skip


def _write_missing(batch: PayoutBatch, *, at: datetime) -> None:
    lines = dict(batch.lines.order_by().values_list("sheet").annotate(Count("pk")))
    written = set(batch.files.values_list("sheet", "format"))
    row = PayoutBuild.objects.filter(batch=batch)
    done = sum(lines.get(sheet, 0) for sheet, _form in written)
    for sheet, form in UNITS:
        if (sheet, form) in written:
            continue
        content = content_of(batch, sheet, form, progress=_shown(batch, done, at=at))
        with transaction.atomic():
            done += lines.get(sheet, 0)
            PayoutFile.objects.create(
                batch=batch, sheet=sheet, format=form, content=content, size=len(content),
                digest=hashlib.sha256(content).hexdigest(),
            )  # fmt: skip
            row.update(done_rows=done, touched_at=at)
    with transaction.atomic():
        row.update(done_rows=done, touched_at=at, finished_at=at, error="")
        digests = {
            f"{sheet}.{form}": digest for sheet, form, digest in batch.files.values_list("sheet", "format", "digest")
        }
        # Kept a second time, in the chain of the audit: a file that is exchanged together with its digest shows.
        record(action="build_payout", at=at, subject=f"payout {batch.pk}", digests=digests)


def _shown(batch: PayoutBatch, done: int, *, at: datetime) -> Progress:
    """Puts the lines of a file that are written so far on the page."""

    def show(rows: int) -> None:
        PayoutBuild.objects.filter(batch=batch).update(done_rows=done + rows, touched_at=at)

    return show


def not_ready(made: PayoutBuild) -> Refused:
    """What cannot be done before the files are complete: how far they are, and the way out."""
    return Refused(
        "not_ready",
        _("The sheets of this batch are being made: %(percent)s %% done. Come back in a moment.")
        % {"percent": made.percent},
        percent=made.percent,
    )

"""The audit trail beside the cases' own events: one chain of records, each carrying the digest of the one before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from ops_center.kernel.chain import GENESIS, link
from organization.models import AuditRecord, Employee

_CHAIN_LOCK = 7_319_001  # one writer at a time, so that the chain cannot fork


def record(*, action: str, at: datetime, actor: Employee | None = None, subject: str = "", **facts: Any) -> AuditRecord:
    """Appends one record. ``subject`` is a number (of a case, a batch, a person); facts never carry a client's data."""
    return record_each([subject], action=action, at=at, actor=actor, **facts)[0]


@transaction.atomic
def record_each(
    subjects: Iterable[str], *, action: str, at: datetime, actor: Employee | None = None, **facts: Any
) -> list[AuditRecord]:
    """Appends one record per subject of an act over many, in their order."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_CHAIN_LOCK])
    last = AuditRecord.objects.order_by("-id").values_list("digest", flat=True).first()
    head = bytes(last) if last else GENESIS
    rows = [AuditRecord(at=at, actor=actor, action=action, subject=subject, facts=facts) for subject in subjects]
    for row in rows:
        head = row.digest = link(head, _fields(row))
    AuditRecord.objects.bulk_create(rows)
    return rows


def broken_links() -> Iterator[int]:
    """Ids of the records whose digest does not follow from the record before."""
    previous = GENESIS
    for row in AuditRecord.objects.select_related("actor").order_by("id").iterator(chunk_size=2000):
        expected = link(previous, _fields(row))
        if bytes(row.digest) != expected:
            yield row.pk
        previous = bytes(row.digest)


def _fields(row: AuditRecord) -> list[Any]:
    return [row.at, row.actor_id, row.action, row.subject, row.facts]

"""Seals over the histories of the cases, kept in the audit chain.

Each case carries its own chain of events (applications.models.event). A seal takes the last link of every case that
moved in a span of the database's time and writes one digest over them into the audit chain: whoever rewrites a whole
history afterwards, head and all, must also rewrite every audit record since.

The span ends before the oldest transaction that still runs: ``recorded_at`` is the start of a transaction, so nothing
can be added to the span any more, and the seal can be computed again at any time with the same result.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from django.db import connection, transaction

from ops_center.kernel.chain import GENESIS, link
from organization.models import AuditRecord
from organization.services import audit

ACTION = "seal"
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)  # before any database of ours
Head = tuple[str, int, bytes]  # number of the case, sequence and digest of its last event in the span

_UNTIL = """
    SELECT least(now(), min(xact_start)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_HEADS = """
    SELECT DISTINCT ON (e.application_id) a.number, e.seq, e.digest
    FROM applications_event e JOIN applications_application a ON a.id = e.application_id
    WHERE e.recorded_at >= %(from)s AND e.recorded_at < %(until)s
    ORDER BY e.application_id, e.seq DESC
"""


@transaction.atomic
def seal(*, at: datetime) -> int:
    """Seals what has happened since the last seal; returns the number of cases. Nothing happened: no seal."""
    last = latest()
    with connection.cursor() as cursor:
        cursor.execute(_UNTIL)
        until: datetime = cursor.fetchone()[0]
    start = datetime.fromisoformat(last.facts["until"]) if last else BEGINNING
    heads = heads_between(start, until)
    if heads:
        facts = {"from": start.isoformat(), "until": until.isoformat(), "cases": len(heads)}
        audit.record(action=ACTION, at=at, digest=digest_of_heads(heads).hex(), **facts)  # type: ignore[arg-type]
    return len(heads)


def latest() -> AuditRecord | None:
    return AuditRecord.objects.filter(action=ACTION).order_by("-id").first()


def heads_between(start: datetime, until: datetime) -> list[Head]:
    with connection.cursor() as cursor:
        cursor.execute(_HEADS, {"from": start, "until": until})
        return [(number, seq, bytes(digest)) for number, seq, digest in cursor.fetchall()]


def digest_of_heads(heads: Iterable[Head]) -> bytes:
    """One digest over the heads, in the order of the numbers."""
    return link(GENESIS, [list(head) for head in sorted(heads)])

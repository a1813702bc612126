"""One writer at a time where entries are gathered, and one at a time over the files of a batch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_LEDGER = 7_319_101
_BUILDS = 7_319_102  # the space of the locks of builds; the second key is the batch's


def lock_ledger() -> None:
    """Until the transaction ends nobody else drafts, certifies, exports, holds or releases. These acts are rare and
    short; accrual and registration do not ask for it. Entries themselves cannot be locked: the runtime role may only
    append to them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LEDGER])


@contextmanager
def sole_builder(batch: int) -> Iterator[bool]:
    """Whether nobody else writes the files of this batch. A lock of the session, so that each file may be committed by
    itself; of a process that dies it goes with its connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_BUILDS, batch])
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_BUILDS, batch])

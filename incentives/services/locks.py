"""One writer at a time where entries are gathered."""

from __future__ import annotations

from django.db import connection

_LEDGER = 7_319_101


def lock_ledger() -> None:
    """Until the transaction ends nobody else drafts, certifies, exports, holds or releases. These acts are rare and
    short; accrual and registration do not ask for it. Entries themselves cannot be locked: the runtime role may only
    append to them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LEDGER])

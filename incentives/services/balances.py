"""实发与结转: what each payee of a batch is paid. Nobody pays the bank: a minus is carried to the next batch."""

from __future__ import annotations

from django.db import connection

from incentives.models import PayoutBatch

# What a payee brings along is what stands open over all earlier batches: due and not paid, never above nothing. A
# payment that the bank sent back is left out with its lines: these come again.
_SETTLE = """
    INSERT INTO incentives_payoutbalance
           (batch_id, payee_id, due_fen, brought_fen, paid_fen, carried_fen, fate, finding)
    SELECT %(batch)s, d.payee_id, d.fen, b.fen, greatest(d.fen + b.fen, 0), least(d.fen + b.fen, 0), 'OPEN', ''
    FROM (SELECT e.payee_id, sum(e.amount_fen) AS fen
          FROM incentives_payoutline l JOIN incentives_rewardentry e ON e.id = l.entry_id
          WHERE l.batch_id = %(batch)s AND l.sheet = 'hr'
          GROUP BY e.payee_id) d
    CROSS JOIN LATERAL (SELECT coalesce(sum(due_fen - paid_fen), 0) AS fen
                        FROM incentives_payoutbalance
                        WHERE payee_id = d.payee_id AND fate NOT IN ('REFUSED', 'BOUNCED')) b
"""


def settle(batch: PayoutBatch) -> None:
    """A balance for each payee of the HR sheet: due + brought forward = paid + carried. The vendor is settled net."""
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, {"batch": batch.pk})

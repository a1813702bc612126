"""Keeping whose the minutes of a delay were, once its clock has stopped (supervision.selectors.custody reckons them).

A breach is taken with its case locked, so that no step, outage or correction is half done while it is reckoned, and the
reasons to charge it are taken away before it is read: what changes later leaves a reason of its own.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import connection, transaction

from ops_center.clock import local_day
from supervision.models import BreachCharge, UnchargedBreach
from supervision.selectors import midnight
from supervision.selectors.custody import charges_of_clocks

PORTION = 2_000  # breaches per transaction

# Whoever works on one of these cases or breaches right now is waited for by the next pass.
_TAKE = """
    SELECT u.id, b.id, b.clock_id, b.kind, b.due_at
    FROM supervision_unchargedbreach u
    JOIN supervision_breach b ON b.id = u.breach_id
    JOIN applications_caseclock c ON c.id = u.clock_id
    JOIN applications_application a ON a.id = b.application_id
    WHERE u.id > %(after)s AND c.stopped_at <= %(at)s
    ORDER BY u.id LIMIT %(portion)s
    FOR NO KEY UPDATE OF u, b SKIP LOCKED FOR SHARE OF a SKIP LOCKED
"""
_AGAIN = """
    INSERT INTO supervision_unchargedbreach (breach_id, clock_id, is_again)
    SELECT b.id, c.id, TRUE FROM applications_caseclock c JOIN supervision_breach b ON b.clock_id = c.id
    WHERE c.stopped_at > %(since)s AND c.due_at < %(until)s ORDER BY b.id
"""


def charge_breaches(*, at: datetime) -> dict[str, int]:
    """Charges what has stopped and is to be charged, portion by portion; returns how many breaches that were."""
    charged, after = 0, 0
    while (portion := _charge_portion(after, at=at)) is not None:
        count, after = portion
        charged += count
    return {"charged": charged}


@transaction.atomic
def _charge_portion(after: int, *, at: datetime) -> tuple[int, int] | None:
    """(breaches charged, the last reason taken) of the reasons after that one; ``None``: there are no more."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"after": after, "at": at, "portion": PORTION})
        rows = cursor.fetchall()
    if not rows:
        return None
    breaches = {clock: (breach, kind, due_at) for _reason, breach, clock, kind, due_at in rows}
    reasons = [row[0] for row in rows]
    UnchargedBreach.objects.filter(pk__in=reasons).delete()
    BreachCharge.objects.filter(breach__in=[row[1] for row in rows]).delete()
    BreachCharge.objects.bulk_create(
        [
            BreachCharge(
                breach_id=breach, day=local_day(due_at), kind=kind, minutes=charge.minutes,
                holder=charge.hands.holder if charge.hands else "",
                person_id=charge.hands.person if charge.hands else None,
                branch_id=charge.hands.branch if charge.hands else None,
            )
            for clock, charges in charges_of_clocks(list(breaches), at=at).items()
            for breach, kind, due_at in [breaches[clock]]
            for charge in charges
        ],
        batch_size=5_000,
    )  # fmt: skip
    return len(breaches), reasons[-1]


def charge_again(first: date, last: date) -> None:
    """Names what was late on one of these days, whose working hours have changed, in the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(_AGAIN, {"since": midnight(first), "until": midnight(last + timedelta(days=1))})

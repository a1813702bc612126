"""Custody: who held a case or its paper from when to when, one row after the other, for as long as the case runs.

The rule is ``lifecycle.holder_of``; here a change of hands becomes a row. A clerk whose lease ran out held the case
until the end of the lease; from then on it lay in the queue, which the next change writes down.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from applications.lifecycle import IN_THE_QUEUE, Hands, Holder, holder_of
from applications.models import Application, Custody

_LET_GO = """
    UPDATE applications_custody
    SET until = greatest(since, CASE WHEN holder = 'PERSON' THEN least(%(lapsed)s, %(at)s) ELSE %(at)s END)
    WHERE application_id = %(case)s AND until IS NULL
    RETURNING until
"""


@dataclass(frozen=True, slots=True)
class Grip:
    """Who holds a case as it stands, and since when not any more: the end of a lease that ran out."""

    hands: Hands | None
    claimed_at: datetime | None = None
    lapsed_at: datetime | None = None


NOBODY = Grip(None)


def written_down(case: Application) -> Grip:
    """Who holds a case that waits on a problem: for whom it waits is told by the row alone."""
    row = Custody.objects.filter(application=case, until=None).first()
    return Grip(Hands(Holder(row.holder), row.person_id, row.branch_id)) if row else NOBODY


def grip_on(case: Application, *, at: datetime, waits_for: str = "") -> Grip:
    hands = holder_of(
        state=case.state, collector=case.collector_id, branch=case.custody_branch_id, leased_to=case.claimed_by_id,
        is_self_service=case.is_self_service, waits_for=waits_for,
    )  # fmt: skip
    until = case.claimed_until
    return Grip(hands, case.claimed_at, until if until is not None and until <= at else None)


def hand_on(case: Application, *, before: Grip, at: datetime, waits_for: str = "") -> None:
    """Writes down who holds a locked case now, if that is another than before. What is imported has no custody: nobody
    is charged for it."""
    after = grip_on(case, at=at, waits_for=waits_for)
    claimed_anew = before.lapsed_at is not None and before.claimed_at != after.claimed_at
    if case.is_imported or not (claimed_anew or before.hands != after.hands):
        return
    let_go = at
    with connection.cursor() as cursor:
        if case.event_count:
            cursor.execute(_LET_GO, {"case": case.pk, "at": at, "lapsed": before.lapsed_at})
            let_go = next((row[0] for row in cursor.fetchall()), at)
    Custody.objects.bulk_create(
        Custody(
            application=case, holder=hands.holder, person_id=hands.person, branch_id=hands.branch, since=since,
            until=until,
        )
        for hands, since, until in what_follows(after.hands, let_go=let_go, at=at)
    )  # fmt: skip


def what_follows(
    hands: Hands | None, *, let_go: datetime, at: datetime
) -> list[tuple[Hands, datetime, datetime | None]]:
    """The rows (who, from, until) after somebody let go of a case and it came into other hands at an instant: what was
    let go of earlier lay in the queue meanwhile."""
    waited = let_go < at
    if waited and hands == IN_THE_QUEUE:
        return [(IN_THE_QUEUE, let_go, None)]
    gap: list[tuple[Hands, datetime, datetime | None]] = [(IN_THE_QUEUE, let_go, at)] if waited else []
    return gap + ([(hands, max(let_go, at), None)] if hands is not None else [])


def first_held(case: Application, person: int, *, since: datetime) -> datetime | None:
    """When a person first held the case after an instant; giving it back in between changes nothing of that."""
    rows = Custody.objects.filter(application=case, holder=Holder.PERSON, person=person, since__gte=since)
    return rows.order_by("since").values_list("since", flat=True).first()

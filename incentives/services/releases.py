"""What waits for something to become known: each such line is undone by its mirror and written anew for whom it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from applications.lifecycle import Performance
from applications.models import Application, Performer
from incentives.lifecycle import PayeeKind, Why
from incentives.models import RewardEntry
from incentives.rules import COACHING_WAIT, Share, released, waits_until
from incentives.services.ledger import Numbers, line_beside, mirror_of
from ops_center.clock import local_day
from ops_center.kernel.money import yuan
from organization.services.inbox import tell

BATCH = 500  # entries per transaction


def release_due_holds(*, at: datetime) -> Counter[str]:
    """Gives held shares to whom they turned out to belong: to the officer who coached in time, to the person whose
    qualification was renewed in time, else to the pool. Counts ``released`` and ``pooled``."""
    due = list(_ripe(at).order_by("pk").values_list("pk", flat=True))
    counts: Counter[str] = Counter()
    for start in range(0, len(due), BATCH):
        counts += _release(due[start : start + BATCH], at=at)
    return counts


def _ripe(at: datetime) -> QuerySet[RewardEntry]:
    """Undecided entries about which something may have become known."""
    coached = Performer.objects.filter(
        application=OuterRef("assessment_id"), role=Performance.AFTER_SALES, employee__isnull=False
    )
    has_waited = Q(assessment__application__activated_at__lte=at - COACHING_WAIT)
    return RewardEntry.objects.undecided().filter(~Q(why=Why.NO_COACHING) | has_waited | Exists(coached))


@transaction.atomic
def _release(entries: Sequence[int], *, at: datetime) -> Counter[str]:
    cases = RewardEntry.objects.filter(pk__in=entries).values("assessment_id")
    free = Application.objects.filter(pk__in=cases).order_by("pk").select_for_update(skip_locked=True, no_key=True)
    locked = list(free.values_list("pk", flat=True))
    # Looked at again under the lock: what another worker has released meanwhile is not undecided any more.
    held = list(
        RewardEntry.objects.undecided()
        .filter(pk__in=entries, assessment__in=locked)
        .select_related("assessment__application", "payee")
        .order_by("pk")
    )
    officers = dict(
        Performer.objects.filter(application__in=locked, role=Performance.AFTER_SALES).values_list(
            "application_id", "employee_id"
        )
    )
    decided = [
        (entry, share)
        for entry in held
        if (share := _decide(entry, officer=officers.get(entry.assessment_id), at=at)) is not None
    ]
    RewardEntry.objects.bulk_create(_pairs(decided, at=at))  # one statement: each case stays whole
    for entry, share in decided:
        number = entry.assessment.application.number
        tell([share.payee], kind="reward_released", at=at, about="/rewards/", number=number,
             amount=yuan(share.amount_fen))  # fmt: skip
    return Counter("pooled" if share.payee_kind == PayeeKind.POOL else "released" for _entry, share in decided)


def _decide(entry: RewardEntry, *, officer: int | None, at: datetime) -> Share | None:
    case = entry.assessment.application
    held = Share(Performance(entry.role), entry.amount_fen, PayeeKind.HELD, entry.payee_id, entry.why)
    until = waits_until(entry.why, activated_at=case.activated_at or entry.at)
    if entry.payee is None:
        came_to = officer
    else:
        is_renewed = entry.payee.is_qualified(local_day(min(at, until)))
        came_to = entry.payee_id if is_renewed else None
    return released(held, came_to=came_to, until=until, at=at)


def _pairs(decided: Sequence[tuple[RewardEntry, Share]], *, at: datetime) -> list[RewardEntry]:
    """For each held entry its mirror and the entry of who gets it."""
    numbers = Numbers(entry.assessment_id for entry, _share in decided)
    rows: list[RewardEntry] = []
    for entry, share in decided:
        rows += [
            mirror_of(entry, numbers=numbers, at=at, why=share.why),
            line_beside(
                entry, numbers=numbers, at=at, amount_fen=share.amount_fen, payee_kind=share.payee_kind,
                payee=share.payee, why=share.why,
            ),
        ]  # fmt: skip
    return rows

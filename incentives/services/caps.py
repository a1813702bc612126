"""月度封顶: the penalties of a person's month are at most a part of its rewards; what is beyond lapses (ASM-6).

A month is closed once, when it has ended and no activation from within it still waits for its verdict. What lapses is
given back by lines of its own, on the cases and roles of the latest penalties: the ledger shows both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max, Min, Q, Sum

from incentives.lifecycle import EntryKind, PayeeKind, Why
from incentives.models import PenaltyCap, RewardEntry, UnassessedActivation
from incentives.periods import Period, month_of, period_of
from incentives.querysets import RewardEntryQuerySet
from incentives.services.ledger import Numbers, line_beside
from incentives.services.locks import lock_ledger
from incentives.services.pricing import PriceBook
from ops_center.kernel.money import WHOLE, yuan
from organization.services.inbox import tell_each

SETTLING = timedelta(hours=1)  # so long a pass that began within the month may still be writing


def close_ended_months(*, at: datetime) -> Counter[str]:
    """Closes every month that has ended and is not closed yet, the oldest first. Counts ``closed`` (people) and
    ``lapsed`` (of them, those whose penalties went beyond the cap)."""
    counts: Counter[str] = Counter()
    for month in _months(until=month_of(at - SETTLING)):
        if _is_waiting(month):
            break
        counts += close_month(month=month, at=at)
    return counts


def _months(*, until: str) -> Iterator[Period]:
    """From the last month that was closed, or that of the first penalty, up to that before ``until``."""
    first = PenaltyCap.objects.aggregate(last=Max("month"))["last"]
    if first is None:
        earliest = _penalties(RewardEntry.objects.all()).aggregate(at=Min("at"))["at"]
        first = month_of(earliest) if earliest else until
    while first < until:
        month = period_of(first)
        yield month
        first = month_of(month.ends_at)


def _is_waiting(month: Period) -> bool:
    return UnassessedActivation.objects.filter(ripe_at__lt=month.ends_at).exists()


def _penalties(entries: RewardEntryQuerySet) -> RewardEntryQuerySet:
    return entries.filter(_IS_PENALTY, mirrored_by=None, mirrors=None, payee_kind=PayeeKind.EMPLOYEE)


_IS_PENALTY = Q(kind=EntryKind.TIMELINESS, amount_fen__lt=0)


def beyond_cap(*, rewarded_fen: int, deducted_fen: int, cap_bp: int) -> int:
    """What of a month's penalties (positive) lapses, in fen."""
    return max(deducted_fen - rewarded_fen * cap_bp // WHOLE, 0)


@transaction.atomic
def close_month(*, month: Period, at: datetime) -> Counter[str]:
    """Compares everybody's penalties of a month with the cap of the policy of its last day."""
    policy = PriceBook.read().policy(on=month.last)
    if policy is None:
        return Counter()
    lock_ledger()
    # What was voided, taken back or is still undecided is neither a reward nor a penalty of the month.
    standing = RewardEntry.objects.filter(
        at__gte=month.starts_at, at__lt=month.ends_at, mirrored_by=None, mirrors=None, payee_kind=PayeeKind.EMPLOYEE
    )
    closed = PenaltyCap.objects.filter(month=month.label).values("payee")
    sums = (
        standing.exclude(payee__in=closed)
        .order_by("payee")
        .values_list("payee")
        .annotate(rewarded=Sum("amount_fen", filter=Q(amount_fen__gt=0), default=0))
        .annotate(deducted=-Sum("amount_fen", filter=_IS_PENALTY, default=0))
        .filter(deducted__gt=0)
    )
    caps = []
    for payee, rewarded, deducted in sums:
        lapsed = beyond_cap(rewarded_fen=rewarded, deducted_fen=deducted, cap_bp=policy.penalty_cap_bp)
        caps.append(
            PenaltyCap(
                payee_id=payee, month=month.label, rewarded_fen=rewarded, penalty_fen=deducted, lapsed_fen=lapsed, at=at
            )
        )
    PenaltyCap.objects.bulk_create(caps)
    beyond = {cap.payee_id: cap.lapsed_fen for cap in caps if cap.lapsed_fen}
    RewardEntry.objects.bulk_create(_lapses(_penalties(standing), beyond, month))
    told = {payee: {"month": month.label, "amount": yuan(fen)} for payee, fen in beyond.items()}
    tell_each(told, kind="penalties_lapsed", at=at, about="/rewards/")
    return Counter(closed=len(caps), lapsed=len(beyond))


def _lapses(penalties: RewardEntryQuerySet, beyond: dict[int, int], month: Period) -> list[RewardEntry]:
    """The lines that give back what lapses, from the latest penalty backwards. They belong to the month itself."""
    latest = list(penalties.filter(payee__in=beyond).order_by("-at", "-pk"))
    numbers = Numbers(entry.assessment_id for entry in latest)
    left = dict(beyond)
    rows = []
    for entry in latest:
        assert entry.payee_id is not None
        part = min(left[entry.payee_id], -entry.amount_fen)
        if part:
            left[entry.payee_id] -= part
            rows.append(
                line_beside(
                    entry, numbers=numbers, at=month.ends_at - timedelta(microseconds=1), amount_fen=part,
                    payee_kind=PayeeKind.EMPLOYEE, payee=entry.payee_id, why=Why.CAP_LAPSED,
                )
            )  # fmt: skip
    return rows

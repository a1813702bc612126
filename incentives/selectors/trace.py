"""How one amount came about, in words and numbers, and where it has gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from applications.lifecycle import CLOCK_SHARE, Performance
from applications.models import CaseClock
from incentives.lifecycle import EntryKind, PayeeKind, RequestState, Why
from incentives.models import Assessment, Dispute, Reversal, RewardEntry
from incentives.rules import waits_until
from ops_center.kernel.money import divide


@dataclass(frozen=True, slots=True)
class Trace:
    """One entry with all that led to it. Amounts in fen, rates in basis points."""

    entry: RewardEntry
    share_bp: int | None  # of the bounty; none where the role has no share of its own
    share_fen: int | None  # what the role is worth in this case
    rate_bp: int | None  # of a timeliness line: of the role's share
    clocks: list[CaseClock]  # of a timeliness line, and of what undoes one: the role's clocks that have stopped, as now
    until: datetime | None  # how long a HELD amount waits, where the day is known
    reversal: Reversal | None  # of a claw-back: who asked for it and who approved
    disputes: list[Dispute]


def trace_of(entry: RewardEntry) -> Trace:
    """Of an entry read with its case, bounty and policy (views/rewards.py)."""
    assessment = entry.assessment
    share_bp, share_fen = _share(assessment, entry.role)
    is_booked = entry.kind == EntryKind.TIMELINESS and entry.why not in (Why.CAP_LAPSED, Why.RETIMED)
    activated_at = assessment.application.activated_at or entry.at
    return Trace(
        entry=entry,
        share_bp=share_bp,
        share_fen=share_fen,
        rate_bp=_rate(entry) if is_booked else None,
        clocks=_clocks(entry) if is_booked or entry.why == Why.RETIMED else [],
        until=_until(entry, activated_at=activated_at),
        reversal=_reversal(entry),
        disputes=list(entry.disputes.select_related("asked_by", "decided_by").order_by("-asked_at")),
    )


def _share(assessment: Assessment, role: str) -> tuple[int | None, int | None]:
    """Of the role: its part of the bounty in basis points, and in fen."""
    if assessment.policy is None:
        return None, None
    weights = assessment.policy.terms.weights(assessment.path, double_keyed=assessment.is_double_keyed)
    shares: dict[str, int] = dict(divide(assessment.bounty_fen, weights))
    return {str(role): share for role, share in weights}.get(role), shares.get(role)


def _rate(entry: RewardEntry) -> int | None:
    policy = entry.assessment.policy
    if policy is None:
        return None
    return policy.bonus_bp if entry.amount_fen > 0 else -policy.penalty_bp


def _clocks(entry: RewardEntry) -> list[CaseClock]:
    kinds = [clock for clock, role in CLOCK_SHARE.items() if role == Performance(entry.role)]
    clocks = CaseClock.objects.filter(
        application=entry.assessment_id, kind__in=kinds, stopped_at__isnull=False, policy__has_money=True
    )
    return list(clocks.order_by("started_at", "pk"))


def _until(entry: RewardEntry, *, activated_at: datetime) -> datetime | None:
    if entry.payee_kind != PayeeKind.HELD:
        return None
    bounty = entry.assessment.bounty
    return waits_until(entry.why, activated_at=activated_at, spend_days=bounty.spend_days if bounty else 0)


def _reversal(entry: RewardEntry) -> Reversal | None:
    if entry.kind != EntryKind.REVERSAL:
        return None
    approved = Reversal.objects.filter(
        assessment=entry.assessment_id, state=RequestState.APPROVED, ground=entry.why, decided_at=entry.at
    )
    return approved.select_related("asked_by", "decided_by").first()

"""What the decision on an explanation would mean in money, before it is taken."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from applications.lifecycle import CLOCK_SHARE, ENDED, Outcome, Performance
from incentives.models import Assessment
from incentives.rules import Line, Terms, Timeliness, shares_of, timeliness_of
from incentives.services.facts import Case, read_supposing
from incentives.services.pricing import PriceBook
from ops_center.clock import local_day
from supervision.models import Breach


@dataclass(frozen=True, slots=True)
class Effect:
    """The timeliness line of the role under either decision, in fen (never above 0), beside the share of the role."""

    role: Performance
    share_fen: int
    accepted_fen: int
    refused_fen: int
    is_promise: bool  # the card is not activated yet: it counts only if it will be
    has_other_delay: bool  # of several clocks of a role the worst counts once

    @property
    def difference_fen(self) -> int:
        return self.accepted_fen - self.refused_fen


def effect_of(breach: Breach, *, at: datetime) -> Effect | None:
    """``None`` where no money hangs on it: a clock without money, a case that ended without a card or was settled
    before this system, no price."""
    clock, case = breach.clock, breach.application
    role = CLOCK_SHARE.get(clock.kind)
    if role is None or clock.policy is None or not clock.policy.has_money or case.state in ENDED or case.is_imported:
        return None
    priced = _price(breach, at=at)
    if priced is None:
        return None
    bounty_fen, terms = priced

    def line(outcome: Outcome, weight: Timeliness) -> tuple[Line, int] | None:
        found = read_supposing(case.pk, clock=clock.pk, outcome=outcome, at=at)
        return _line(found, role, owner=breach.owner_id, weight=weight, bounty_fen=bounty_fen, terms=terms)

    accepted = line(Outcome.LATE_JUSTIFIED, Timeliness.FORGIVEN)
    refused = line(Outcome.LATE, Timeliness.LATE)
    if accepted is None or refused is None:
        return None
    share, accepted_fen = accepted
    return Effect(
        role=role,
        share_fen=share.amount_fen,
        accepted_fen=accepted_fen,
        refused_fen=refused[1],
        is_promise=case.activated_at is None,
        has_other_delay=accepted_fen < 0,
    )


def _price(breach: Breach, *, at: datetime) -> tuple[int, Terms] | None:
    """The bounty and the terms: of the assessment, else as the case would be priced."""
    assessment = Assessment.objects.select_related("policy").filter(pk=breach.application_id).first()
    if assessment is not None:
        return (assessment.bounty_fen, assessment.policy.terms) if assessment.policy else None
    case = breach.application
    bounty, policy = PriceBook.read().price(case.product_id, on=case.priced_on or local_day(at), branch=case.branch_id)
    return (bounty.amount_fen, policy.terms) if bounty and policy else None


def _line(
    case: Case, role: Performance, *, owner: int | None, weight: Timeliness, bounty_fen: int, terms: Terms
) -> tuple[Line, int] | None:
    """The share of the role and what timeliness takes from it. Nobody has performed the stage yet: as if who answers
    for the clock did."""
    facts = case.facts
    if role not in facts.performers:
        if owner is None:
            return None
        facts = replace(
            facts, performers={**facts.performers, role: owner}, timeliness={**facts.timeliness, role: weight}
        )
    share = next((line for line in shares_of(bounty_fen, facts, terms) if line.role is role), None)
    if share is None:
        return None
    moved = timeliness_of(share, facts, terms)
    return share, moved.amount_fen if moved else 0

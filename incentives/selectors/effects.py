"""What the decision on an explanation would mean in money before it is taken, and what it has come to afterwards."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Q

from applications.lifecycle import CLOCK_SHARE, ENDED, Outcome, Performance
from incentives.lifecycle import EntryKind
from incentives.models import Assessment, RewardEntry
from incentives.rules import Line, Terms, Timeliness, shares_of, timeliness_of
from incentives.services.facts import Case, read_supposing
from incentives.services.pricing import PriceBook
from ops_center.clock import local_day
from organization.models import Employee
from organization.roles import Role
from supervision.models import Breach, Standing
from supervision.on_time import verdict_of
from supervision.services.justifications import standing

WEIGHERS = frozenset({Role.TR, Role.SUP, Role.AUD})
PENDING = frozenset({Standing.TO_EXPLAIN, Standing.TO_DECIDE})


def may_weigh(breach: Breach, person: Employee, roles: Collection[str]) -> bool:
    """Who decides, audit, and whose breach it is: amounts are nobody else's to see."""
    return not WEIGHERS.isdisjoint(roles) or breach.owner_id == person.pk


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


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What a breach has come to: whether its clock counts as late (``""``: left out) of the person and of the stage and
    branch, and the timeliness lines of the person in this role, the mirrors of undone ones included, oldest first."""

    person: str
    stage: str
    entries: list[RewardEntry]

    @property
    def net_fen(self) -> int:
        return sum(entry.amount_fen for entry in self.entries)


def aftermath_of(breach: Breach, *, at: datetime) -> Aftermath | None:
    """``None`` while it may still be explained or waits for a decision."""
    stands = standing(breach, at)
    if stands in PENDING:
        return None
    foreseen = Outcome.LATE_JUSTIFIED if stands in (Standing.ACCEPTED, Standing.NOBODYS) else Outcome.LATE
    outcome = breach.clock.outcome or foreseen  # its clock may still run
    is_nobodys = stands == Standing.NOBODYS or breach.owner_id is None
    entries = RewardEntry.objects.none()
    role = CLOCK_SHARE.get(breach.clock.kind)
    if role is not None and breach.owner_id is not None:
        entries = RewardEntry.objects.with_trace().filter(
            Q(kind=EntryKind.TIMELINESS) | Q(mirrors__kind=EntryKind.TIMELINESS),
            assessment=breach.application_id, role=role, payee=breach.owner_id,
        )  # fmt: skip
    return Aftermath(
        person="" if is_nobodys else verdict_of(outcome, of_person=True),
        stage=verdict_of(outcome, of_person=False),
        entries=list(entries.order_by("at", "pk")),
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

"""What each role of a case earns: promised from its first day, earned with its activation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from applications.lifecycle import ENDED, Performance
from applications.models import Application
from incentives.lifecycle import ROLES, EntryKind, EntryState, PayeeKind, Trigger, Why
from incentives.models import Assessment, Bounty
from incentives.rules import CaseFacts, Line, Terms, Timeliness, shares_of, timeliness_of, waits_until
from incentives.selectors.forecast import steps_left
from incentives.services.facts import TIMED, read_cases
from incentives.services.pricing import PriceBook
from ops_center.clock import local_day
from organization.models import Employee


@dataclass(frozen=True, slots=True)
class Earning:
    """One line of a case. Without a ``state`` it is a promise: earned if the card is activated."""

    role: Performance
    amount_fen: int
    payee_kind: PayeeKind
    person: Employee | None = None
    why: str = ""
    kind: EntryKind = EntryKind.SPLIT
    state: EntryState | None = None
    entry: int | None = None
    until: datetime | None = None  # how long a HELD share waits, or a promise for the first spend
    moves_fen: int = 0  # of a promise: what timeliness adds if nothing is late any more, or has taken already
    steps_left: int = 0  # of a promise: steps that this case still takes up to the activation
    is_unnamed: bool = False  # whose it is stands fast, and is not for this reader

    @property
    def is_provisional(self) -> bool:
        return self.state is None

    def unnamed(self) -> Earning:
        """What the role earns by the public prices, without who earns it and how well that one did."""
        return replace(self, person=None, moves_fen=0, is_unnamed=True) if self.person else self

    @property
    def why_label(self) -> str:
        return str(Why(self.why).label) if self.why else ""


def earnings_of(case: Application, at: datetime) -> list[Earning]:
    """What each role earns from a case, from the first day on, in the fixed order; nothing for a case that ended
    without a card, was not used in time, or was settled before this system."""
    assessment = Assessment.objects.select_related("bounty").filter(pk=case.pk).first()
    if assessment is not None:
        return _earned(assessment, case)
    if case.state in ENDED or case.is_imported:
        return []
    return _promised(case, at)


def _earned(assessment: Assessment, case: Application) -> list[Earning]:
    spend_days = assessment.bounty.spend_days if assessment.bounty else 0
    entries = assessment.entries.with_state().select_related("payee").order_by("pk")
    found = [
        Earning(
            role=Performance(entry.role),
            amount_fen=entry.amount_fen,
            payee_kind=PayeeKind(entry.payee_kind),
            person=entry.payee,
            why=entry.why,
            kind=EntryKind(entry.kind),
            state=entry.state,
            entry=entry.pk,
            until=waits_until(entry.why, activated_at=case.activated_at or entry.at, spend_days=spend_days)
            if entry.payee_kind == PayeeKind.HELD
            else None,
        )
        for entry in entries
        if entry.state != EntryState.VOIDED
    ]
    return sorted(found, key=lambda earning: ROLES.index(earning.role))


def _promised(case: Application, at: datetime) -> list[Earning]:
    bounty, policy = PriceBook.read().price(case.product_id, on=case.priced_on or local_day(at), branch=case.branch_id)
    if bounty is None or policy is None:
        return []
    facts = read_cases(Application.objects.filter(pk=case.pk), at=at)[case.pk].facts
    # What has not ended yet may still end in time.
    facts = replace(facts, timeliness={**dict.fromkeys(TIMED, Timeliness.ON_TIME), **facts.timeliness})
    shares = shares_of(bounty.amount_fen, facts, policy.terms)
    people = Employee.objects.in_bulk([share.payee for share in shares if share.payee is not None])
    promises = [_promise(share, people, facts, policy.terms) for share in shares]
    return [replace(_by_spend(promise, bounty, case), steps_left=steps_left(case)) for promise in promises]


def _promise(share: Line, people: dict[int, Employee], facts: CaseFacts, terms: Terms) -> Earning:
    """Before the activation a stage without a performer is not lost: it is whoever's who will perform it."""
    is_open = share.why in (Why.NO_PERFORMER, Why.NO_COACHING)
    moves = timeliness_of(replace(share, payee=share.payee or 0) if is_open else share, facts, terms)
    return Earning(
        role=share.role,
        amount_fen=share.amount_fen,
        payee_kind=PayeeKind.EMPLOYEE if is_open else share.payee_kind,
        person=people.get(share.payee) if share.payee is not None else None,
        why="" if is_open else share.why,
        moves_fen=moves.amount_fen if moves else 0,
    )


def _by_spend(promise: Earning, bounty: Bounty, case: Application) -> Earning:
    """What the activation alone does not earn says so, from the activation on with its day."""
    if bounty.trigger == Trigger.ACTIVATION or promise.why:
        return promise
    until = case.activated_at + timedelta(days=bounty.spend_days) if case.activated_at else None
    return replace(promise, why=Why.AWAITS_SPEND, until=until)

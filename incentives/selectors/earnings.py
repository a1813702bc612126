"""What each role of a case earns: promised from its first day, earned with its activation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from applications.lifecycle import ENDED, Performance
from applications.models import Application
from incentives.lifecycle import (
    ROLES,
    EntryState,
    PayeeKind,
    Why,
)
from incentives.models import Assessment
from incentives.rules import Line, shares_of, waits_until
from incentives.services.facts import read_cases
from incentives.services.pricing import PriceBook
from ops_center.clock import local_day
from organization.models import Employee


@dataclass(frozen=True, slots=True)
class Earning:
    """One share of a case. Without a ``state`` it is a promise: earned if the card is activated."""

    role: Performance
    amount_fen: int
    payee_kind: PayeeKind
    person: Employee | None = None
    why: str = ""
    state: EntryState | None = None
    entry: int | None = None
    until: datetime | None = None  # how long a HELD share waits

    @property
    def is_provisional(self) -> bool:
        return self.state is None

    @property
    def why_label(self) -> str:
        return str(Why(self.why).label) if self.why else ""


def earnings_of(case: Application, at: datetime) -> list[Earning]:
    """What each role earns from a case, from the first day on, in the fixed order; nothing for a case that ended
    without a card or was settled before this system."""
    assessment = Assessment.objects.filter(pk=case.pk).first()
    if assessment is not None:
        return _earned(assessment, case)
    if case.state in ENDED or case.is_imported:
        return []
    return _promised(case, at)


def _earned(assessment: Assessment, case: Application) -> list[Earning]:
    entries = assessment.entries.with_state().select_related("payee").order_by("pk")
    found = [
        Earning(
            role=Performance(entry.role),
            amount_fen=entry.amount_fen,
            payee_kind=PayeeKind(entry.payee_kind),
            person=entry.payee,
            why=entry.why,
            state=entry.state,
            entry=entry.pk,
            until=waits_until(entry.why, activated_at=case.activated_at or entry.at)
            if entry.payee_kind == PayeeKind.HELD
            else None,
        )
        for entry in entries
        if entry.state != EntryState.VOIDED
    ]
    return sorted(found, key=lambda earning: ROLES.index(earning.role))


def _promised(case: Application, at: datetime) -> list[Earning]:
    on = case.priced_on or local_day(at)
    book = PriceBook.read()
    bounty, policy = book.bounty(case.product_id, on=on), book.policy(on=on)
    if bounty is None or policy is None:
        return []
    facts = read_cases(Application.objects.filter(pk=case.pk), at=at)[case.pk].facts
    shares = shares_of(bounty.amount_fen, facts, policy.terms)
    people = Employee.objects.in_bulk([share.payee for share in shares if share.payee is not None])
    return [_promise(share, people) for share in shares]


def _promise(share: Line, people: dict[int, Employee]) -> Earning:
    """Before the activation a stage without a performer is not lost: it is whoever's who will perform it."""
    is_open = share.why in (Why.NO_PERFORMER, Why.NO_COACHING)
    return Earning(
        role=share.role,
        amount_fen=share.amount_fen,
        payee_kind=PayeeKind.EMPLOYEE if is_open else share.payee_kind,
        person=people.get(share.payee) if share.payee is not None else None,
        why="" if is_open else share.why,
    )

"""What running cases would bring a person if their cards were activated: promised, not earned."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from applications.lifecycle import FINISHED, MAIN_LINE, Performance, State
from applications.models import Application, Performer, Product
from incentives.rules import CaseFacts, shares_of
from incentives.services.facts import read_cases
from incentives.services.pricing import PriceBook
from ops_center.clock import local_day
from organization.models import Employee


@dataclass(frozen=True, slots=True)
class Promise:
    """One running case: what this person would get of it by today's facts, role by role, in fen."""

    case: Application
    parts: list[tuple[Performance, int]]

    @property
    def total_fen(self) -> int:
        return sum(fen for _role, fen in self.parts)

    @property
    def steps_left(self) -> int:
        return steps_left(self.case)


@dataclass(frozen=True, slots=True)
class Forecast:
    promises: list[Promise]

    @property
    def total_fen(self) -> int:
        return sum(promise.total_fen for promise in self.promises)


def forecast_of(employee: Employee, at: datetime, *, book: PriceBook | None = None) -> Forecast:
    """The running cases in which this person has a share by now, the nearest to activation first. The number of
    queries does not depend on that of the cases."""
    works = Performer.objects.filter(application=OuterRef("pk"), employee=employee)
    cases = Application.objects.exclude(state__in=FINISHED).filter(
        Q(referrer=employee) | Q(collector=employee) | Exists(works), is_imported=False, assessment=None
    )
    rows = {case.pk: case for case in cases.select_related("product")}
    facts = read_cases(cases, at=at)
    book = book or PriceBook.read()
    promises: list[Promise] = []
    for pk, case in rows.items():
        on = case.priced_on or local_day(at)
        bounty = book.bounty(case.product_id, on=on, branch=case.branch_id)
        policy = book.policy(on=on, branch=case.branch_id)
        if bounty is None or policy is None or pk not in facts:
            continue
        shares = shares_of(bounty.amount_fen, _as_if_collected(facts[pk].facts, case), policy.terms)
        parts = [(share.role, share.amount_fen) for share in shares if share.payee == employee.pk]
        if parts:
            promises.append(Promise(case, parts))
    return Forecast(sorted(promises, key=lambda promise: (promise.steps_left, promise.case.number)))


def _as_if_collected(facts: CaseFacts, case: Application) -> CaseFacts:
    """Whoever is collecting a file is its collector once the intake is complete."""
    if case.collector_id is None:
        return facts
    return replace(facts, performers={Performance.COLLECTOR: case.collector_id, **facts.performers})


def steps_left(case: Application) -> int:
    """Steps up to the activation that this case takes; of a problem item as if it were solved, of a returned file from
    its intake on."""
    state = case.resume_state if case.state == State.PROBLEM else case.state
    place = MAIN_LINE.index(State(state) if state in MAIN_LINE else State.DRAFT)
    skipped = _skipped(case)
    return sum(state not in skipped for state in MAIN_LINE[place + 1 :])


def _skipped(case: Application) -> set[State]:
    """What the main line holds and this case does not: a bag, if its file came without one (Path A, images), and a look
    at the entry, if nobody takes one."""
    came_without_bag = case.received_at is not None and case.bagged_at is None
    skipped = {State.BAGGED, State.IN_TRANSIT} if case.is_self_service or came_without_bag else set()
    return skipped | ({State.KEYED} if case.review_mode == Product.ReviewMode.NONE else set())

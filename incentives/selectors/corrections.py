"""更正事项: claw-backs, corrections, cross-sell and disputes side by side, what waits for whom, and the ways in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet, Sum
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from applications.lifecycle import State
from applications.models import Application, Coaching
from applications.services.card_status import delinquencies, is_early
from incentives.lifecycle import EntryKind, RequestState, Verdict
from incentives.models import Adjustment, Assessment, CrossSell, Dispute, Reversal
from incentives.querysets import SEES_ALL
from incentives.services.corrections import KINDS
from incentives.services.cross_sells import why_not_sell
from incentives.services.requests import DECIDERS, AnyRequest, R, payees_of, policy_of, why_not_decide
from incentives.services.reversals import is_in_window, reversible, why_not_reverse
from ops_center.clock import local_day
from ops_center.kernel.errors import DomainError
from organization.models import Employee
from organization.roles import Role

SHOWN = 200  # requests of a kind
LABELS: dict[str, Any] = {
    "reversal": _("Claw-back"),
    "adjustment": _("Correction"),
    "cross-sell": _("Other product sold"),
    "dispute": _("Dispute"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One request as a row: what it is about, and why this person may not decide it."""

    kind: str
    request: AnyRequest
    what: str  # the ground, the product, the role
    amount_fen: int  # what it would bring, or take
    why_not: DomainError | None

    @property
    def key(self) -> str:
        return f"{self.kind}-{self.request.pk}"

    @property
    def label(self) -> Any:
        return LABELS[self.kind]

    @property
    def number(self) -> str:
        return self.request.assessment.application.number

    @property
    def due_at(self) -> datetime | None:
        return self.request.due_at if isinstance(self.request, Dispute) else None

    def is_overdue(self, at: datetime) -> bool:
        return isinstance(self.request, Dispute) and self.request.is_overdue(at)


def waiting(actor: Employee, roles: frozenset[str], at: datetime) -> tuple[list[Line], list[Line]]:
    """Open requests: those that this person may decide, and those that wait for somebody else, in sight of who watches
    over the money. Late answers first, then what is due, then the oldest."""
    mine: list[Line] = []
    others: list[Line] = []
    for kind, model in KINDS.items():
        decides = not roles.isdisjoint(DECIDERS[model])
        if not decides and SEES_ALL.isdisjoint(roles):
            continue
        for row in with_case(model).filter(state=RequestState.OPEN).order_by("pk")[:SHOWN]:
            line = _line(kind, row, why_not_decide(row, actor=actor) if decides else None)
            (mine if decides and line.why_not is None else others).append(line)

    def urgency(line: Line) -> tuple[bool, bool, datetime]:
        return not line.is_overdue(at), line.due_at is None, line.due_at or line.request.asked_at

    return sorted(mine, key=urgency), sorted(others, key=urgency)


def open_requests(roles: frozenset[str]) -> int:
    """How many requests wait for a decision of these roles."""
    models = [model for model in KINDS.values() if not roles.isdisjoint(DECIDERS[model])]
    return sum(model._default_manager.filter(state=RequestState.OPEN).count() for model in models)


def asked_by(actor: Employee) -> list[Line]:
    """What this person asked for, newest first, decided or not."""
    lines = [
        _line(kind, row, None)
        for kind, model in KINDS.items()
        for row in with_case(model).filter(asked_by=actor).order_by("-pk")[:SHOWN]
    ]
    return sorted(lines, key=lambda line: line.request.asked_at, reverse=True)


def with_case(model: type[R]) -> QuerySet[R]:
    """Requests with their case and people: one query."""
    path = "entry__assessment" if model is Dispute else "assessment"
    rows = model._default_manager.select_related(f"{path}__application__product", f"{path}__policy")
    return rows.select_related("asked_by", "decided_by")


def _line(kind: str, row: AnyRequest, why_not: DomainError | None) -> Line:
    match row:
        case Reversal():
            return Line(kind, row, row.get_ground_display(), _taken_back(row), why_not)
        case Adjustment():
            return Line(kind, row, f"{row.payee.name} · {row.get_role_display()}", row.amount_fen, why_not)
        case CrossSell():
            return Line(kind, row, row.product, policy_of(row.assessment).cross_sell_fen, why_not)
        case Dispute():
            return Line(kind, row, row.entry.get_role_display(), row.entry.amount_fen, why_not)


def _taken_back(row: Reversal) -> int:
    """What an open claw-back would take, or a decided one has taken."""
    if row.is_open:
        return -(reversible(row.assessment, row.payee).aggregate(fen=Sum("amount_fen"))["fen"] or 0)
    if row.state == RequestState.REFUSED or row.decided_at is None:
        return 0
    taken = row.assessment.entries.filter(kind=EntryKind.REVERSAL, why=row.ground, at=row.decided_at)
    return taken.aggregate(fen=Sum("amount_fen"))["fen"] or 0


# -- what audit should look at -----------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Review:
    """A card that fell into arrears in its first six months (ASM-13): a flag, until somebody asks for the claw-back or
    its window is over. In the meantime nothing is held and nothing taken back."""

    assessment: Assessment
    overdue_on: date


def to_review(at: datetime) -> list[Review]:
    """The newest arrears first."""
    told = {row.application_number: row for row in delinquencies().order_by("-at")[:SHOWN]}
    earned = Assessment.objects.filter(verdict=Verdict.EARNED, application__number__in=told)
    standing = earned.exclude(reversals__state__in=(RequestState.OPEN, RequestState.APPROVED))
    rows = {row.application.number: row for row in standing.select_related("application__product", "policy")}
    return [
        Review(rows[number], local_day(line.at))
        for number, line in told.items()
        if number in rows and line.at is not None and is_early(rows[number].application, line)
        and is_in_window(rows[number], at=at)
    ]  # fmt: skip


# -- where a correction begins -----------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Way:
    """A page on which this person may begin something about the money of a case."""

    label: Any
    icon: str
    path: str


def ways_from(case: Application, *, actor: Employee, roles: frozenset[str], at: datetime) -> list[Way]:
    """What the page of a case offers: to audit a claw-back, to trackers a correction of a colleague's reward, to the
    officer who coached the client the sale of something else. Nothing that would be refused."""
    if case.state != State.ACTIVATED or roles.isdisjoint({Role.AS, Role.CM, Role.AUD, Role.TR}):
        return []
    ways = []
    coached = bool(roles & {Role.AS, Role.CM}) and Coaching.objects.filter(application=case, officer=actor).exists()
    if coached:
        ways.append(Way(_("Refer for another card"), "plus", reverse("referral-again", args=[case.number])))
    earned = Assessment.objects.filter(pk=case.pk, verdict=Verdict.EARNED).select_related("application", "policy")
    assessment = earned.first()
    if assessment is None:
        return ways
    if coached and why_not_sell(assessment) is None:
        ways.append(Way(_("Other product sold"), "coins", f"{reverse('cross-sell-new')}?application={case.number}"))
    if Role.AUD in roles and why_not_reverse(assessment, at=at) is None:
        ways.append(Way(_("Claw back the rewards"), "return", f"{reverse('reversal-new')}?application={case.number}"))
    if Role.TR in roles and payees_of(assessment).exclude(pk=actor.pk).exists():
        ways.append(Way(_("Correct a reward"), "edit", f"{reverse('adjustment-new')}?application={case.number}"))
    return ways

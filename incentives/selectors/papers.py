"""What waits for registration, and the confirmation documents with their tables."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery, Sum

from applications.lifecycle import Clock, Performance
from applications.models import CardStatusRow, CaseClock
from incentives.lifecycle import (
    ROLES,
    ConfirmationState,
    PayeeKind,
    Verdict,
)
from incentives.models import Assessment, Confirmation, RewardEntry, SplitPolicy
from incentives.querysets import SEES_ALL
from ops_center.kernel.money import capitals
from organization.models import Employee


def to_register() -> QuerySet[Assessment]:
    """Cases that wait for their registration, with what each is worth, whether the card system's file has confirmed the
    activation, and until when the registration is due."""
    confirmed = CardStatusRow.objects.filter(
        application_number=OuterRef("application__number"),
        status="ACTIVATED",
        fate__in=[CardStatusRow.Fate.MATCHED, CardStatusRow.Fate.DONE_BEFORE],
    )
    clock = CaseClock.objects.filter(application=OuterRef("pk"), kind=Clock.REGISTER, stopped_at=None)
    return (
        Assessment.objects.filter(verdict=Verdict.EARNED, registration=None)
        .annotate(is_proved=Exists(confirmed), due_at=Subquery(clock.values("due_at")[:1]))
        .select_related("application__product", "application__branch", "event__actor")
    )


@dataclass(frozen=True, slots=True)
class RoleSum:
    role: Performance
    entries: int
    total_fen: int


@dataclass(frozen=True, slots=True)
class PayeeSum:
    """Of a person, or of the pool or the customers."""

    payee_kind: PayeeKind
    person: Employee | None
    entries: int
    total_fen: int


@dataclass(frozen=True, slots=True)
class Document:
    """A confirmation as it stands on paper."""

    confirmation: Confirmation
    by_role: list[RoleSum]
    by_payee: list[PayeeSum]
    registrars: list[Employee]
    versions: list[str]

    @property
    def in_capitals(self) -> str:
        return capitals(self.confirmation.total_fen)


def document_of(confirmation: Confirmation) -> Document:
    """The tables by role and by payee, who registered, and which policy versions apply."""
    entries = RewardEntry.objects.filter(confirmation_line__confirmation=confirmation).order_by()
    roles = entries.values_list("role").annotate(Count("pk"), Sum("amount_fen"))
    sums = {role: (number, total) for role, number, total in roles}
    payees = entries.values_list("payee_kind", "payee_id").annotate(Count("pk"), Sum("amount_fen"))
    rows = list(payees.order_by("payee__number"))
    people = Employee.objects.select_related("branch").in_bulk([payee for _kind, payee, *_rest in rows if payee])
    return Document(
        confirmation=confirmation,
        by_role=[RoleSum(role, *sums[role]) for role in ROLES if role in sums],
        by_payee=[PayeeSum(PayeeKind(kind), people.get(payee), *rest) for kind, payee, *rest in rows],
        registrars=list(
            Employee.objects.filter(
                pk__in=confirmation.lines.values("entry__assessment__registration__by")
            ).order_by("number")
        ),
        versions=[
            f"v{number}"
            for number in SplitPolicy.objects.filter(
                pk__in=confirmation.lines.values("entry__assessment__policy")
            ).order_by("number").values_list("number", flat=True)
        ],
    )  # fmt: skip


def documents_for(roles: Collection[str]) -> QuerySet[Confirmation]:
    """The documents that somebody in these roles sees, with their people: HR the confirmed ones, others all."""
    documents = Confirmation.objects.select_related("drafted_by", "certified_by").prefetch_related("branches")
    if not SEES_ALL.isdisjoint(roles):
        return documents
    return documents.filter(state=ConfirmationState.CONFIRMED)


def exportable() -> QuerySet[Confirmation]:
    """Confirmed documents with entries that no batch has taken yet, oldest first."""
    left = RewardEntry.objects.not_exported().not_voided().filter(confirmation_line__confirmation=OuterRef("pk"))
    return Confirmation.objects.filter(Exists(left), state=ConfirmationState.CONFIRMED).order_by("certified_at")

"""The confirmation documents with their tables, and who sees which."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from django.db.models import Count, Exists, OuterRef, QuerySet, Sum

from applications.lifecycle import Performance
from incentives.lifecycle import ROLES, ConfirmationState, PayeeKind
from incentives.models import Bounty, Confirmation, RewardEntry, SplitPolicy
from incentives.querysets import SEES_ALL
from ops_center.kernel.money import capitals
from organization.models import Employee


@dataclass(frozen=True, slots=True)
class RoleSum:
    role: Performance
    entries: int
    total_fen: int


@dataclass(slots=True)
class PayeeSum:
    """Of a person, or of the pool or the customers."""

    payee_kind: PayeeKind
    person: Employee | None
    entries: int = 0
    fen_of: dict[str, int] = field(default_factory=dict)  # by EntryKind

    @property
    def total_fen(self) -> int:
        return sum(self.fen_of.values())


@dataclass(frozen=True, slots=True)
class Document:
    """A confirmation as it stands on paper."""

    confirmation: Confirmation
    by_role: list[RoleSum]
    by_payee: list[PayeeSum]
    registrars: list[Employee]
    versions: list[str]  # of the split table
    bounties: list[Bounty]

    @property
    def in_capitals(self) -> str:
        return capitals(self.confirmation.total_fen)


def document_of(confirmation: Confirmation) -> Document:
    """The tables by role and by payee, who registered, and which versions of split table and bounties apply."""
    entries = RewardEntry.objects.filter(confirmation_line__confirmation=confirmation).order_by()
    roles = entries.values_list("role").annotate(Count("pk"), Sum("amount_fen"))
    sums = {role: (number, total) for role, number, total in roles}
    lines = confirmation.lines.order_by()
    policies = SplitPolicy.objects.filter(pk__in=lines.values("entry__assessment__policy"))
    bounties = Bounty.objects.filter(pk__in=lines.values("entry__assessment__bounty")).select_related("product")
    return Document(
        confirmation=confirmation,
        by_role=[RoleSum(role, *sums[role]) for role in ROLES if role in sums],
        by_payee=_by_payee(entries),
        registrars=list(
            Employee.objects.filter(pk__in=lines.values("entry__assessment__registration__by")).order_by("number")
        ),
        versions=[policy.version for policy in policies.order_by("number")],
        bounties=list(bounties.order_by("product__code", "starts_on", "pk")),
    )


def _by_payee(entries: QuerySet[RewardEntry]) -> list[PayeeSum]:
    """People by their numbers, then the pool and the customers."""
    sums = entries.values_list("payee_kind", "payee_id", "kind").annotate(Count("pk"), Sum("amount_fen"))
    rows = list(sums)
    people = Employee.objects.select_related("branch").in_bulk({payee for _kind, payee, *_rest in rows if payee})
    found: dict[tuple[str, int | None], PayeeSum] = {}
    for payee_kind, payee, kind, number, fen in rows:
        row = found.setdefault((payee_kind, payee), PayeeSum(PayeeKind(payee_kind), people.get(payee)))
        row.entries += number
        row.fen_of[kind] = fen
    return sorted(found.values(), key=lambda row: (row.person is None, row.person.number if row.person else "",
                                                   row.payee_kind))  # fmt: skip


def documents_for(roles: Collection[str]) -> QuerySet[Confirmation]:
    """The documents that somebody in these roles sees, with their people: HR the confirmed ones, others all."""
    documents = Confirmation.objects.select_related("drafted_by", "certified_by", "discarded_by").prefetch_related(
        "branches"
    )
    if not SEES_ALL.isdisjoint(roles):
        return documents
    return documents.filter(state=ConfirmationState.CONFIRMED)


def exportable() -> QuerySet[Confirmation]:
    """Confirmed documents with entries that no batch has taken yet, oldest first."""
    left = RewardEntry.objects.not_exported().still_due().filter(confirmation_line__confirmation=OuterRef("pk"))
    return Confirmation.objects.filter(Exists(left), state=ConfirmationState.CONFIRMED).order_by("certified_at")

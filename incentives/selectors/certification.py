"""绩效认证待办: the drafts as whoever may certify them looks at them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Sum

from applications.lifecycle import Performance
from incentives.lifecycle import ConfirmationState
from incentives.models import Confirmation, RewardEntry
from incentives.periods import period_of
from incentives.services.confirmations import no_longer_payable, why_not_certify
from ops_center.kernel.errors import Refused
from organization.models import Employee


@dataclass(frozen=True, slots=True)
class ToCertify:
    """A draft, whether this person may certify it, and what to look at before."""

    confirmation: Confirmation
    why_not: Refused | None
    before_fen: int | None  # confirmed for the period before, in the same scope; None: nothing was
    pulled: int  # entries held or voided since the draft: certifying takes them out
    pulled_fen: int
    uncoached: int  # registered cases of the period that wait for their fourth stamp, and so for a later document

    @property
    def difference_fen(self) -> int | None:
        return None if self.before_fen is None else self.confirmation.total_fen - self.before_fen


def drafts_for(actor: Employee) -> list[ToCertify]:
    """Every draft, oldest first; those that this person may certify come before the others."""
    drafts = list(
        Confirmation.objects.filter(state=ConfirmationState.DRAFT)
        .select_related("drafted_by")
        .prefetch_related("branches")
        .order_by("drafted_at", "id")
    )
    before = _confirmed_before(drafts)
    rows = [_looked_at(draft, actor=actor, before_fen=before.get(draft.pk)) for draft in drafts]
    return sorted(rows, key=lambda row: row.why_not is not None)


def next_draft_for(actor: Employee) -> Confirmation | None:
    """The oldest draft that this person may certify."""
    drafts = Confirmation.objects.filter(state=ConfirmationState.DRAFT).order_by("drafted_at", "id")
    return next((draft for draft in drafts if why_not_certify(draft, actor=actor) is None), None)


def _looked_at(draft: Confirmation, *, actor: Employee, before_fen: int | None) -> ToCertify:
    pulled = no_longer_payable(draft).aggregate(entries=Count("pk"), fen=Sum("entry__amount_fen"))
    return ToCertify(
        confirmation=draft,
        why_not=why_not_certify(draft, actor=actor),
        before_fen=before_fen,
        pulled=pulled["entries"],
        pulled_fen=pulled["fen"] or 0,
        uncoached=_uncoached(draft, before=period_of(draft.period).ends_at),
    )


def _uncoached(draft: Confirmation, *, before: datetime) -> int:
    waiting = RewardEntry.objects.undecided().filter(
        role=Performance.AFTER_SALES,
        at__lt=before,
        assessment__registration__isnull=False,
        assessment__application__collected_at=None,
    )
    scope = list(draft.branches.all())
    return waiting.filter(assessment__application__branch__in=scope).count() if scope else waiting.count()


def _confirmed_before(drafts: Sequence[Confirmation]) -> dict[int, int]:
    """Per draft what was confirmed for the period before, in the same scope."""
    wanted = {draft.pk: (period_of(draft.period).before, _scope(draft)) for draft in drafts}
    confirmed = Confirmation.objects.filter(
        state=ConfirmationState.CONFIRMED, period__in={period for period, _branches in wanted.values()}
    )
    sums: defaultdict[tuple[str, frozenset[int]], int] = defaultdict(int)
    for document in confirmed.prefetch_related("branches"):
        sums[document.period, _scope(document)] += document.total_fen
    return {pk: sums[key] for pk, key in wanted.items() if key in sums}


def _scope(document: Confirmation) -> frozenset[int]:
    return frozenset(branch.pk for branch in document.branches.all())

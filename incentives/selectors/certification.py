"""绩效认证待办: the drafts as whoever may certify them looks at them."""

from __future__ import annotations

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
    earlier_fen: int  # on the earlier documents of its own period and scope
    pulled: int  # entries held, voided or taken back since: certifying takes them out
    pulled_fen: int
    uncoached: int  # registered cases that it is the first to leave out: they wait for their fourth stamp

    @property
    def difference_fen(self) -> int | None:
        """What the period has come to with this document, against the one before."""
        return None if self.before_fen is None else self.earlier_fen + self.confirmation.total_fen - self.before_fen


def drafts_for(actor: Employee) -> list[ToCertify]:
    """Every draft, oldest first; those that this person may certify come before the others."""
    drafts = list(
        Confirmation.objects.filter(state=ConfirmationState.DRAFT)
        .select_related("drafted_by")
        .prefetch_related("branches")
        .order_by("drafted_at", "id")
    )
    beside = _beside(drafts)
    rows = [_looked_at(draft, actor=actor, beside=beside) for draft in drafts]
    return sorted(rows, key=lambda row: row.why_not is not None)


def next_draft_for(actor: Employee) -> Confirmation | None:
    """The oldest draft that this person may certify."""
    drafts = Confirmation.objects.filter(state=ConfirmationState.DRAFT).order_by("drafted_at", "id")
    return next((draft for draft in drafts if why_not_certify(draft, actor=actor) is None), None)


def _looked_at(draft: Confirmation, *, actor: Employee, beside: Sequence[Confirmation]) -> ToCertify:
    pulled = no_longer_payable(draft).aggregate(entries=Count("pk"), fen=Sum("entry__amount_fen"))
    span, scope = period_of(draft.period), _scope(draft)
    alike = [other for other in beside if _scope(other) == scope]
    earlier = [other for other in alike if other.period == draft.period and other.pk < draft.pk]
    told = max((other.drafted_at for other in earlier), default=None)
    before = [other.total_fen for other in alike if other.period == span.before and other.is_confirmed]
    return ToCertify(
        confirmation=draft,
        why_not=why_not_certify(draft, actor=actor),
        before_fen=sum(before) if before else None,
        earlier_fen=sum(other.total_fen for other in earlier),
        pulled=pulled["entries"],
        pulled_fen=pulled["fen"] or 0,
        uncoached=_uncoached(draft, before=span.ends_at, since=told),
    )


def _uncoached(draft: Confirmation, *, before: datetime, since: datetime | None) -> int:
    """What was registered when it was drafted and could not come along, less what an earlier document has told."""
    waiting = RewardEntry.objects.undecided().filter(
        role=Performance.AFTER_SALES,
        at__lt=before,
        assessment__registration__at__lte=draft.drafted_at,
        assessment__application__collected_at=None,
    )
    if since is not None:
        waiting = waiting.filter(assessment__registration__at__gt=since)
    scope = list(draft.branches.all())
    return waiting.filter(assessment__application__branch__in=scope).count() if scope else waiting.count()


def _beside(drafts: Sequence[Confirmation]) -> list[Confirmation]:
    """The documents of the same periods and of those before, the drafts themselves included."""
    periods = {period for draft in drafts for period in (draft.period, period_of(draft.period).before)}
    documents = Confirmation.objects.filter(period__in=periods).exclude(state=ConfirmationState.DISCARDED)
    return list(documents.prefetch_related("branches"))


def _scope(document: Confirmation) -> frozenset[int]:
    return frozenset(branch.pk for branch in document.branches.all())

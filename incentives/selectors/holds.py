"""暂缓清单: what is not paid for now, why, since when, until when, and who has the way out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from incentives.lifecycle import HoldCause, Why
from incentives.models import Hold, RewardEntry
from incentives.rules import waits_until
from incentives.services.holds import own_holds, why_not_release
from ops_center.kernel.errors import Refused
from organization.models import Employee

WAY_OUT: dict[str, Any] = {
    HoldCause.AUDIT: _("audit or a supervisor"),
    HoldCause.FRAUD: _("audit or a supervisor, for the whole case"),
    HoldCause.COMPLAINT: _("audit or a supervisor, once the complaint has ended"),
    HoldCause.LEFT: _("HR: pay or void"),
    Why.NO_COACHING: _("the officer who coaches the client"),
    Why.QUALIFICATION_LAPSED: _("the person: renew the qualification"),
    Why.EXPLANATION_OPEN: _("who decides the explanation"),
    Why.AWAITS_SPEND: _("the client: use the card"),
}


def open_holds(cause: str = "") -> QuerySet[Hold]:
    """Entries that somebody, or the system, has put on hold."""
    holds = Hold.objects.filter(released_at=None)
    if cause:
        holds = holds.filter(cause=cause)
    return holds.select_related("entry__assessment__application__product", "entry__payee", "by", "complaint")


@dataclass(frozen=True, slots=True)
class Held:
    """A hold, whose way out it is, and what keeps a releaser from taking it."""

    hold: Hold
    way_out: Any
    why_not: Refused | None


def as_held(holds: Iterable[Hold], *, actor: Employee) -> list[Held]:
    own = own_holds(actor)
    return [Held(hold, WAY_OUT[hold.cause], why_not_release(hold, own=own)) for hold in holds]


def causes() -> list[tuple[str, Any, int]]:
    """(cause, label, how many entries are held for it)."""
    counts = dict(Hold.objects.filter(released_at=None).order_by().values_list("cause").annotate(Count("pk")))
    return [(cause.value, cause.label, counts[cause]) for cause in HoldCause if cause in counts]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A share that waits for its payee by a rule, and is released by itself."""

    entry: RewardEntry
    until: datetime | None
    way_out: Any


def waiting_by_rule() -> QuerySet[RewardEntry]:
    """Lines whose payee, or whose fate, is not known yet."""
    return RewardEntry.objects.undecided().select_related(
        "assessment__application__product", "assessment__bounty", "payee"
    )


def as_waiting(entry: RewardEntry) -> Waiting:
    bounty = entry.assessment.bounty
    until = waits_until(
        entry.why,
        activated_at=entry.assessment.application.activated_at or entry.at,
        spend_days=bounty.spend_days if bounty else 0,
    )
    return Waiting(entry, until, WAY_OUT.get(entry.why, ""))


@dataclass(frozen=True, slots=True)
class Leaver:
    """Somebody who has left, with what waits for HR's decision."""

    person: Employee
    entries: int
    total_fen: int
    since: datetime


def leavers() -> list[Leaver]:
    """Who has left with unpaid rewards, the longest wait first. No case and no client: that is not HR's to see."""
    held = Hold.objects.filter(released_at=None, cause=HoldCause.LEFT).order_by()
    sums = held.values_list("entry__payee").annotate(Count("pk"), total=Sum("entry__amount_fen"), since=Min("at"))
    rows = list(sums.order_by("since", "entry__payee"))
    people = Employee.objects.select_related("branch").in_bulk([row[0] for row in rows])
    return [Leaver(people[person], entries, total, since) for person, entries, total, since in rows]

"""The rules of time for the regulator: every version of every clock that was in force in a period, and how it was kept.

A clock keeps the version under which it started (rule K8), so what is counted stands beside the version itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, F, Q, Sum

from applications.lifecycle import Clock, Outcome, PauseReason
from applications.models import CaseClock, ClockInterval, ClockPolicy
from organization.models.versions import PolicyStatus
from organization.services.versions import Change, Standing
from supervision.models import Breach, Complaint, Justification
from supervision.on_time import IN_TIME, LATE
from supervision.selectors import midnight
from supervision.selectors.operations import Asked
from supervision.selectors.policies import VersionOf, clock_title


@dataclass(frozen=True, slots=True)
class Pause:
    """How often clocks of a version stood still for a reason in the period, and for how many minutes in all."""

    reason: PauseReason
    times: int
    minutes: int


@dataclass(frozen=True, slots=True)
class Rule:
    """One version with what happened under it in the period."""

    policy: ClockPolicy
    until: date | None  # the last day before the next version
    nth: int
    in_time: int = 0
    late: int = 0
    exempt: int = 0
    open_overdue: int = 0
    breaches: int = 0
    pauses: Sequence[Pause] = field(default_factory=list)

    @property
    def title(self) -> str:
        return clock_title(self.policy)

    @property
    def terms(self) -> list[Change]:
        """Limit, warning, what it stands still for, who answers, on what basis."""
        return VersionOf(self.policy, None, Standing.IN_FORCE).terms

    @property
    def rate(self) -> float | None:
        """In time ÷ (closed + open overdue), exempt left out."""
        whole = self.in_time + self.late + self.open_overdue
        return self.in_time / whole if whole else None


def rules_in_force(asked: Asked) -> list[Rule]:
    """In the order of the charter, older versions first. Five queries for the clocks of cases, and one for each version
    of a deadline that stands in a column of its own row (complaints, explanations)."""
    closed, open_overdue = _closed(asked), _open_overdue(asked)
    breaches, pauses = _breaches(asked), _pauses(asked)
    rules = []
    for policy, until, nth in _versions(asked):
        if policy.kind in _IN_COLUMNS:
            rules.append(_of_columns(policy, until, nth, asked))
            continue
        outcomes = closed.get(policy.pk, {})
        rules.append(
            Rule(
                policy, until, nth,
                in_time=sum(outcomes.get(outcome, 0) for outcome in IN_TIME),
                late=sum(outcomes.get(outcome, 0) for outcome in LATE),
                exempt=outcomes.get(Outcome.EXEMPT, 0),
                open_overdue=open_overdue.get(policy.pk, 0),
                breaches=breaches.get(policy.pk, 0),
                pauses=pauses.get(policy.pk, []),
            )
        )  # fmt: skip
    return rules


def _versions(asked: Asked) -> list[tuple[ClockPolicy, date | None, int]]:
    """Version, its last day if there is a next one, and the how-manieth it is of its clock."""
    first, last = asked.span.first_day, asked.span.last_day
    rows = ClockPolicy.objects.filter(status=PolicyStatus.APPROVED, starts_on__lte=last)
    chains: defaultdict[tuple[str, str], list[ClockPolicy]] = defaultdict(list)
    for row in rows.select_related("drafted_by", "approved_by").order_by("starts_on", "pk"):
        chains[row.kind, row.variant].append(row)
    found = []
    for (kind, variant), chain in chains.items():
        for nth, (row, after) in enumerate(zip(chain, [*chain[1:], None], strict=True), start=1):
            until = after.starts_on - timedelta(days=1) if after else None
            if until is None or until >= first:
                found.append((Clock.values.index(kind), variant, nth, row, until))
    return [(row, until, nth) for _place, _variant, nth, row, until in sorted(found, key=lambda line: line[:3])]


def _own(asked: Asked, path: str = "") -> Q:
    own = Q(**{f"{path}application__is_imported": False, f"{path}policy__isnull": False})
    return own if asked.branch is None else own & Q(**{f"{path}application__branch": asked.branch})


def _closed(asked: Asked) -> dict[int, dict[str, int]]:
    rows = CaseClock.objects.filter(_own(asked), asked.within("stopped_at")).order_by()
    found: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for policy, outcome, clocks in rows.values_list("policy", "outcome").annotate(Count("pk")):
        found[policy][outcome] = clocks
    return found


def _open_overdue(asked: Asked) -> Mapping[int, int]:
    until = min(asked.span.ends_at, asked.at)
    rows = CaseClock.objects.overdue(until).filter(_own(asked)).order_by()
    return dict(rows.values_list("policy").annotate(Count("pk")))


def _breaches(asked: Asked) -> Mapping[int, int]:
    rows = Breach.objects.filter(_own(asked, "clock__"), asked.within("due_at")).order_by()
    return dict(rows.values_list("clock__policy").annotate(Count("pk")))


def _pauses(asked: Asked) -> Mapping[int, list[Pause]]:
    """By when a pause began; of one that still goes on the minutes are not known yet."""
    rows = ClockInterval.objects.filter(_own(asked, "clock__"), asked.within("since")).exclude(pause="").order_by()
    found: defaultdict[int, list[Pause]] = defaultdict(list)
    for policy, reason, times, minutes in rows.values_list("clock__policy", "pause").annotate(
        Count("pk"), Sum("minutes")
    ):
        found[policy].append(Pause(PauseReason(reason), times, minutes or 0))
    return {policy: sorted(pauses, key=lambda row: row.reason) for policy, pauses in found.items()}


# -- deadlines in columns of their own rows ----------------------------------------------------------------------------
# Clock → table, column of the start, of the end, of the deadline, and of the branch.
_IN_COLUMNS: Mapping[str, tuple[Any, str, str, str, str]] = {
    Clock.COMPLAINT_REPLY: (Complaint, "opened_at", "replied_at", "reply_by", "application__branch"),
    Clock.COMPLAINT_CLOSE: (Complaint, "opened_at", "closed_at", "close_by", "application__branch"),
    Clock.JUSTIFY: (Justification, "filed_at", "decided_at", "decide_by", "breach__application__branch"),
}


def _of_columns(policy: ClockPolicy, until: date | None, nth: int, asked: Asked) -> Rule:
    """What ended in the period of those that began under this version, and what is open and overdue."""
    model, start, end, due, branch = _IN_COLUMNS[policy.kind]
    rows = model._default_manager.filter(**{f"{start}__gte": midnight(policy.starts_on)}).order_by()
    if until is not None:
        rows = rows.filter(**{f"{start}__lt": midnight(until + timedelta(days=1))})
    if policy.kind == Clock.COMPLAINT_CLOSE:
        if policy.variant == "EXTENSION":
            rows = rows.exclude(extended_at=None)
        else:
            rows = rows.filter(is_complex=policy.variant == "COMPLEX", extended_at=None)
    if asked.branch is not None:
        rows = rows.filter(**{branch: asked.branch})
    ended, close = asked.within(end), min(asked.span.ends_at, asked.at)
    figures = rows.aggregate(
        in_time=Count("pk", filter=ended & Q(**{f"{end}__lte": F(due)})),
        late=Count("pk", filter=ended & Q(**{f"{end}__gt": F(due)})),
        open_overdue=Count("pk", filter=Q(**{end: None, f"{due}__lt": close})),
        breaches=Count("pk", filter=asked.within(due) & (Q(**{end: None}) | Q(**{f"{end}__gt": F(due)}))),
    )
    return Rule(policy, until, nth, **figures)

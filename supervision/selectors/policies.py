"""Versions of the limits of clocks and of the times of branches: where each stands, what it changes against the one
that it follows, and what would become of the clocks that run now if they were measured by it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from applications.lifecycle import Clock, PauseReason
from applications.models import CaseClock, ClockPolicy
from applications.models.problem import Party
from applications.services.clocks import BY_THE_BRANCH
from applications.services.remeasure import Moves, Ruler
from ops_center.kernel.worktime import Mode
from ops_center.web.keyset import Keyset
from organization.models import Branch, BranchTimes
from organization.models.versions import PolicyStatus
from organization.roles import Role
from organization.services import versions
from organization.services.calendar import working_calendar
from organization.services.versions import Change, Standing

SEES_DRAFTS = frozenset({Role.MGT, Role.AUD})
WEEKDAYS = (
    pgettext_lazy("weekday", "Monday"), pgettext_lazy("weekday", "Tuesday"), pgettext_lazy("weekday", "Wednesday"),
    pgettext_lazy("weekday", "Thursday"), pgettext_lazy("weekday", "Friday"), pgettext_lazy("weekday", "Saturday"),
    pgettext_lazy("weekday", "Sunday"),
)  # fmt: skip

MODE_WORDS = {
    Mode.WORKHOURS: pgettext_lazy("mode", "working hours"),
    Mode.WORKDAYS_EOD: pgettext_lazy("mode", "working days, until closing time"),
    Mode.SAME_DAY: pgettext_lazy("mode", "the same day, by the branch's cut-off"),
    Mode.NEXT_DAY_NOON: pgettext_lazy("mode", "noon of the next working day"),
    Mode.CALENDAR_DAYS: pgettext_lazy("mode", "calendar days"),
    Mode.CLOCK_HOURS: pgettext_lazy("mode", "hours by the wall clock"),
    Mode.MONTH_DAY: pgettext_lazy("mode", "day of the next month"),
}

V = TypeVar("V", ClockPolicy, BranchTimes)


@dataclass(frozen=True, slots=True)
class VersionOf(Generic[V]):
    """A version and the one that it follows, or would follow."""

    row: V
    before: V | None
    standing: Standing

    @property
    def terms(self) -> list[Change]:
        before = dict(_said(self.before)) if self.before else {}
        return [Change(what, before.get(what, ""), said) for what, said in _said(self.row)]

    @property
    def title(self) -> str:
        return clock_title(self.row) if isinstance(self.row, ClockPolicy) else self.row.branch.name

    @property
    def is_clock(self) -> bool:
        return isinstance(self.row, ClockPolicy)


VARIANTS: dict[str, Any] = {
    **{party.value: party.label for party in Party},
    "REPLIED": pgettext_lazy("variant", "answered"),
    "COMPLEX": pgettext_lazy("variant", "complex"),
    "EXTENSION": pgettext_lazy("variant", "more time"),
}


def clock_title(row: ClockPolicy) -> str:
    """What a policy is about: the clock, and where it has several, which of them."""
    title = str(Clock(row.kind).label)
    return f"{title}（{VARIANTS.get(row.variant, row.variant)}）" if row.variant else title


def limit_words(row: ClockPolicy) -> str:
    """A limit as people say it."""
    n = {"n": row.amount}
    match Mode(row.mode):
        case Mode.WORKHOURS:
            return _("%(n)s working hours") % n
        case Mode.WORKDAYS_EOD:
            return _("%(n)s working days, by closing time (T+%(n)s)") % n
        case Mode.SAME_DAY:
            return _("on the same day by 20:00, if taken in by the cut-off")
        case Mode.NEXT_DAY_NOON:
            return _("by 12:00 of the next working day")
        case Mode.CALENDAR_DAYS:
            return _("%(n)s calendar days") % n
        case Mode.CLOCK_HOURS:
            return _("%(n)s hours by the wall clock") % n
        case Mode.MONTH_DAY:
            return _("by day %(n)s of the next month, or the last working day before") % n


def _said(row: ClockPolicy | BranchTimes) -> list[tuple[str, str]]:
    if isinstance(row, ClockPolicy):
        warning = _("at %(percent)s%% of the limit") % {"percent": row.warn_percent}
        if row.warn_at_day is not None:
            warning = _("at day %(day)s") % {"day": row.warn_at_day}
        elif row.mode == Mode.SAME_DAY:
            warning = _("60 minutes before the cut-off")
        pauses = [str(PauseReason(reason).label) for reason in PauseReason.values if reason in row.pauses_for]
        return [
            (_("Limit"), limit_words(row)),
            (_("Warning"), warning),
            (_("Stands still for"), "、".join(pauses) or _("nothing")),
            (_("Answered by"), str(Role(row.answered_by).label) if row.answered_by else "—"),
            (_("Basis"), row.source or "—"),
        ]
    by_weekday = [f"{WEEKDAYS[int(day)]} {cut_off}" for day, cut_off in sorted(row.cut_offs.items())]
    return [
        (_("Opening hours"), f"{row.opens_at:%H:%M}–{row.closes_at:%H:%M}"),
        (_("Cut-off of the day's bag"), f"{row.cut_off:%H:%M}"),
        (_("Other cut-offs"), "、".join(by_weekday) or _("none")),
        (_("Cash truck"), f"{row.truck_at:%H:%M}"),
    ]


# -- where they stand --------------------------------------------------------------------------------------------------
class Versions(versions.Versions[VersionOf[V]]):
    """The versions of all clocks, or of all branches."""

    def find(self, key: int) -> VersionOf[V] | None:
        return next((version for version in self.all if version.row.pk == key), None)

    def open_to(self, roles: frozenset[str]) -> Versions[V]:
        """Management and audit read everything, everybody else what is approved."""
        if not roles.isdisjoint(SEES_DRAFTS):
            return self
        return Versions(self.at(Standing.IN_FORCE, Standing.AHEAD, Standing.PAST))


def clock_versions(on: date) -> Versions[ClockPolicy]:
    """Every limit as it stands on a day, in the order of the clocks, newest first."""
    place = {kind: number for number, kind in enumerate(Clock.values)}
    rows = ClockPolicy.objects.select_related("drafted_by", "approved_by").order_by("-starts_on", "-pk")
    return Versions(_stood(sorted(rows, key=lambda row: (place[row.kind], row.variant)), "kind", "variant", on=on))


def branch_versions(on: date) -> Versions[BranchTimes]:
    """The times of every branch as they stand on a day, newest first. A branch without a version has the times that
    came with the system, as a version without a key."""
    rows = list(BranchTimes.objects.select_related("branch", "drafted_by", "approved_by").order_by("-starts_on", "-pk"))
    first = [came_with(branch) for branch in Branch.objects.filter(kind=Branch.Kind.BRANCH, is_active=True)]
    every = sorted([*rows, *first], key=lambda row: row.branch.code)
    return Versions(_stood(every, "branch_id", on=on))


def came_with(branch: Branch) -> BranchTimes:
    """What stands with the branch itself; never saved."""
    return BranchTimes(
        branch=branch, starts_on=date.min, status=PolicyStatus.APPROVED, opens_at=branch.opens_at,
        closes_at=branch.closes_at, cut_off=branch.cut_off, truck_at=branch.truck_at,
    )  # fmt: skip


def _stood(rows: Iterable[V], *kind: str, on: date) -> list[VersionOf[V]]:
    rows = list(rows)
    known: dict[tuple[Any, ...], list[V]] = defaultdict(list)
    for row in rows:
        if row.is_approved:
            known[tuple(getattr(row, name) for name in kind)].append(row)
    found = []
    for row in rows:
        same = known[tuple(getattr(row, name) for name in kind)]
        before = _newest(other for other in same if other.starts_on < row.starts_on)
        holds = _newest(other for other in same if other.starts_on <= on)
        found.append(VersionOf(row, before, versions.standing_of(row, holds=row is holds, on=on)))
    return found


def _newest(rows: Iterable[V]) -> V | None:
    return max(rows, key=lambda row: row.starts_on, default=None)


# -- what a draft would do ---------------------------------------------------------------------------------------------
def moves_of(row: ClockPolicy | BranchTimes, *, at: datetime) -> Moves:
    """The clocks that run now, as if they had been measured by a version from their start. The version itself moves
    none of them: they keep the one that they started under (rule K8)."""
    clocks = CaseClock.objects.filter(stopped_at=None)
    if isinstance(row, ClockPolicy):
        found = Ruler(working_calendar(), limit=row.limit).measure(
            clocks.filter(kind=row.kind, policy__variant=row.variant)
        )
    else:
        here = Q(application__host_confirmed_at=None, application__branch=row.branch_id)
        here |= Q(application__host_confirmed_at__isnull=False, application__host_branch=row.branch_id)
        found = Ruler(working_calendar(), hours=row.hours).measure(clocks.filter(here, kind__in=BY_THE_BRANCH))
    return Moves.of(found, at=at)


BY_DUE = Keyset("due_at", "id")
SHOWN = ("moved", "overdue", "relieved")


def clocks_of(moves: Moves, show: str, asked: Mapping[str, Any], *, size: int) -> QuerySet[CaseClock]:
    """Of the clocks behind one of the figures those that one page in the order ``BY_DUE`` can hold, with all that a
    line shows: the keys of all of them never leave this process."""
    order = sorted((one.run.due_at, one.run.pk) for one in getattr(moves, show))
    if after := asked.get("after"):
        order = order[bisect_right(order, BY_DUE.seen(after, model=CaseClock)) :][: size + 1]
    elif before := asked.get("before"):
        order = order[: bisect_left(order, BY_DUE.seen(before, model=CaseClock))][-size - 1 :]
    return CaseClock.objects.filter(pk__in=[pk for _due, pk in order[: size + 1]]).select_related(
        "application__product", "application__branch", "owner", "owner_branch"
    )

"""New limits of clocks and new times of branches: drafted by one of the management, approved by a second, in force from
a day ahead. Cases that have been taken in keep the version of their day (rule K8)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

from django.db import transaction
from django.utils.translation import gettext as _

from applications.lifecycle import CLOCK_OWNER, Clock, PauseReason
from applications.models import ClockPolicy
from applications.services.clocks import BY_THE_BRANCH, policy_for
from ops_center.kernel.errors import Malformed
from ops_center.kernel.worktime import Mode
from organization.models import Branch, BranchTimes, Employee
from organization.roles import Role
from organization.services import versions
from organization.services.audit import record
from organization.services.revisions import bump

# What a limit can be at most in each mode, in the mode's own unit; 0 where the mode knows no figure.
LARGEST = {
    Mode.WORKHOURS: 90,
    Mode.WORKDAYS_EOD: 30,
    Mode.SAME_DAY: 0,
    Mode.NEXT_DAY_NOON: 0,
    Mode.CALENDAR_DAYS: 180,
    Mode.CLOCK_HOURS: 240,
    Mode.MONTH_DAY: 28,
}
# What a regulation has laid down may be made shorter, never longer.
REGULATED = {
    (Clock.COMPLAINT_REPLY, ""): (Mode.CLOCK_HOURS, 24),
    (Clock.COMPLAINT_CLOSE, ""): (Mode.CALENDAR_DAYS, 15),
    (Clock.COMPLAINT_CLOSE, "COMPLEX"): (Mode.CALENDAR_DAYS, 30),
    (Clock.COMPLAINT_CLOSE, "EXTENSION"): (Mode.CALENDAR_DAYS, 30),
}
WARN_PERCENT = (10, 95)
# Who can answer for a clock: everybody who works on cases, their money or their complaints.
OWNERS = frozenset({*CLOCK_OWNER.values(), Role.BH, Role.BAG, Role.ER, Role.SUP, Role.CPL})
EARLIEST, LATEST = time(6), time(20)  # of a branch's day; at 20:00 what came in by the cut-off has to be on the road


@dataclass(frozen=True, slots=True)
class Terms:
    """What a policy says about its clock. ``amount`` is in the unit of the mode, the warning in per cent of the limit
    or at a full day after the start."""

    mode: Mode
    amount: int
    warn_percent: int
    warn_at_day: int | None
    pauses_for: Collection[str]
    owner_role: str


# -- limits of clocks --------------------------------------------------------------------------------------------------
@transaction.atomic
def draft_clock_policy(
    *, kind: str, variant: str = "", terms: Terms, starts_on: date, note: str, source: str = "", actor: Employee,
    at: datetime,
) -> ClockPolicy:  # fmt: skip
    """A new limit of a clock from a day on. Malformed for a day that is not ahead, a clock that does not exist, or a
    figure beyond what it can be; ``errors`` names the field."""
    versions.require_management(actor, at=at)
    versions.require_ahead(starts_on, at=at)
    before = _followed(kind, variant, starts_on)
    require_sensible(kind, variant, terms)
    policy = ClockPolicy.objects.create(
        kind=kind, variant=variant, starts_on=starts_on, mode=terms.mode.value, amount=terms.amount,
        warn_percent=terms.warn_percent, warn_at_day=terms.warn_at_day, pauses_for=sorted(set(terms.pauses_for)),
        owner_role=terms.owner_role, has_money=before.has_money, source=source.strip(),
        note=versions.require_note(note), drafted_by=actor, drafted_at=at,
    )  # fmt: skip
    record(
        action="draft_clockpolicy", at=at, actor=actor, subject=f"{policy}", starts_on=starts_on.isoformat(),
        mode=terms.mode, amount=terms.amount,
    )  # fmt: skip
    return policy


@transaction.atomic
def approve_clock_policy(*, policy: int, actor: Employee, at: datetime) -> ClockPolicy:
    """Puts a drafted limit in force from its day on; by a second person of the management."""
    row = versions.approve(ClockPolicy, pk=policy, actor=actor, at=at)
    bump("clock-policies")
    return row


def discard_clock_policy(*, policy: int, actor: Employee, at: datetime) -> ClockPolicy:
    """Takes a draft off the table; by anyone of the management, the drafter included."""
    return versions.discard(ClockPolicy, pk=policy, actor=actor, at=at)


def require_sensible(kind: str, variant: str, terms: Terms) -> None:
    """Malformed, with a sentence per field, for what no clock can be."""
    most, wrong = LARGEST[terms.mode], {}
    if terms.mode is Mode.SAME_DAY and kind not in BY_THE_BRANCH:
        wrong["mode"] = _("Only the dispatch of the day runs by a branch's cut-off. Choose another measure.")
    if not most and terms.amount:
        wrong["amount"] = _("This measure has no figure: leave it at 0.")
    elif most and not 1 <= terms.amount <= most:
        wrong["amount"] = _("Between %(least)s and %(most)s.") % {"least": 1, "most": most}
    mode, longest = REGULATED.get((Clock(kind), variant), (terms.mode, terms.amount))
    if terms.mode is not mode or terms.amount > longest:
        wrong["amount"] = _("The regulation allows %(most)s at most, by the same measure.") % {"most": longest}
    least, largest = WARN_PERCENT
    if not least <= terms.warn_percent <= largest:
        wrong["warn_percent"] = _("Between %(least)s and %(most)s.") % {"least": least, "most": largest}
    if terms.warn_at_day is not None and not (
        terms.mode is Mode.CALENDAR_DAYS and 1 <= terms.warn_at_day < terms.amount
    ):
        wrong["warn_at_day"] = _("A full day after the start and before the end, of limits in calendar days only.")
    if not set(terms.pauses_for) <= set(PauseReason.values):
        wrong["pauses_for"] = _("A clock stands still for these reasons only. Choose from the list.")
    if terms.owner_role and terms.owner_role not in OWNERS:
        wrong["owner_role"] = _("This role works on no case: it cannot answer for a clock.")
    if wrong:
        raise Malformed("beyond_limits", " ".join(dict.fromkeys(wrong.values())), wrong)


def _followed(kind: str, variant: str, starts_on: date) -> ClockPolicy:
    """The version before. Malformed when there is no such clock."""
    try:
        before = policy_for(kind, on=starts_on, variant=variant)
    except LookupError:
        before = None
    if before is None or before.variant != variant:
        sentence = _("There is no such clock. Choose one of the list.")
        raise Malformed("no_such_clock", sentence, {"kind": sentence})
    return before


# -- times of branches -------------------------------------------------------------------------------------------------
@transaction.atomic
def draft_branch_times(
    *,
    branch: Branch,
    opens_at: time,
    closes_at: time,
    cut_off: time,
    truck_at: time,
    starts_on: date,
    note: str,
    actor: Employee,
    at: datetime,
    cut_offs: Mapping[int, time] | None = None,
) -> BranchTimes:
    """New times of a branch from a day on; ``cut_offs`` by weekday (Monday is 0) where they differ. Malformed as
    ``draft_clock_policy``."""
    versions.require_management(actor, at=at)
    versions.require_ahead(starts_on, at=at)
    if branch.kind != Branch.Kind.BRANCH or not branch.is_active:
        sentence = _("Only an active branch has a bag and a truck. Choose one of the list.")
        raise Malformed("no_such_branch", sentence, {"branch": sentence})
    by_weekday = {day: one for day, one in sorted((cut_offs or {}).items()) if one != cut_off}
    _require_a_day(opens_at, closes_at, cut_off, truck_at, by_weekday)
    times = BranchTimes.objects.create(
        branch=branch, opens_at=opens_at, closes_at=closes_at, cut_off=cut_off, truck_at=truck_at,
        cut_offs={str(day): f"{one:%H:%M}" for day, one in by_weekday.items()}, starts_on=starts_on,
        note=versions.require_note(note), drafted_by=actor, drafted_at=at,
    )  # fmt: skip
    record(
        action="draft_branchtimes", at=at, actor=actor, subject=f"{times}", starts_on=starts_on.isoformat(),
        cut_off=f"{cut_off:%H:%M}",
    )  # fmt: skip
    return times


@transaction.atomic
def approve_branch_times(*, times: int, actor: Employee, at: datetime) -> BranchTimes:
    """Puts drafted times in force from their day on; by a second person of the management."""
    row = versions.approve(BranchTimes, pk=times, actor=actor, at=at)
    bump("branch-times")
    return row


def discard_branch_times(*, times: int, actor: Employee, at: datetime) -> BranchTimes:
    """Takes a draft off the table; by anyone of the management, the drafter included."""
    return versions.discard(BranchTimes, pk=times, actor=actor, at=at)


def _require_a_day(
    opens_at: time, closes_at: time, cut_off: time, truck_at: time, by_weekday: Mapping[int, time]
) -> None:
    """Malformed unless the times follow each other: open, cut-off, truck, and all of it in the daytime."""
    wrong = {}
    named = {"opens_at": opens_at, "closes_at": closes_at, "cut_off": cut_off, "truck_at": truck_at}
    for field, one in [*named.items(), *(("cut_offs", one) for one in by_weekday.values())]:
        if one != one.replace(second=0, microsecond=0):
            wrong[field] = _("The times of a branch are whole minutes.")
    if not EARLIEST <= opens_at < closes_at <= LATEST:
        wrong["closes_at"] = _("A branch opens before it closes, between 06:00 and 20:00.")
    if not opens_at < cut_off <= truck_at:
        wrong["cut_off"] = _("The bag closes after the branch opens and before the truck comes.")
    if any(not opens_at < one <= truck_at for one in by_weekday.values()):
        wrong["cut_offs"] = _("On each weekday the bag closes after the branch opens and before the truck comes.")
    if not set(by_weekday) <= set(range(7)):
        wrong["cut_offs"] = _("A week has seven days, from Monday (0) to Sunday (6).")
    if truck_at > LATEST:
        wrong["truck_at"] = _("The truck comes by 20:00: until then the files of the day have to be on the road.")
    if wrong:
        raise Malformed("beyond_limits", " ".join(dict.fromkeys(wrong.values())), wrong)

"""The clocks of a case: started once with a stored deadline, paused and resumed, stopped with an outcome. What a run
does from when to when stands in its intervals, one row each.

Called by the engine inside the transaction of a step, with the case's row locked; the floors above use ``turn_clocks``
and ``restart_clocks`` for the clocks that are theirs (REGISTER, CERTIFY, PAY).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet

from applications.lifecycle import CHARTER, FINISHED, Clock, Outcome
from applications.models import Application, CaseClock, ClockInterval, ClockPolicy
from applications.services.intervals import end_intervals, measure_again, minutes_run, mode_of, open_intervals
from ops_center.clock import local_day
from ops_center.kernel.worktime import Deadline, Hours, deadline, minutes_between, resume
from organization.models import Branch, Employee
from organization.models.versions import PolicyStatus
from organization.roles import Role
from organization.services.calendar import OpeningTimes, opening_times, working_calendar
from organization.services.revisions import revision

CENTER_HOURS = Hours()
PERSONAL_MINUTES = 120  # ASM-19: personal responsibility only if claimed with at least two working hours left
BY_THE_BRANCH = frozenset({Clock.DISPATCH})  # clocks that run by the hours and the cut-off of a branch
FROM_THE_REFERRAL = frozenset({Clock.REF_ACCEPT, Clock.REF_CONTACT})

_policies: dict[str, tuple[int, list[ClockPolicy]]] = {}


def policy_for(kind: str, *, on: date, variant: str = "") -> ClockPolicy:
    """The policy of a clock on a day; ``LookupError`` when the bank has none."""
    current = revision("clock-policies")
    held = _policies.get("all")
    if held is None or held[0] != current or not held[1]:
        held = _policies["all"] = (
            current,
            list(ClockPolicy.objects.filter(status=PolicyStatus.APPROVED).order_by("-starts_on")),
        )
    for policy in held[1]:
        if policy.kind == kind and policy.variant == variant and policy.starts_on <= on:
            return policy
    if variant:
        return policy_for(kind, on=on)
    raise LookupError(f"no policy for {kind} on {on}")


def hours_of(kind: str, branch: Branch | None, *, on: date, times: OpeningTimes | None = None) -> Hours:
    """By whose hours a clock runs, in the version of a day; ``times``: already read, for jobs over many cases."""
    if branch is None or kind not in BY_THE_BRANCH:
        return CENTER_HOURS
    return (times or opening_times()).hours(branch, on=on)


def day_of_rules(case: Application, kind: str, *, at: datetime) -> date:
    """The day whose versions a clock of the case runs by (rule K8): of the referral, or of the intake; of the start for
    what has neither yet."""
    if kind in FROM_THE_REFERRAL:
        return local_day(case.referred_at or at)
    return case.priced_on or local_day(at)


def deadline_for(
    kind: str, *, start: datetime, branch: Branch | None = None, on: date | None = None, variant: str = ""
) -> Deadline:
    """When a clock that starts then is due, why, and when it warns. ``on`` picks the versions."""
    day = on or local_day(start)
    policy = policy_for(kind, on=day, variant=variant)
    return deadline(start, policy.limit, working_calendar(), hours_of(kind, branch, on=day))


# -- the clocks of one case -------------------------------------------------------------------------------------------
class Ticking:
    """The clocks of one locked case that have not stopped, and what a step does to them."""

    def __init__(self, case: Application, *, at: datetime) -> None:
        self.case = case
        self.at = at
        self.clocks: list[CaseClock] = (
            list(CaseClock.objects.filter(application=case, stopped_at=None).select_related("policy"))
            if case.event_count
            else []
        )

    def _hours(self, kind: str) -> Hours:
        """By the branch that has the paper, for the clocks that run by a branch's hours."""
        case = self.case
        branch = case.host_branch if case.host_confirmed_at else case.branch
        return hours_of(kind, branch, on=day_of_rules(case, kind, at=self.at))

    def find(self, kind: str) -> CaseClock | None:
        return next((clock for clock in self.clocks if clock.kind == kind), None)

    def start(
        self,
        kind: str,
        *,
        variant: str = "",
        owner: Employee | None = None,
        owner_branch: Branch | None = None,
        owner_role: str = "",
    ) -> CaseClock:
        """Starts the next run of a clock; ``due_at`` and its explanation are computed once, here."""
        case, at = self.case, self.at
        policy = policy_for(kind, on=day_of_rules(case, kind, at=at), variant=variant)
        due = deadline(at, policy.limit, working_calendar(), self._hours(kind))
        runs = (
            CaseClock.objects.filter(application=case, kind=kind, round=case.round).count() if case.event_count else 0
        )
        clock = _begun(case, kind, run=runs + 1, policy=policy, due=due, at=at)
        clock.owner, clock.owned_since = owner, at if owner else None
        clock.owner_branch, clock.owner_role = owner_branch, owner_role or policy.answered_by
        clock.save(force_insert=True)
        self.clocks.append(clock)
        open_intervals([clock], at=at)
        return clock

    def stop(self, kind: str, *, outcome: Outcome | None = None) -> CaseClock | None:
        """Stops a clock if it runs; without an outcome it is judged: on time when stopped at or before its due time."""
        clock = self.find(kind)
        if clock is None:
            return None
        clock.outcome = outcome or judge(clock, at=clock.paused_at or self.at)
        clock.stopped_at = self.at
        self._end_interval(clock)
        clock.paused_at = None
        clock.save(update_fields=["outcome", "stopped_at", "paused_at"])
        self.clocks.remove(clock)
        return clock

    def stop_all(self, kinds: Iterable[str], *, outcome: Outcome | None = None) -> None:
        for kind in kinds:
            self.stop(kind, outcome=outcome)

    def void(self, kinds: Iterable[str] | None) -> None:
        """Ends clocks without a verdict; ``None`` means all that have not stopped."""
        self.stop_all([clock.kind for clock in self.clocks] if kinds is None else kinds, outcome=Outcome.VOID)

    def pause(self, *, reason: str) -> None:
        """Pauses what runs and whose policy lets this reason stop it (rule K4); what starts afterwards, such as the
        problem's own clocks, runs."""
        for clock in self.clocks:
            if clock.is_running and (clock.policy is None or reason in clock.policy.pauses_for):
                self._end_interval(clock)
                clock.paused_at = self.at
                clock.save(update_fields=["paused_at"])
                hours = self._hours(clock.kind)
                left = minutes_between(self.at, clock.due_at, mode_of(clock), working_calendar(), hours)
                ClockInterval.objects.create(
                    clock=clock, since=self.at, pause=reason, minutes_left=left, due_before=clock.due_at
                )

    def resume(self) -> None:
        """Resumes what is paused with the working minutes that were left (rule K5)."""
        calendar = working_calendar()
        for clock in self.clocks:
            if clock.paused_at is None:
                continue
            mode, hours = mode_of(clock), self._hours(clock.kind)
            clock.warn_at, _left = resume(clock.warn_at, clock.paused_at, self.at, mode, calendar, hours)
            clock.due_at, _left = resume(clock.due_at, clock.paused_at, self.at, mode, calendar, hours)
            self._end_interval(clock)
            clock.paused_at = None
            clock.save(update_fields=["warn_at", "due_at", "paused_at"])
            open_intervals([clock], at=self.at)

    def correct(self, stamp: str, *, old: datetime, new: datetime) -> None:
        """A corrected stamp (T42): the clocks that its step started or stopped are computed and judged again. What the
        explanation of a delay has settled, and what was paused, stays."""
        steps = [rule for rule in CHARTER if stamp in rule.stamps]
        starts, stops = ({kind for rule in steps for kind in getattr(rule, side)} for side in ("starts", "stops"))
        clocks = CaseClock.objects.filter(application=self.case).select_related("policy")
        for clock in clocks.filter(kind__in=starts, started_at=old):
            if clock.policy is None or clock.intervals.exclude(pause="").exists():
                continue
            due = deadline(new, clock.policy.limit, working_calendar(), self._hours(clock.kind))
            clock.owned_since = new if clock.owned_since == old else clock.owned_since
            clock.started_at, clock.due_at, clock.warn_at = new, due.due_at, due.warn_at
            clock.explanation = due.as_json()
            _judge_again(clock)
            measure_again({clock.pk: (clock, self._hours(clock.kind))})
        for clock in clocks.filter(kind__in=stops, stopped_at=old):
            clock.stopped_at = new
            _judge_again(clock)
            measure_again({clock.pk: (clock, self._hours(clock.kind))})
        self.clocks = list(clocks.filter(stopped_at=None))

    def give_to(
        self,
        kind: str,
        *,
        owner: Employee | None,
        owner_branch: Branch | None = None,
        since: datetime | None = None,
    ) -> None:
        """Names who answers for a clock from now on; the same person keeps the older date, and who had the work before
        (``since``) has it from then on: giving back and claiming again takes nobody out of the responsibility."""
        clock = self.find(kind)
        if clock is None:
            return
        if owner is None or clock.owner_id != owner.pk:
            clock.owned_since = (since or self.at) if owner else None
        clock.owner = owner
        clock.owner_branch = owner_branch
        clock.save(update_fields=["owner", "owned_since", "owner_branch"])

    def _end_interval(self, clock: CaseClock) -> None:
        minutes = minutes_run(clock, until=self.at, hours=self._hours(clock.kind), calendar=working_calendar())
        end_intervals({clock.pk: minutes}, at=self.at)

    def settle(self) -> None:
        """Writes the earliest running deadline onto the case: what queues and lists order by."""
        running = [clock for clock in self.clocks if clock.is_running] if self.case.state not in FINISHED else []
        first = min(running, key=lambda clock: clock.due_at, default=None)
        self.case.due_at = first.due_at if first else None
        self.case.warn_at = min((clock.warn_at for clock in running), default=None)
        self.case.due_clock = first.kind if first else ""


def judge(clock: CaseClock, *, at: datetime) -> Outcome:
    """How a clock that stops at ``at`` ends: domain section 5, before any explanation."""
    if at <= clock.due_at:
        return Outcome.ON_TIME
    if clock.exempt_until is not None and at <= clock.exempt_until:
        return Outcome.EXEMPT
    if clock.policy is None or not clock.policy.has_money:
        return Outcome.LATE
    return Outcome.LATE_PENDING if is_personal(clock) else Outcome.LATE_QUEUE


def is_personal(clock: CaseClock) -> bool:
    """Somebody had taken the work with at least two working hours left (ASM-19)."""
    if clock.owner_id is None or clock.owned_since is None:
        return False
    if clock.owned_since <= clock.started_at:
        return True
    left = working_calendar().working_minutes(clock.owned_since, clock.due_at, CENTER_HOURS)
    return left >= PERSONAL_MINUTES


def turn_clocks(cases: Sequence[Application], *, at: datetime, stops: str, starts: str = "") -> set[int]:
    """For acts over many locked cases: stops a clock where it runs, and for these cases starts the next. Returns the
    keys of the cases whose clock stopped."""
    by_key = {case.pk: case for case in cases}
    stopped = list(
        CaseClock.objects.filter(application__in=by_key, kind=stops, stopped_at=None).select_related("policy")
    )
    by_outcome: dict[Outcome, list[int]] = {}
    for clock in stopped:
        by_outcome.setdefault(judge(clock, at=clock.paused_at or at), []).append(clock.pk)
    for outcome, keys in by_outcome.items():
        CaseClock.objects.filter(pk__in=keys).update(outcome=outcome, stopped_at=at, paused_at=None)
    calendar = working_calendar()
    ran = {clock.pk: minutes_run(clock, until=at, hours=CENTER_HOURS, calendar=calendar) for clock in stopped}
    end_intervals(ran, at=at)
    turned = {clock.application_id for clock in stopped}
    if starts:
        _start_for_each([by_key[key] for key in sorted(turned)], starts, at=at)
    return turned


def restart_clocks(cases: Sequence[Application], kind: str, *, at: datetime) -> None:
    """The next run of a clock for each of these locked cases; one that still runs ends with its verdict first."""
    turn_clocks(cases, at=at, stops=kind)
    _start_for_each(cases, kind, at=at)


def _start_for_each(cases: Sequence[Application], kind: str, *, at: datetime) -> None:
    earlier = CaseClock.objects.filter(application__in=cases, kind=kind)
    runs = Counter(earlier.values_list("application_id", "round"))
    days = {day_of_rules(case, kind, at=at) for case in cases}
    policies = {on: policy_for(kind, on=on) for on in days}
    # They start together, so a policy has one deadline.
    dues = {policy.pk: deadline(at, policy.limit, working_calendar(), CENTER_HOURS) for policy in policies.values()}
    clocks = []
    for case in cases:
        policy = policies[day_of_rules(case, kind, at=at)]
        run = runs[case.pk, case.round] + 1
        clocks.append(_begun(case, kind, run=run, policy=policy, due=dues[policy.pk], at=at))
    open_intervals(CaseClock.objects.bulk_create(clocks, batch_size=1000), at=at)


def _begun(
    case: Application, kind: str, *, run: int, policy: ClockPolicy, due: Deadline, at: datetime
) -> CaseClock:  # fmt: skip
    """A run of a clock that nobody in particular answers for yet; not saved."""
    return CaseClock(
        application=case, kind=kind, round=case.round, run=run, policy=policy, started_at=at, due_at=due.due_at,
        warn_at=due.warn_at, owner_role=policy.answered_by, explanation=due.as_json(),
    )  # fmt: skip


JUDGED = (Outcome.ON_TIME, Outcome.LATE, Outcome.LATE_PENDING, Outcome.LATE_QUEUE)


def _judge_again(clock: CaseClock) -> None:
    if clock.stopped_at is not None and clock.outcome in JUDGED:
        clock.outcome = judge(clock, at=clock.stopped_at)
    clock.save(update_fields=["started_at", "owned_since", "due_at", "warn_at", "explanation", "stopped_at", "outcome"])


# How a clock that ends with a return is called; what is nobody's fault stays so.
RETURNED = {
    Outcome.ON_TIME: Outcome.RETURNED_IN_TIME,
    Outcome.LATE: Outcome.RETURNED_LATE,
    Outcome.LATE_PENDING: Outcome.RETURNED_LATE,
}


def judge_again(clocks: QuerySet[CaseClock]) -> None:
    """Of clocks of locked cases that a step has stopped by dates which were not right any more: the verdict by those
    that they have now."""
    for clock in clocks.exclude(outcome=Outcome.VOID).select_related("policy"):
        last = clock.intervals.last()
        verdict = judge(clock, at=last.since if last and last.pause else clock.stopped_at or clock.due_at)
        was_returned = clock.outcome in RETURNED.values()
        clock.outcome = RETURNED.get(verdict, verdict) if was_returned else verdict
        clock.save(update_fields=["outcome"])


def owner_of(kind: str, case: Application, *, performer: Employee | None) -> dict[str, Any]:
    """Who answers for a clock that starts now: a person where one is known, else a role (domain section 4)."""
    match kind:
        case Clock.REF_CONTACT | Clock.SUPPLEMENT:
            return {"owner": case.collector}
        case Clock.DISPATCH:
            if case.host_branch and case.host_confirmed_at:
                return {"owner_branch": case.host_branch, "owner_role": Role.BAG}
            return {"owner": case.collector}
        case Clock.CHECK | Clock.ENTRY if case.is_self_service:
            return {"owner": case.collector, "owner_role": Role.CM}
        case Clock.CONTACT | Clock.COACH | Clock.ACTIVATE if case.is_self_service:
            return {"owner": case.collector, "owner_role": Role.CM}
        case _:
            return {}

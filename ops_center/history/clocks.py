"""The clocks of a case that is told: what applications.services.clocks does one row at a time, kept in memory.

Deadlines, verdicts and owners come from the same functions; here are only the runs. A test compares the two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from applications.lifecycle import FINISHED, Clock, Outcome
from applications.models import ClockPolicy
from applications.services.clocks import day_of_rules, hours_of, judge
from applications.services.deadlines import DeadlineTable, JsonText
from ops_center.kernel.worktime import (
    Hours,
    Mode,
    WorkCalendar,
    minutes_between,
    resume,
)
from organization.models import Branch, Employee
from organization.services.calendar import OpeningTimes


class Deadlines(DeadlineTable):
    """The bank's calendar, policies and times, read once for a whole set, and the deadlines seen so far."""

    def __init__(self, calendar: WorkCalendar, policies: Iterable[ClockPolicy], times: OpeningTimes) -> None:
        super().__init__(calendar)
        self.times = times
        self._policies: dict[tuple[str, str], list[ClockPolicy]] = {}
        for policy in sorted(policies, key=lambda policy: policy.starts_on, reverse=True):
            self._policies.setdefault((policy.kind, policy.variant), []).append(policy)

    def policy(self, kind: str, *, on: date, variant: str = "") -> ClockPolicy:
        for policy in self._policies.get((kind, variant), ()):
            if policy.starts_on <= on:
                return policy
        if variant:
            return self.policy(kind, on=on)
        raise LookupError(f"no policy for {kind} on {on}")

    def measured(self, clock: PastClock) -> Iterator[dict[str, Any]]:
        """The intervals of a run with their minutes, as applications.services.intervals measures them."""
        mode, done = Mode(clock.policy.mode), 0
        for row in clock.intervals:
            if row["until"] is not None:
                total = minutes_between(clock.started_at, row["until"], mode, self.calendar, clock.hours)
                row["minutes"], done = total - done, total
            yield row


NOT_YET = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True, eq=False)
class PastClock:
    """One run of one clock; the names are those of CaseClock."""

    kind: str
    round: int
    run: int
    policy: ClockPolicy
    hours: Hours
    started_at: datetime
    owner: Employee | None
    owned_since: datetime | None
    owner_branch: Branch | None
    owner_role: str
    due_at: datetime = NOT_YET  # reckoned when it is first asked: runs that are dropped never are
    warn_at: datetime = NOT_YET
    explanation: JsonText | None = None
    stopped_at: datetime | None = None
    paused_at: datetime | None = None
    exempt_until: datetime | None = None
    outcome: str = ""
    intervals: list[dict[str, Any]] = field(default_factory=list)  # the columns of ClockInterval

    @property
    def owner_id(self) -> int | None:
        return self.owner.pk if self.owner else None

    def go_on(self, at: datetime, **pause: Any) -> None:
        """The next interval begins where the last one ends."""
        if self.intervals:
            self.intervals[-1]["until"] = at
        blank = {"since": at, "until": None, "pause": "", "minutes": None, "minutes_left": None, "due_before": None}
        self.intervals.append(blank | pause)


class PastTicking:
    """The clocks of one case while it is told: the verbs of applications.services.clocks.Ticking."""

    def __init__(self, case: Any, deadlines: Deadlines) -> None:
        self.case = case
        self.deadlines = deadlines
        self.clocks: list[PastClock] = []  # all of them, in the order of their starts
        self.open: dict[str, PastClock] = {}  # those that have not stopped
        self._runs: Counter[tuple[str, int]] = Counter()

    def start(
        self,
        kind: str,
        *,
        at: datetime,
        variant: str = "",
        owner: Employee | None = None,
        owner_branch: Branch | None = None,
        owner_role: str = "",
    ) -> None:
        case = self.case
        day = day_of_rules(case, kind, at=at)
        policy = self.deadlines.policy(kind, on=day, variant=variant)
        branch = owner_branch or (case.host_branch if case.host_confirmed_at else case.branch)
        self._runs[kind, case.round] += 1
        clock = PastClock(
            kind=kind,
            round=case.round,
            run=self._runs[kind, case.round],
            policy=policy,
            hours=hours_of(kind, branch, on=day, times=self.deadlines.times),
            started_at=at,
            owner=owner,
            owned_since=at if owner else None,
            owner_branch=owner_branch,
            owner_role=owner_role or policy.answered_by,
        )
        clock.go_on(at)
        self.clocks.append(clock)
        self.open[kind] = clock

    def reckon(self, clock: PastClock) -> PastClock:
        """The clock with its deadline."""
        if clock.due_at is NOT_YET:
            asked = (clock.policy.limit, clock.hours)
            clock.due_at, clock.warn_at = self.deadlines.due(clock.started_at, *asked)
            clock.explanation = self.deadlines.explain(clock.started_at, clock.due_at, clock.warn_at, *asked)
        return clock

    def stop(self, kind: str, *, at: datetime, outcome: str | None = None) -> None:
        clock = self.open.pop(kind, None)
        if clock is None:
            return
        clock.outcome = outcome or self._verdict(self.reckon(clock), at=clock.paused_at or at)
        clock.stopped_at, clock.paused_at = at, None
        clock.intervals[-1]["until"] = at

    def returned(self, *, at: datetime) -> dict[str, str]:
        """The verdicts of a return: in time or late, as problems.return_case judges them."""
        verdicts: dict[str, str] = {}
        for kind in (Clock.CHECK, Clock.ENTRY):
            clock = self.open.get(kind)
            if clock is not None:
                in_time = (clock.paused_at or at) <= self.reckon(clock).due_at
                verdicts[kind] = Outcome.RETURNED_IN_TIME if in_time else Outcome.RETURNED_LATE
        return verdicts

    def void(self, kinds: Iterable[str] | None, *, at: datetime) -> None:
        for kind in list(self.open) if kinds is None else kinds:
            self.stop(kind, at=at, outcome=Outcome.VOID)

    def forget(self, kind: str) -> None:
        """Drops a run whose end the old records do not know: nobody can judge it."""
        clock = self.open.pop(kind, None)
        if clock is not None:
            self.clocks.remove(clock)
            self._runs[kind, clock.round] -= 1

    def pause(self, *, at: datetime, reason: str) -> None:
        for clock in map(self.reckon, self.open.values()):
            if clock.paused_at is None and reason in clock.policy.pauses_for:
                clock.paused_at = at
                left = minutes_between(at, clock.due_at, Mode(clock.policy.mode), self.deadlines.calendar, clock.hours)
                clock.go_on(at, pause=reason, minutes_left=left, due_before=clock.due_at)

    def resume(self, *, at: datetime) -> None:
        calendar = self.deadlines.calendar
        for clock in self.open.values():
            if clock.paused_at is None:
                continue
            mode, hours = Mode(clock.policy.mode), clock.hours
            clock.warn_at, _left = resume(clock.warn_at, clock.paused_at, at, mode, calendar, hours)
            clock.due_at, _left = resume(clock.due_at, clock.paused_at, at, mode, calendar, hours)
            clock.paused_at = None
            clock.go_on(at)

    def give_to(self, kind: str, *, at: datetime, owner: Employee | None, owner_branch: Branch | None = None) -> None:
        clock = self.open.get(kind)
        if clock is None:
            return
        if owner is None or clock.owner_id != owner.pk:
            clock.owned_since = at if owner else None
        clock.owner, clock.owner_branch = owner, owner_branch

    def settle(self) -> None:
        """At the end of the story: every run has its deadline, and the case the earliest of those that run."""
        case = self.case
        for clock in self.clocks:
            self.reckon(clock)
        running = [clock for clock in self.open.values() if clock.paused_at is None]
        if case.state in FINISHED or not running:
            case.due_at, case.warn_at, case.due_clock = None, None, ""
            return
        first = min(running, key=lambda clock: clock.due_at)
        case.due_at, case.due_clock = first.due_at, first.kind
        case.warn_at = min(clock.warn_at for clock in running)

    def _verdict(self, clock: PastClock, *, at: datetime) -> str:
        """As the services judge. An imported case was settled long ago: late is late, nobody is asked to explain."""
        if self.case.is_imported:
            return Outcome.ON_TIME if at <= clock.due_at else Outcome.LATE
        return judge(clock, at=at)  # type: ignore[arg-type]  # it asks only what both kinds of row have

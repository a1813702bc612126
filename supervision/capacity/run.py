"""One run of the center as a discrete-event simulation, and many of them put together.

A case that comes to a queue lies there for a while although hands are free (what history shows beyond queueing), then
waits for a free person who takes from that queue, earliest deadline first, is worked on, and goes on. Every case draws
from a generator of its own, so that two plans with the same seed differ by the plans and by nothing else.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any

import simpy

from supervision.capacity.model import (
    CLOCK_QUEUES,
    FILED,
    LEFT,
    PROBLEM,
    STARTS,
    Arrival,
    Minutes,
    Model,
    Person,
    Plan,
    Stay,
)

MOST_VISITS = 1_500_000  # of all replications together: about two minutes of work
FEWEST = 20  # replications that still make a band
NEVER = float("inf")
ENOUGH = 30  # stays that say how it goes on with what has lain so long
_SPREAD = 1_000_003  # a prime: keeps the generators of neighbouring replications apart


@dataclass(slots=True)
class Replication:
    """What happened in one run. Days are numbers of the axis; pairs are (day, queue)."""

    came: int = 0  # into the center, those that lay there at the start included
    ended: int = 0  # filed, or left by another door
    open: int = 0  # still there at the end
    done: Counter[tuple[int, str]] = field(default_factory=Counter)
    breaches: Counter[tuple[int, str]] = field(default_factory=Counter)
    times: defaultdict[str, list[Minutes]] = field(default_factory=lambda: defaultdict(list))  # in the queue, with work
    queued: defaultdict[str, Minutes] = field(default_factory=lambda: defaultdict(float))  # waited for hands, together
    busy: defaultdict[tuple[str, str], Minutes] = field(default_factory=lambda: defaultdict(float))  # person, queue

    @property
    def late(self) -> int:
        return self.breaches.total()


class _Case:
    """A case on its way, and the clocks that run for it."""

    __slots__ = ("due", "key", "queue", "rng", "trail")

    def __init__(self, arrival: Arrival, seed: int) -> None:
        self.key, self.queue = arrival.key, arrival.queue
        self.due = dict(arrival.due)
        self.rng = Random(seed * _SPREAD + arrival.key)
        self.trail: list[tuple[Minutes, str]] = [(-1, arrival.queue)]

    @property
    def first_due(self) -> Minutes:
        return min(self.due.values(), default=NEVER)

    def stood_in(self, at: Minutes) -> str:
        return self.trail[bisect_right(self.trail, at, key=lambda entry: entry[0]) - 1][1]


class _Center:
    """The desks: who is free, and what waits in each queue."""

    def __init__(self, model: Model, plan: Plan, seed: int) -> None:
        self.model, self.plan, self.seed = model, plan, seed
        self.env: Any = simpy.Environment(initial_time=plan.start)
        self.found = Replication()
        self.waiting: defaultdict[str, list[tuple[Minutes, int, Any]]] = defaultdict(list)
        self.turn = count()
        self.free: dict[str, Minutes] = {person.name: -1 for person in plan.people}  # name → since when
        self.running: dict[int, _Case] = {}
        self.lies = {queue: [stay.lies for stay in stays] for queue, stays in model.stays.items()}
        self.loans = {(loan.person, loan.day): loan for loan in plan.loans}

    def run(self) -> Replication:
        for arrival in self.plan.there:
            self._begin(arrival)
        self.env.process(self._doors())
        self.env.process(self._openings())
        self.env.run(until=self.plan.end)
        for case in self.running.values():
            for kind in list(case.due):
                self._settle(case, kind, stopped=NEVER)
        self.found.open = len(self.running)
        return self.found

    # -- what comes ----------------------------------------------------------------------------------------------------
    def _doors(self) -> Iterator[Any]:
        for arrival in self._arrivals():
            yield self.env.timeout(max(arrival.at - self.env.now, 0))
            self._begin(arrival)

    def _arrivals(self) -> Iterator[Arrival]:
        """Known ones as they were; else whole days as they have been, of the same weekday, thinned or doubled."""
        if self.plan.arrivals is not None:
            yield from self.plan.arrivals
            return
        plan, rng, keys = self.plan, Random(self.seed), count(1_000_000)
        for day in plan.days:
            begins = day * plan.axis.length
            kind = self.model.days.get(plan.axis.days[day].weekday(), ())
            for minute in rng.choice(kind) if kind else ():
                copies = int(plan.factor) + (rng.random() < plan.factor % 1)
                at = begins + min(minute, plan.axis.length - 1)
                for key in (next(keys) for _ in range(copies)):
                    if plan.start <= at < plan.end:
                        yield Arrival(key=key, at=at, queue="check")

    def _begin(self, arrival: Arrival) -> None:
        if not self.model.stays.get(arrival.queue):
            return  # nothing is known of that queue
        case = _Case(arrival, self.seed)
        self.running[case.key] = case
        self.found.came += 1
        self.env.process(self._life(case, arrival))

    # -- the way of a case ---------------------------------------------------------------------------------------------
    def _life(self, case: _Case, arrival: Arrival) -> Iterator[Any]:
        waited = arrival.waited
        if arrival.stopped:
            yield from self._pause(case, left=True)
        elif not arrival.due:
            self._start_clocks(case)
        while True:
            came, stay = self.env.now - waited, self._stay(case, waited)
            waited = 0
            yield self.env.timeout(stay.lies)
            if stay.work:
                ready = self.env.now
                person: Any = yield self._hands(case)
                self.found.queued[case.queue] += self.env.now - ready
                yield self.env.timeout(stay.work)
                self._let_go(person, case.queue, stay.work)
            self.found.times[case.queue].append(self.env.now - came)
            if stay.goes != PROBLEM:
                self.found.done[self.plan.axis.day_of(self.env.now), case.queue] += stay.goes != LEFT
                self._stop_clocks(case, stay.goes)
            if stay.goes in (FILED, LEFT):
                self.found.ended += 1
                del self.running[case.key]
                return
            if stay.goes == PROBLEM:
                yield from self._pause(case)
                continue
            case.queue = stay.goes
            case.trail.append((self.env.now, case.queue))
            self._start_clocks(case)

    def _stay(self, case: _Case, waited: Minutes) -> Stay:
        """A stay like those that have been; of a case that has waited, like those that waited longer. Where hardly any
        did, history tells nothing about it, and it is taken as if it came now."""
        stays, lies = self.model.stays[case.queue], self.lies[case.queue]
        first = bisect_right(lies, waited) if waited else 0
        if waited and len(stays) - first < ENOUGH:
            return stays[case.rng.randrange(len(stays))]
        drawn = stays[case.rng.randrange(first, len(stays))]
        return Stay(drawn.lies - waited, drawn.work, drawn.goes) if waited else drawn

    def _pause(self, case: _Case, *, left: bool = False) -> Iterator[Any]:
        """A problem; ``left``: it has been open for a while, so some of it is over."""
        if not self.model.pauses:
            return
        pause = self.model.pauses[case.rng.randrange(len(self.model.pauses))]
        minutes = pause.minutes * case.rng.random() if left else pause.minutes
        if pause.stops_clocks:
            case.due = {
                kind: due + minutes if due > self.env.now else due  # a deadline that has passed stays where it was
                for kind, due in case.due.items()
            }
        yield self.env.timeout(minutes)

    # -- clocks --------------------------------------------------------------------------------------------------------
    def _start_clocks(self, case: _Case) -> None:
        for kind in STARTS.get(case.queue, ()):
            if kind not in case.due:
                case.due[kind] = self.plan.due(kind, self.env.now)

    def _stop_clocks(self, case: _Case, goes: str) -> None:
        for kind in list(case.due):
            if goes not in CLOCK_QUEUES[kind]:
                self._settle(case, kind, stopped=self.env.now)

    def _settle(self, case: _Case, kind: str, *, stopped: Minutes) -> None:
        due = case.due.pop(kind)
        if stopped > due and self.plan.start < due <= self.plan.end:
            self.found.breaches[self.plan.axis.day_of(due), case.stood_in(due)] += 1

    # -- hands ---------------------------------------------------------------------------------------------------------
    def _openings(self) -> Iterator[Any]:
        """In the morning, and when a loan ends, people look what there is."""
        length = self.plan.axis.length
        moments: set[Minutes] = {day * length for day in self.plan.days}
        moments |= {loan.day * length + loan.minutes for loan in self.plan.loans}
        for moment in sorted(moments):
            if moment >= self.env.now:
                yield self.env.timeout(moment - self.env.now)
                self._deal()

    def _hands(self, case: _Case) -> Any:
        given = self.env.event()
        heappush(self.waiting[case.queue], (case.first_due, next(self.turn), given))
        self._deal()
        return given

    def _let_go(self, person: str, queue: str, work: Minutes) -> None:
        self.found.busy[person, queue] += work
        self.free[person] = self.env.now
        self._deal()

    def _deal(self) -> None:
        """Gives the earliest deadline that somebody free may take to whoever takes from the fewest queues."""
        while True:
            best: tuple[Minutes, int, str, Person] | None = None
            for queue, heap in self.waiting.items():
                if heap and (best is None or heap[0][:2] < best[:2]) and (person := self._free_for(queue)):
                    best = (*heap[0][:2], queue, person)
            if best is None:
                return
            _due, _turn, queue, person = best
            del self.free[person.name]
            heappop(self.waiting[queue])[2].succeed(person.name)

    def _free_for(self, queue: str) -> Person | None:
        now, length = self.env.now, self.plan.axis.length
        day = int(now // length)
        into = now - day * length
        able = [
            person
            for person in self.plan.people
            if person.name in self.free
            and into < person.minutes.get(day, 0)
            and queue in self._queues_of(person, day, into)
        ]
        return min(able, key=lambda one: (len(one.queues), self.free[one.name], one.name), default=None)

    def _queues_of(self, person: Person, day: int, into: Minutes) -> frozenset[str]:
        loan = self.loans.get((person.name, day))
        return frozenset({loan.queue}) if loan and into < loan.minutes else person.queues


def replicate(model: Model, plan: Plan, *, seed: int) -> Replication:
    """One run. The same seed and input give the same result."""
    return _Center(model, plan, seed).run()


@dataclass(frozen=True, slots=True)
class Summary:
    """Many runs put together: per (day, queue) and per queue the mean and the band that holds 80 % of them."""

    replications: int
    days: Sequence[int]
    queues: Sequence[str]
    done: dict[tuple[int, str], float]
    breaches: dict[tuple[int, str], tuple[float, float, float]]  # mean, P10, P90
    late: tuple[float, float, float]
    median: dict[str, float | None]  # minutes in the queue
    p90: dict[str, float | None]
    utilisation: dict[str, float | None]
    came: float
    open: float


def simulate(
    model: Model,
    plan: Plan,
    *,
    seed: int,
    replications: int,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Summary:
    """Runs the plan so often; fewer times when the center is so large that it would take minutes (the summary says how
    often). ``progress`` is told after each run."""
    runs: list[Replication] = []
    wanted = replications
    while len(runs) < wanted:
        runs.append(replicate(model, plan, seed=seed * _SPREAD + len(runs)))
        if len(runs) == 1:
            visits = max(sum(map(len, runs[0].times.values())), 1)
            wanted = min(replications, max(MOST_VISITS // visits, FEWEST))
        progress(len(runs), wanted)
    return summed(model, plan, runs)


def summed(model: Model, plan: Plan, runs: Sequence[Replication]) -> Summary:
    days, queues, often = list(plan.days), model.queues, len(runs)
    times = {queue: sorted(minutes for run in runs for minutes in run.times[queue]) for queue in queues}
    return Summary(
        replications=often,
        days=days,
        queues=queues,
        done={(day, queue): sum(run.done[day, queue] for run in runs) / often for day in days for queue in queues},
        breaches={
            (day, queue): band([run.breaches[day, queue] for run in runs]) for day in days for queue in queues
        },
        late=band([run.late for run in runs]),
        median={queue: quantile(found, 0.5) for queue, found in times.items()},
        p90={queue: quantile(found, 0.9) for queue, found in times.items()},
        utilisation=_utilisation(plan, runs, queues),
        came=sum(run.came for run in runs) / often,
        open=sum(run.open for run in runs) / often,
    )  # fmt: skip


def _utilisation(plan: Plan, runs: Sequence[Replication], queues: Sequence[str]) -> dict[str, float | None]:
    """Minutes of work ÷ minutes planned. Who takes from several queues is counted in each by the work done there."""
    busy, there = defaultdict[str, Minutes](float), defaultdict[str, Minutes](float)
    for person in plan.people:
        work = {queue: sum(run.busy.get((person.name, queue), 0) for run in runs) for queue in queues}
        planned, total = sum(_planned(plan, person)) * len(runs), sum(work.values())
        for queue in queues:
            busy[queue] += work[queue]
            share = work[queue] / total if total else (queue in person.queues) / max(len(person.queues), 1)
            there[queue] += planned * share
    return {queue: busy[queue] / there[queue] if there[queue] else None for queue in queues}


def _planned(plan: Plan, person: Person) -> Iterator[Minutes]:
    """The minutes of each day that lie inside the run."""
    for day in plan.days:
        begins = day * plan.axis.length
        ends = min(begins + person.minutes.get(day, 0), plan.end)
        yield max(ends - max(begins, plan.start), 0)


def band(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean, P10 and P90."""
    ordered = sorted(values)
    return sum(ordered) / len(ordered), quantile(ordered, 0.1) or 0.0, quantile(ordered, 0.9) or 0.0


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """The value below which that share lies (nearest rank), of values in order; ``None`` of none."""
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else None

"""How far off the model is: fitted without the last full week, run over that week, compared with what really happened.

The week's own arrivals and roster go in, so that the error is the model's and not that of guessing how much would come.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from supervision.capacity.fit import History, fit
from supervision.capacity.model import (
    CLOCK_QUEUES,
    LEFT,
    PROBLEM,
    STARTS,
    Axis,
    Deadline,
    Minutes,
    NoHistory,
    Stop,
    Visit,
)
from supervision.capacity.run import NEVER, Summary, quantile, simulate


@dataclass(frozen=True, slots=True)
class Compared:
    """A week as it was beside a week as the model makes it. Pairs are (day, queue)."""

    days: Sequence[int]
    queues: Sequence[str]
    done: Mapping[tuple[int, str], int]
    late: int
    median: Mapping[str, float | None]  # minutes in the queue
    model: Summary

    @property
    def per_day(self) -> float | None:
        """Σ |really − model| ÷ Σ really over all days and queues: the share of a day's work that is foreseen for
        another day or queue, or not at all. (A mean of percentages would divide by days without work.)"""
        pairs = [(day, queue) for day in self.days for queue in self.queues]
        return _share(sum(abs(self.done[pair] - self.model.done[pair]) for pair in pairs), self._total)

    @property
    def per_queue(self) -> float | None:
        """The mean over the queues of |really − model| ÷ really, of the week's finished pieces (MAPE)."""
        shares = []
        for queue in self.queues:
            really = sum(self.done[day, queue] for day in self.days)
            foreseen = sum(self.model.done[day, queue] for day in self.days)
            if (share := _share(abs(really - foreseen), really)) is not None:
                shares.append(share)
        return sum(shares) / len(shares) if shares else None

    @property
    def per_median(self) -> float | None:
        """The mean over the queues of |really − model| ÷ really, of the median time in the queue (MAPE)."""
        shares = []
        for queue in self.queues:
            really, foreseen = self.median[queue], self.model.median[queue]
            if really and foreseen is not None:
                shares.append(abs(really - foreseen) / really)
        return sum(shares) / len(shares) if shares else None

    @property
    def _total(self) -> int:
        return sum(self.done.values())


def last_full_week(axis: Axis, today: date) -> tuple[Minutes, Minutes]:
    """From the opening to the closing of the week before this one. ``NoHistory`` when it had no working day, or when
    nothing is known from before it."""
    monday = today - timedelta(days=today.weekday() + 7)
    first, after = axis.place(monday), axis.place(monday + timedelta(days=7))
    if first == after or first == 0:
        raise NoHistory("no whole week with a history before it")
    return first * axis.length, after * axis.length


def compare(
    history: History,
    *,
    start: Minutes,
    end: Minutes,
    due: Deadline,
    seed: int,
    replications: int,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Compared:
    """Fits the model to what was over before ``start``, and runs it up to ``end``."""
    model = fit(history, until=start, due=due)
    found = simulate(
        model, history.plan(start, end, due=due), seed=seed, replications=replications, progress=progress
    )  # fmt: skip
    done, times = Counter[tuple[int, str]](), {queue: list[Minutes]() for queue in model.queues}
    for visit in history.visits:
        if visit.left is None or not start <= visit.left < end or visit.queue not in times:
            continue
        times[visit.queue].append(visit.left - visit.came)
        if visit.goes not in (LEFT, PROBLEM):
            done[history.axis.day_of(visit.left), visit.queue] += 1
    return Compared(
        days=found.days,
        queues=found.queues,
        done={(day, queue): done[day, queue] for day in found.days for queue in found.queues},
        late=late_clocks(history, start=start, end=end, due=due),
        median={queue: quantile(sorted(minutes), 0.5) for queue, minutes in times.items()},
        model=found,
    )


def late_clocks(history: History, *, start: Minutes, end: Minutes, due: Deadline) -> int:
    """How many clocks really fell due in that time and were late: what happened, under the model's own rules of when a
    clock starts, stops and stands still. Old records hold no clock of a file that was refused at the check."""
    steps: defaultdict[int, list[Visit | Stop]] = defaultdict(list)
    found: list[Visit | Stop] = [*history.visits, *history.stops]
    for step in found:
        steps[step.case].append(step)
    return sum(_late_of(sorted(way, key=lambda step: step.came), start, end, due) for way in steps.values())


def _late_of(way: Sequence[Visit | Stop], start: Minutes, end: Minutes, due: Deadline) -> int:
    """Of one case."""
    running: dict[str, Minutes] = {}
    late = 0
    for step in way:
        if isinstance(step, Stop):
            if step.stops_clocks:
                passed = NEVER if step.left is None else step.left - step.came
                running = {kind: at + passed if at > step.came else at for kind, at in running.items()}
            continue
        for kind in STARTS.get(step.queue, ()):
            running.setdefault(kind, due(kind, step.came))
        for kind in [kind for kind in running if step.left is None or step.goes not in (PROBLEM, *CLOCK_QUEUES[kind])]:
            late += start < running.pop(kind) < min(NEVER if step.left is None else step.left, end + 1e-6)
    return late


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None

"""From what was to a model of what will be: how long cases lie and take in each queue, where they go, what comes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from supervision.capacity.model import (
    FILED,
    LEFT,
    Arrival,
    Axis,
    Deadline,
    Minutes,
    Model,
    Pause,
    Person,
    Plan,
    Stay,
    Stop,
    Visit,
)
from supervision.capacity.run import replicate

QUEUES = ("check", "entry", "verify", "filing")
# Working days whose real arrivals and roster are run once more, to find how much of the lying about is queueing, which
# the simulation makes by itself.
TUNED_OVER, TUNING_ROUNDS, TUNING_RUNS = 20, 3, 4
LONGEST_WORK = 240  # minutes: whoever held a case longer was not working on it all the time


@dataclass(frozen=True, slots=True)
class History:
    """What happened in the center, on the axis. ``people``: who was there on which day."""

    axis: Axis
    visits: Sequence[Visit]
    stops: Sequence[Stop]
    people: Sequence[Person]
    standard: Mapping[str, Minutes]  # minutes for one piece of work where nobody noted when it was begun

    def before(self, moment: Minutes) -> History:
        """What was over by then: all that a fit may know."""
        visits = [visit for visit in self.visits if visit.left is not None and visit.left < moment]
        stops = [stop for stop in self.stops if stop.left is not None and stop.left < moment]
        return replace(self, visits=visits, stops=stops)

    def there(self, moment: Minutes, *, due: Deadline) -> list[Arrival]:
        """The cases that stood in the center then, with the deadlines that ran."""
        found, worked = [], Worked(self.before(moment))
        received = {visit.case: visit.came for visit in self.visits if visit.is_fresh and visit.came < moment}
        for visit in self.visits:
            if visit.came < moment and (visit.left is None or visit.left >= moment):
                clocks = _clocks(visit.case, visit.queue, visit.came, received, due)
                waited = worked.minutes(visit.queue, visit.came, moment)
                found.append(Arrival(visit.case, moment, visit.queue, clocks, waited))
        for stop in self.stops:
            if stop.came < moment and (stop.left is None or stop.left >= moment):
                clocks = _clocks(stop.case, stop.queue, stop.came, received, due)
                found.append(Arrival(stop.case, moment, stop.queue, clocks, stopped=True))
        return found

    def arrivals(self, start: Minutes, end: Minutes) -> list[Arrival]:
        """What came to the center from outside."""
        fresh = [visit for visit in self.visits if visit.is_fresh and start <= visit.came < end]
        ordered = sorted(fresh, key=lambda visit: (visit.came, visit.case))
        return [Arrival(key, visit.came, visit.queue) for key, visit in enumerate(ordered, start=1_000_000)]

    def plan(self, start: Minutes, end: Minutes, *, due: Deadline) -> Plan:
        """That time once more: as it stood at the start, with its real arrivals and its real roster."""
        return Plan(
            axis=self.axis, start=start, end=end, people=self.people, there=self.there(start, due=due), due=due,
            arrivals=self.arrivals(start, end),
        )  # fmt: skip


class Worked:
    """The time in which a queue was worked on: days on which nobody finished a piece of it do not count. What lies
    there over such a day has not been passed over."""

    def __init__(self, known: History) -> None:
        self.length = known.axis.length
        self.days = {
            (visit.queue, known.axis.day_of(visit.left))
            for visit in known.visits
            if visit.left is not None and visit.by is not None
        }

    def minutes(self, queue: str, since: Minutes, until: Minutes) -> Minutes:
        total = 0.0
        for day in range(int(since // self.length), int(until // self.length) + 1):
            if (queue, day) in self.days:
                total += min(until, (day + 1) * self.length) - max(since, day * self.length)
        return total


def fit(history: History, *, until: Minutes, due: Deadline) -> Model:
    """The model that the history before ``until`` shows."""
    known, length = history.before(until), history.axis.length
    stays = {queue: _stays(queue, known) for queue in QUEUES}
    unknown = {queue for queue in QUEUES if not stays[queue]}  # of which history shows nothing: the way ends before it
    model = Model(
        stays={
            queue: [replace(stay, goes=FILED) if stay.goes in unknown else stay for stay in seen]
            for queue, seen in stays.items()
        },
        pauses=[Pause(stop.left - stop.came, stop.stops_clocks) for stop in known.stops if stop.left is not None],
        days=_days(history, until),
    )
    start = max(until - TUNED_OVER * length, 0.0)
    if not any(visit.came >= start for visit in known.visits):
        return model
    return _tuned(model, history.plan(start, until, due=due))


def _clocks(case: int, queue: str, came: Minutes, received: Mapping[int, Minutes], due: Deadline) -> dict[str, Minutes]:
    begun = received.get(case, came)
    if queue == "filing":
        return {"FILE": due("FILE", came)}
    clocks = {"ENTRY": due("ENTRY", begun)}
    return clocks | {"CHECK": due("CHECK", begun)} if queue == "check" else clocks


def _stays(queue: str, known: History) -> list[Stay]:
    """In the order of lying, as the runner looks them up."""
    found, worked = [], Worked(known)
    for visit in known.visits:
        if visit.queue != queue or visit.left is None:
            continue
        total = max(worked.minutes(visit.queue, visit.came, visit.left), 0.0)
        work = total if visit.taken is None else min(visit.left - visit.taken, total)
        work = min(work, known.standard[queue] if visit.taken is None else LONGEST_WORK)
        if visit.goes == LEFT and visit.by is None:
            work = 0  # nobody's work: withdrawn or lapsed
        found.append(Stay(lies=total - work, work=work, goes=visit.goes))
    return sorted(found, key=lambda stay: (stay.lies, stay.work, stay.goes))


def _days(history: History, until: Minutes) -> dict[int, list[list[Minutes]]]:
    """Per weekday the whole days that have been; a weekday that has not been takes any day."""
    axis, whole = history.axis, int(until // history.axis.length)
    came: defaultdict[int, list[Minutes]] = defaultdict(list)
    for visit in history.visits:
        if visit.is_fresh and visit.queue == "check" and visit.came < whole * axis.length:
            day = int(visit.came // axis.length)
            came[day].append(visit.came - day * axis.length)
    if not came:
        return {}
    every = [sorted(came[day]) for day in range(min(came), whole)]
    found: defaultdict[int, list[list[Minutes]]] = defaultdict(list)
    for day, minutes in enumerate(every, start=min(came)):
        found[axis.days[day].weekday()].append(minutes)
    return {weekday: found[weekday] or every for weekday in range(7)}


def _tuned(model: Model, plan: Plan) -> Model:
    """Keeps of the lying what queueing does not explain: begun with none, so that the time in the queue comes out as it
    was, and as much of it as can be is a matter of hands."""
    kept = dict.fromkeys(model.stays, 0.0)
    for _round in range(TUNING_ROUNDS):
        runs = [replicate(_keeping(model, kept), plan, seed=run) for run in range(TUNING_RUNS)]
        for queue, stays in model.stays.items():
            pieces = sum(len(run.times[queue]) for run in runs)
            lying = sum(stay.lies for stay in stays) / max(len(stays), 1)
            if pieces and lying:
                queued = sum(run.queued[queue] for run in runs) / pieces
                kept[queue] = max(1 - queued / lying, 0.0)
    return _keeping(model, kept)


def _keeping(model: Model, kept: Mapping[str, float]) -> Model:
    return replace(
        model,
        stays={
            queue: [replace(stay, lies=stay.lies * kept[queue]) for stay in stays]
            for queue, stays in model.stays.items()
        },
    )

"""What the model says about the days to come: the forecast, a "what if" beside today's plan, and the model's own error.

Each answer is a plain object that can be stored as it is. Days are dates, queues names, times minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import median
from typing import Any

from ops_center.clock import local_day
from organization.models import Employee
from supervision.capacity.check import Compared, compare, last_full_week
from supervision.capacity.fit import QUEUES, History, fit
from supervision.capacity.loans import Proposal, best_loans
from supervision.capacity.model import Axis, Minutes, Model, Person, Plan
from supervision.capacity.run import Summary, simulate
from supervision.selectors.assumptions import Assumptions
from supervision.selectors.workload import ROLES, Source, deadlines, held_queues, history, standing

DAYS, SEED, REPLICATIONS = 5, 1, 200
LOAN_REPLICATIONS = 24
CHECK_REPLICATIONS = 100
Json = dict[str, Any]
Percent = Callable[[int], None]


def silently(percent: int) -> None:
    """For those who do not ask how far it is."""


# -- the answers -------------------------------------------------------------------------------------------------------
def forecast(*, at: datetime, percent: Percent = silently) -> Json:
    """Expected breaches per day and queue of the next five working days, and the loans that would lower them.

    NoHistory when nothing has gone through the center yet; so all below.
    """
    center = _Center.read(at)
    plan = center.plan(Assumptions())
    found = simulate(center.model, plan, seed=SEED, replications=REPLICATIONS, progress=_part(percent, 0, 60))
    loans = best_loans(
        center.model, plan, may=center.may, seed=SEED, replications=LOAN_REPLICATIONS, progress=_part(percent, 60, 99)
    )
    return {
        "as_of": at.isoformat(),
        **_summary(center.axis, found),
        "loans": [_loan(center, proposal) for proposal in loans],
        "measured": center.measured,
        "history": center.extent,
    }


def what_if(assumed: Assumptions, *, at: datetime, percent: Percent = silently) -> Json:
    """The days to come as planned, and as they would be, with the same cases in both."""
    center = _Center.read(at)
    asked = {"seed": assumed.seed, "replications": assumed.replications}
    today = simulate(
        center.model, center.plan(Assumptions(days=assumed.days)), **asked, progress=_part(percent, 0, 50)
    )  # fmt: skip
    then = simulate(center.model, center.plan(assumed), **asked, progress=_part(percent, 50, 99))
    return {
        "as_of": at.isoformat(),
        "assumed": assumed.as_json,
        "today": _summary(center.axis, today),
        "then": _summary(center.axis, then),
        "history": center.extent,
    }


def checked(*, at: datetime, source: Source = Source.OWN, seed: int = SEED, percent: Percent = silently) -> Json:
    """The last full week, foreseen by a model that has not seen it, beside what really happened."""
    seen = history(at=at, source=source)
    newest = seen.axis.instant(max(visit.came for visit in seen.visits))
    start, end = last_full_week(seen.axis, local_day(at if source is Source.OWN else newest))
    found = compare(
        seen, start=start, end=end, due=deadlines(seen.axis), seed=seed, replications=CHECK_REPLICATIONS,
        progress=_part(percent, 0, 99),
    )  # fmt: skip
    return {"as_of": at.isoformat(), "source": source.value, **_compared(seen.axis, found)}


# -- the center as it stands -------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _Center:
    """The fitted model, what lies in the center now, and who may do what."""

    at: datetime
    seen: History
    model: Model
    may: Mapping[str, frozenset[str]]  # the queues that the roles of a person open
    names: Mapping[str, str]

    @classmethod
    def read(cls, at: datetime) -> _Center:
        seen = history(at=at)
        staff = Employee.objects.filter(is_active=True).holding(*ROLES, on=local_day(at))
        people = {person.number: person for person in staff}
        return cls(
            at=at,
            seen=seen,
            model=fit(seen, until=seen.axis.position(at), due=deadlines(seen.axis)),
            may={number: held_queues(person.role_codes(local_day(at))) for number, person in people.items()},
            names={number: person.name for number, person in people.items()},
        )

    @property
    def axis(self) -> Axis:
        return self.seen.axis

    @property
    def extent(self) -> Json:
        """What the model was fitted to."""
        return {"pieces": sum(visit.left is not None for visit in self.seen.visits), "problems": len(self.seen.stops)}

    @property
    def measured(self) -> Json:
        """Median minutes of work, where beginning and end are known, and of how many pieces."""
        found = {}
        for queue in QUEUES:
            minutes = [
                visit.left - visit.taken
                for visit in self.seen.visits
                if visit.queue == queue and visit.left is not None and visit.taken is not None
            ]
            if minutes:
                found[queue] = {"minutes": round(median(minutes), 1), "pieces": len(minutes)}
        return found

    def plan(self, assumed: Assumptions) -> Plan:
        """From now to the end of the last of the days; the running day is one while there is work left in it."""
        axis, start = self.axis, self.axis.position(self.at)
        first = int(start // axis.length)
        return Plan(
            axis=axis, start=start, end=float((first + assumed.days) * axis.length), people=self._people(assumed),
            there=standing(self.seen, at=self.at), due=deadlines(axis, limits=assumed.limits), factor=assumed.arrivals,
        )  # fmt: skip

    def _people(self, assumed: Assumptions) -> list[Person]:
        axis, people = self.axis, [self._present(person, assumed) for person in self.seen.people]
        for role, change in sorted(assumed.staff.items()):
            queues = held_queues([role])
            if change < 0:
                holders = [person for person in people if queues & self.may.get(person.name, frozenset())]
                gone = sorted(holders, key=lambda person: (len(self.may[person.name]), person.name))[:-change]
                people = [person for person in people if person not in gone]
            whole = dict.fromkeys(range(len(axis.days)), float(axis.length))
            people += [Person(f"{role}+{number}", queues, whole) for number in range(1, change + 1)]
        return people

    def _present(self, person: Person, assumed: Assumptions) -> Person:
        away = [
            day
            for absence in assumed.absent
            if absence.person == person.name
            for day, on in enumerate(self.axis.days)
            if absence.since <= on <= absence.until
        ]
        return replace(person, minutes={**person.minutes, **dict.fromkeys(away, 0.0)}) if away else person


# -- as it is stored ---------------------------------------------------------------------------------------------------
def _summary(axis: Axis, found: Summary) -> Json:
    return {
        "days": [axis.days[day].isoformat() for day in found.days],
        "queues": list(found.queues),
        "replications": found.replications,
        "late": _rounded(found.late),
        "breaches": [[_rounded(found.breaches[day, queue]) for queue in found.queues] for day in found.days],
        "done": [[round(found.done[day, queue], 1) for queue in found.queues] for day in found.days],
        "median": _by_queue(found.median),
        "p90": _by_queue(found.p90),
        "utilisation": {queue: share and round(share, 4) for queue, share in found.utilisation.items()},
        "came": round(found.came, 1),
        "open": round(found.open, 1),
    }


def _compared(axis: Axis, found: Compared) -> Json:
    late = found.model.late[0]
    return {
        **_summary(axis, found.model),
        "really": {
            "done": [[found.done[day, queue] for queue in found.queues] for day in found.days],
            "late": found.late,
            "median": _by_queue(found.median),
        },
        "error": {
            "done_per_day": _share(found.per_day),
            "done_per_queue": _share(found.per_queue),
            "median": _share(found.per_median),
            "late": round(late - found.late, 1),
            "late_in_band": found.model.late[1] <= found.late <= found.model.late[2],
        },
    }


def _loan(center: _Center, proposal: Proposal) -> Json:
    loan = proposal.loan
    return {
        "person": loan.person,
        "name": center.names.get(loan.person, ""),
        "queue": loan.queue,
        "from": sorted(next(person.queues for person in center.seen.people if person.name == loan.person)),
        "day": center.axis.days[loan.day].isoformat(),
        "minutes": round(loan.minutes),
        "before": round(proposal.before, 1),
        "after": round(proposal.after, 1),
    }


def _by_queue(minutes: Mapping[str, Minutes | None]) -> dict[str, int | None]:
    return {queue: None if found is None else round(found) for queue, found in minutes.items()}


def _rounded(values: Iterable[float]) -> list[float]:
    return [round(value, 2) for value in values]


def _share(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _part(percent: Percent, low: int, high: int) -> Callable[[int, int], None]:
    """A stretch of the way from 0 to 100."""
    return lambda done, of: percent(low + (high - low) * done // max(of, 1))

"""How well the center's hands are used (domain section 13): idle rate and pieces per head of the last working days."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from applications.lifecycle import QUEUES
from organization.models import Employee
from supervision.selectors.capacity import Finished
from supervision.selectors.load import CENTER_ROLES
from supervision.selectors.minutes import Standard
from supervision.selectors.workload import FULL_DAY, planned_minutes


@dataclass(frozen=True, slots=True)
class Productivity:
    """One queue, or the whole center, over some days. Minutes are working minutes."""

    pieces: int
    person_days: int  # with at least one piece
    standard: float  # pieces × standard minutes
    attended: float  # planned minutes of the people, where somebody serves several queues by the work done in each

    @property
    def idle_rate(self) -> float | None:
        """1 − pieces × standard minutes ÷ attended minutes; below 0 where the standard is too high. ``None``: nobody
        was there."""
        return 1 - self.standard / self.attended if self.attended else None

    @property
    def per_head(self) -> float | None:
        """Pieces ÷ person-days with at least one."""
        return self.pieces / self.person_days if self.person_days else None


@dataclass(frozen=True, slots=True)
class Hands:
    """One person's part of the center's minutes; nobody (``None``): pieces of people who are not of the center now."""

    person: Employee | None
    pieces: int
    standard: float
    attended: float

    @property
    def idle_rate(self) -> float | None:
        return 1 - self.standard / self.attended if self.attended else None


def by_person(days: Sequence[date], finished: Finished, standards: Mapping[str, Standard]) -> list[Hands]:
    """The list behind the idle rate: its minutes are the sums of these, who carries most first."""
    staff = list(Employee.objects.holding(*CENTER_ROLES, on=days[-1]).select_related("branch"))
    known = [person.pk for person in staff]
    planned = planned_minutes(known, days=days, full=FULL_DAY)
    pieces, minutes = Counter[int | None](), defaultdict[int | None, float](float)
    for queue, per_day in finished.items():
        for day in days:
            for person, number in per_day.get(day, {}).items():
                key = person if person in known else None
                pieces[key] += number
                minutes[key] += number * standards[queue].minutes
    rows = [
        Hands(person, pieces[person.pk], minutes[person.pk], sum(planned[person.pk, day] for day in days))
        for person in staff
    ]
    if pieces[None]:
        rows.append(Hands(None, pieces[None], minutes[None], 0))
    return sorted(rows, key=lambda row: (-row.standard, row.person.number if row.person else ""))


def productivity(
    days: Sequence[date], finished: Finished, standards: Mapping[str, Standard]
) -> tuple[dict[str, Productivity], Productivity]:
    """By queue, and all together."""
    roles: defaultdict[int, set[str]] = defaultdict(set)
    staff = Employee.objects.holding(*CENTER_ROLES, on=days[-1]).order_by()
    for person, role in staff.values_list("pk", "roles__role"):
        roles[person].add(role)
    planned = planned_minutes(roles, days=days, full=FULL_DAY)
    done: defaultdict[str, Counter[int | None]] = defaultdict(Counter)
    person_days, anybody = Counter[str](), set[tuple[date, int | None]]()
    for queue, per_day in finished.items():
        for day in days:
            pieces = per_day.get(day, {})
            done[queue].update(pieces)
            person_days[queue] += len(pieces)
            anybody |= {(day, person) for person in pieces}
    attended = defaultdict[str, float](float)
    for person, held in roles.items():
        served = [name for name, queue in QUEUES.items() if queue.role in held]
        work = {name: done[name][person] * standards[name].minutes for name in served}
        total, there = sum(work.values()), sum(planned[person, day] for day in days)
        for name in served:
            attended[name] += there * (work[name] / total if total else 1 / len(served))
    by_queue = {
        name: Productivity(
            pieces=done[name].total(),
            person_days=person_days[name],
            standard=done[name].total() * standards[name].minutes,
            attended=attended[name],
        )
        for name in QUEUES
    }
    together = Productivity(
        pieces=sum(one.pieces for one in by_queue.values()),
        person_days=len(anybody),
        standard=sum(one.standard for one in by_queue.values()),
        attended=sum(one.attended for one in by_queue.values()),
    )
    return by_queue, together

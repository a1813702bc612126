"""Who carries how much, and who is here: the people of the center with what they hold, answer for and have planned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Q

from applications.lifecycle import QUEUE_OF_STATE, State
from applications.models import Application, CaseClock
from applications.querysets import ApplicationQuerySet, CaseClockQuerySet
from ops_center.clock import local_day
from organization.models import Employee, RosterDay
from organization.roles import Role
from supervision.selectors.overdue import due_until

CENTER_ROLES = (Role.CC, Role.EC, Role.ER, Role.TR, Role.AS)
COLLECTORS = (Role.CS, Role.CM)
PARTS = ("held", "clocks", "overdue", "today")


@dataclass(frozen=True, slots=True)
class Load:
    """One person now: cases held, running clocks answered for, of these overdue and due today; and presence."""

    employee: Employee
    roles: Sequence[str]
    held: int
    clocks: int
    overdue: int
    due_today: int
    away_until: date | None  # the last day of an absence that covers today
    planned: int | None  # minutes planned today, where the roster says less or more than a full day

    @property
    def role_words(self) -> str:
        return " · ".join(str(Role(role).label) for role in self.roles)

    @property
    def is_here(self) -> bool:
        return self.away_until is None and self.planned != 0


def load_of(roles: Collection[str] = CENTER_ROLES, *, at: datetime) -> list[Load]:
    """The people who hold one of the roles; who carries most overdue first."""
    today = local_day(at)
    staff = list(Employee.objects.holding(*roles, on=today).with_standing())
    held, clocks = held_by_person(staff, at=at), clocks_by_person(staff, at=at)
    planned = dict(RosterDay.objects.filter(on=today, employee__in=staff).values_list("employee", "minutes"))
    loads = [
        Load(
            employee=person,
            roles=[role for role in (*CENTER_ROLES, *COLLECTORS) if role in person.role_codes(today)],
            held=held[person.pk],
            clocks=clocks["clocks"][person.pk],
            overdue=clocks["overdue"][person.pk],
            due_today=clocks["today"][person.pk],
            away_until=away_until(person, today),
            planned=planned.get(person.pk),
        )
        for person in staff
    ]
    return sorted(loads, key=lambda load: (-load.overdue, -load.clocks, load.employee.number))


def who_could_take(cases: Sequence[Application], *, at: datetime) -> list[Load]:
    """Those who hold the role of a stage in which one of these cases waits; who is here and carries least first."""
    wanted: set[str] = set()
    for case in cases:
        queue = QUEUE_OF_STATE.get(case.state)
        if queue is not None:
            wanted.add(queue.role)
        elif case.state == State.ACCEPTED:
            wanted.update(COLLECTORS)
    loads = load_of(wanted, at=at) if wanted else []
    return sorted(loads, key=lambda load: (not load.is_here, load.held, load.clocks, load.employee.number))


def away_until(person: Employee, on: date) -> date | None:
    """The end of an absence that covers the day."""
    return max((row.ends_on for row in person.absences.all() if row.starts_on <= on <= row.ends_on), default=None)


def held_cases(*, at: datetime) -> ApplicationQuerySet:
    return Application.objects.filter(claimed_until__gt=at, claimed_by__isnull=False)


def running_clocks(*, at: datetime, part: str = "clocks") -> CaseClockQuerySet:
    """Clocks that a person answers for; ``overdue`` and ``today`` of these."""
    clocks = CaseClock.objects.filter(stopped_at=None, owner__isnull=False, application__is_imported=False)
    return clocks.filter(_parts(at)[part])


def held_by_person(people: Collection[Employee], *, at: datetime) -> Counter[int]:
    """Cases that each of them holds, by the key of the person."""
    held = held_cases(at=at).filter(claimed_by__in=people).order_by()
    return Counter(dict(held.values_list("claimed_by").annotate(Count("pk"))))


def clocks_by_person(people: Collection[Employee], *, at: datetime) -> dict[str, Counter[int]]:
    """What ``running_clocks`` finds for each of them, part by part, by the key of the person: one query."""
    parts = _parts(at)
    rows = (
        running_clocks(at=at)
        .filter(owner__in=people)
        .order_by()
        .values_list("owner")
        .annotate(**{f"in_{part}": Count("pk", filter=cut) for part, cut in parts.items()})
    )
    found = {part: Counter[int]() for part in parts}
    for owner, *numbers in rows:
        for part, number in zip(parts, numbers, strict=True):
            found[part][owner] = number
    return found


def _parts(at: datetime) -> dict[str, Q]:
    runs = Q(paused_at=None)
    return {
        "clocks": Q(),
        "overdue": runs & Q(due_at__lt=at),
        "today": runs & Q(due_at__gte=at, due_at__lt=due_until("today", at)),
    }

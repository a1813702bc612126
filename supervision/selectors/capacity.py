"""Whether the center keeps up: what waits in each queue, how many days of work that is, and who carries how much."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Q, Sum

from applications.lifecycle import QUEUE_OF_STATE, QUEUES, EntryMode, Queue, State
from applications.models import Application
from applications.querysets import ApplicationQuerySet
from applications.selectors import FINISHES
from ops_center.clock import local_day
from organization.models import Employee
from organization.services.calendar import working_calendar
from supervision.models import WorkCount
from supervision.selectors import midnight
from supervision.selectors.load import CENTER_ROLES, clocks_by_person, held_by_person

LOOK_BACK = 5  # working days whose completions make the mean
ALARM_DAYS = 2.0  # a backlog of more days than this is an alarm (domain section 13)
BEFORE_THE_REVIEW = (State.RECEIVED, State.CHECKED)
Finished = Mapping[str, Mapping[date, Mapping[int | None, int]]]  # queue → day → person → pieces of work


@dataclass(frozen=True, slots=True)
class QueueLoad:
    """One queue: what is in it now, and what was finished on each of the last working days (today is not one)."""

    queue: Queue
    open: int
    claimed: int
    overdue: int
    due_today: int
    done_today: int
    done: Mapping[date, int]

    @property
    def mean(self) -> float:
        return sum(self.done.values()) / LOOK_BACK

    @property
    def backlog_days(self) -> float | None:
        """Open cases ÷ mean completions; ``None`` when nothing was finished in these days."""
        return self.open / self.mean if self.mean else None

    @property
    def is_alarm(self) -> bool:
        days = self.backlog_days
        return self.open > 0 and (days is None or days > ALARM_DAYS)


@dataclass(frozen=True, slots=True)
class PersonLoad:
    """One person of the center: cases held now, running clocks answered for, what was finished."""

    employee: Employee
    roles: Sequence[str]
    held: int
    clocks: int
    overdue: int
    done_today: int
    done: int  # in the last working days together


@dataclass(frozen=True, slots=True)
class Capacity:
    days: Sequence[date]
    queues: Sequence[QueueLoad]
    finished: Finished


def capacity_board(*, at: datetime) -> Capacity:
    """The queues and what was finished in them: two queries."""
    days = last_workdays(at)
    finished = _finished(days, at)
    return Capacity(days=days, queues=_queues(finished, days, at), finished=finished)


def _queues(finished: Finished, days: Sequence[date], at: datetime) -> list[QueueLoad]:
    """All queues are counted in one pass over what is in any of them, state by state."""
    today, cuts = local_day(at), _cuts(at)
    waiting = Application.objects.filter(_in(*QUEUES.values())).order_by().values_list("state")
    found: dict[str, Counter[str]] = {name: Counter() for name in QUEUES}
    for state, *numbers in waiting.annotate(**{f"cases_{cut}": Count("pk", filter=q) for cut, q in cuts.items()}):
        found[QUEUE_OF_STATE[state].name].update(dict(zip(cuts, numbers, strict=True)))
    return [
        QueueLoad(
            queue=queue,
            open=found[queue.name][""],
            claimed=found[queue.name]["claimed"],
            overdue=found[queue.name]["overdue"],
            due_today=found[queue.name]["today"],
            done_today=sum(finished[queue.name][today].values()),
            done={day: sum(finished[queue.name][day].values()) for day in days},
        )
        for queue in QUEUES.values()
    ]


def _in(*queues: Queue) -> Q:
    """In one of these queues, held or not; Path A's own cases are in none before the review."""
    states = [state for queue in queues for state in queue.states]
    in_any = Q(state__in=states, awaits_arbitration=False, is_imported=False)
    return in_any & ~Q(entry_mode=EntryMode.SELF, state__in=BEFORE_THE_REVIEW)


def _cuts(at: datetime) -> dict[str, Q]:
    return {
        "": Q(),
        "claimed": Q(claimed_until__gt=at),
        "overdue": Q(due_at__lt=at),
        "today": Q(due_at__gte=at, due_at__lt=midnight(local_day(at) + timedelta(days=1))),
    }


def queue_cases(queue: Queue, *, at: datetime, which: str = "") -> ApplicationQuerySet:
    """What a figure of a queue counts. ``which``: claimed, overdue, today; nothing is everything in it."""
    return Application.objects.filter(_in(queue) & _cuts(at).get(which, Q()))


def last_workdays(at: datetime) -> list[date]:
    """The last five working days before today, the oldest first."""
    calendar, day = working_calendar(), local_day(at)
    days: list[date] = []
    while len(days) < LOOK_BACK:
        day = calendar.previous_or_same_workday(day - timedelta(days=1))
        days.append(day)
    return days[::-1]


def _finished(days: Sequence[date], at: datetime) -> Finished:
    """Pieces of work that were finished since the first of the days, free days included."""
    queue_of = {step.value: name for name, steps in FINISHES.items() for step in steps}
    rows = (
        WorkCount.objects.filter(day__gte=days[0], day__lte=local_day(at))
        .order_by()
        .values_list("step", "day", "actor_id")
        .annotate(Sum("pieces"))
    )
    found: dict[str, dict[date, Counter[int | None]]] = {name: defaultdict(Counter) for name in QUEUES}
    for step, day, actor, pieces in rows:
        found[queue_of[step]][day][actor] += pieces
    return found


def people_loads(board: Capacity, *, at: datetime) -> list[PersonLoad]:
    """The people of the center, who carries most first."""
    today = local_day(at)
    staff = list(Employee.objects.holding(*CENTER_ROLES, on=today).prefetch_related("roles"))
    held, clocks = held_by_person(staff, at=at), clocks_by_person(staff, at=at)
    done_today, done = Counter[int | None](), Counter[int | None]()
    for per_day in board.finished.values():
        done_today.update(per_day.get(today, {}))
        for day in board.days:
            done.update(per_day.get(day, {}))
    loads = [
        PersonLoad(
            employee=person,
            roles=[role for role in CENTER_ROLES if role in person.role_codes(today)],
            held=held[person.pk],
            clocks=clocks["clocks"][person.pk],
            overdue=clocks["overdue"][person.pk],
            done_today=done_today[person.pk],
            done=done[person.pk],
        )
        for person in staff
    ]
    return sorted(loads, key=lambda load: (-load.overdue, -load.clocks, load.employee.number))

"""What is overdue now, and what falls due next: by stage, branch, age and clock.

Due is read from the cases themselves, never from the breaches that the sweep has written: a sweep that is late hides
nothing (rule K9). A case counts once, by its earliest running deadline. Cases from before the system are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, CharField, Count, Q, Value, When

from applications.lifecycle import STAGE_OF, Clock, Stage, State
from applications.models import Application
from applications.querysets import ApplicationQuerySet
from ops_center.clock import local_day
from organization.models import Branch
from organization.services.calendar import working_calendar
from supervision.selectors import midnight, of_branch

# How old a delay or a problem is, in days by the wall clock: name, from, below.
AGES: dict[str, tuple[int, int | None]] = {"0-1": (0, 1), "1-3": (1, 3), "3-7": (3, 7), "7+": (7, None)}
STAGES = tuple(stage for stage in Stage if stage != Stage.ENDED)
NO_BRANCH = "-"  # leads that no branch has taken yet
DUE = ("today", "tomorrow")  # tomorrow is the next working day, with the free days before it


@dataclass(frozen=True, slots=True)
class Overdue:
    """The overdue cases of a scope and those that fall due next. ``cells``: (branch code, stage) → overdue cases."""

    total: int
    cells: Mapping[tuple[str, str], int]
    ages: Mapping[str, int]
    clocks: Mapping[str, int]
    branches: Mapping[str, str]  # code → name, of those that have a case
    soon: Mapping[str, int]  # still in time: due today, due on the next working day


def overdue_board(*, scope: Branch | None, at: datetime) -> Overdue:
    open_cases = Application.objects.filter(of_branch(scope), is_imported=False).order_by()
    rows = (
        open_cases.filter(due_at__lt=at)
        .values_list("branch__code", "branch__name", "state", "resume_state", "due_clock", age_of("due_at", at=at))
        .annotate(cases=Count("pk"))
    )
    cells: Counter[tuple[str, str]] = Counter()
    ages, clocks = Counter(dict.fromkeys(AGES, 0)), Counter[str]()
    branches: dict[str, str] = {}
    for code, name, state, resume_state, clock, age, cases in rows:
        stage = STAGE_OF[resume_state if state == State.PROBLEM else state]
        cells[code or NO_BRANCH, stage] += cases
        ages[age] += cases
        clocks[clock] += cases
        branches[code or NO_BRANCH] = name or ""
    tonight = due_until("today", at)
    soon = open_cases.filter(due_at__gte=at, due_at__lt=due_until("tomorrow", at)).aggregate(
        today=Count("pk", filter=Q(due_at__lt=tonight)), tomorrow=Count("pk", filter=Q(due_at__gte=tonight))
    )
    return Overdue(sum(ages.values()), cells, ages, clocks, branches, soon)


def overdue_cases(
    *, scope: Branch | None, at: datetime, stage: str = "", branch: str = "", age: str = "", clock: str = "",
    due: str = "",
) -> ApplicationQuerySet:  # fmt: skip
    """The list behind a number of the board; with ``due`` what falls due today or tomorrow instead of what is over."""
    if due:
        since = at if due == "today" else due_until("today", at)
        cases = Application.objects.filter(due_at__gte=since, due_at__lt=due_until(due, at))
    else:
        cases = Application.objects.overdue(at)
    cases = cases.filter(of_branch(scope), is_imported=False)
    if stage:
        states = [state for state, belongs in STAGE_OF.items() if belongs == stage and state != State.PROBLEM]
        cases = cases.filter(Q(state__in=states) | Q(state=State.PROBLEM, resume_state__in=states))
    if branch:
        cases = cases.filter(branch=None) if branch == NO_BRANCH else cases.filter(branch__code=branch)
    if age:
        cases = cases.filter(is_aged(age, "due_at", at=at))
    if clock:
        cases = cases.filter(due_clock=clock)
    return cases


def due_until(due: str, at: datetime) -> datetime:
    """The first instant after today, or after the next working day."""
    today = local_day(at)
    last = today if due == "today" else working_calendar().next_workday(today)
    return midnight(last + timedelta(days=1))


def clock_label(kind: str) -> str:
    return str(Clock(kind).label)


# -- how old -----------------------------------------------------------------------------------------------------------
def is_aged(age: str, since: str, *, at: datetime) -> Q:
    """The rows of an age bucket, by the instant in the column ``since``."""
    least, below = AGES[age]
    old_enough = Q(**{f"{since}__lte": at - timedelta(days=least)})
    return old_enough if below is None else old_enough & Q(**{f"{since}__gt": at - timedelta(days=below)})


def age_of(since: str, *, at: datetime) -> Case:
    """The age bucket of a row; what has come about since ``at`` was read is of the youngest."""
    youngest, *older = AGES
    buckets = (When(is_aged(age, since, at=at), then=Value(age)) for age in older)
    return Case(*buckets, default=Value(youngest), output_field=CharField())

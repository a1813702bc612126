"""What is overdue now: by stage, branch, age and clock.

Due is read from the cases themselves, never from the breaches that the sweep has written: a sweep that is late hides
nothing (rule K9). A case counts once, by its earliest running deadline. Cases from before the system are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Case, CharField, Count, Q, Value, When
from django.db.models.functions import TruncDate

from applications.lifecycle import STAGE_OF, Clock, Stage, State
from applications.models import Application
from applications.querysets import ApplicationQuerySet
from ops_center.clock import local_day
from ops_center.kernel.worktime import SHANGHAI
from organization.models import Branch
from supervision.models import Breach
from supervision.selectors import midnight, of_branch

# Age of an overdue case in days by the wall clock: name, from, below.
AGES: dict[str, tuple[int, int | None]] = {"0-1": (0, 1), "1-3": (1, 3), "3-7": (3, 7), "7+": (7, None)}
STAGES = tuple(stage for stage in Stage if stage != Stage.ENDED)
TREND_DAYS = 14
NO_BRANCH = "-"  # leads that no branch has taken yet


@dataclass(frozen=True, slots=True)
class Overdue:
    """The overdue cases of a scope, counted in one pass. ``cells``: (branch code, stage) → cases."""

    total: int
    cells: Mapping[tuple[str, str], int]
    ages: Mapping[str, int]
    clocks: Mapping[str, int]
    branches: Mapping[str, str]  # code → name, of those that have a case


def overdue_board(*, scope: Branch | None, at: datetime) -> Overdue:
    rows = (
        overdue_cases(scope=scope, at=at)
        .order_by()
        .values_list("branch__code", "branch__name", "state", "resume_state", "due_clock", _age(at))
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
    return Overdue(total=sum(ages.values()), cells=cells, ages=ages, clocks=clocks, branches=branches)


def overdue_cases(
    *, scope: Branch | None, at: datetime, stage: str = "", branch: str = "", age: str = "", clock: str = ""
) -> ApplicationQuerySet:
    """The list behind a number of the board."""
    cases = Application.objects.overdue(at).filter(of_branch(scope), is_imported=False)
    if stage:
        states = [state for state, belongs in STAGE_OF.items() if belongs == stage and state != State.PROBLEM]
        cases = cases.filter(Q(state__in=states) | Q(state=State.PROBLEM, resume_state__in=states))
    if branch:
        cases = cases.filter(branch=None) if branch == NO_BRANCH else cases.filter(branch__code=branch)
    if age:
        older_than, younger_than = AGES[age]
        cases = cases.filter(due_at__lte=at - timedelta(days=older_than))
        if younger_than is not None:
            cases = cases.filter(due_at__gt=at - timedelta(days=younger_than))
    if clock:
        cases = cases.filter(due_clock=clock)
    return cases


def breach_trend(*, scope: Branch | None, at: datetime) -> list[tuple[date, int]]:
    """Breaches by the day on which they fell due, for the last 14 days, today included."""
    today = local_day(at)
    first = today - timedelta(days=TREND_DAYS - 1)
    breaches = Breach.objects.filter(due_at__gte=midnight(first), due_at__lt=at)
    if scope is not None:
        breaches = breaches.filter(branch=scope)
    per_day = dict(breaches.order_by().values_list(TruncDate("due_at", tzinfo=SHANGHAI)).annotate(breaches=Count("pk")))
    days = [first + timedelta(days=n) for n in range(TREND_DAYS)]
    return [(day, per_day.get(day, 0)) for day in days]


def clock_label(kind: str) -> str:
    return str(Clock(kind).label)


def _age(at: datetime) -> Case:
    """The age bucket of a case by its due time."""
    older = [
        When(due_at__gt=at - timedelta(days=below), then=Value(name)) for name, (_from, below) in AGES.items() if below
    ]
    return Case(*older, default=Value("7+"), output_field=CharField())

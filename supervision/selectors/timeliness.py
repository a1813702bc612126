"""Whether the stages keep their time: on-time rate, first pass, how long they take, and how that changes.

Days that are over are read from their figures, every other day from the clocks (supervision.models.figures). A branch
head sees the own branch, a person without a board of the own role the own clocks.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, IntegerField, OuterRef, Prefetch, Q, Sum
from django.db.models.functions import Coalesce, TruncDate
from django.utils.translation import gettext as _

from applications.lifecycle import Clock, Outcome
from applications.models import Application, CaseClock, ProblemItem, ReturnNote
from applications.querysets import CaseClockQuerySet
from applications.services.clocks import is_personal
from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed
from ops_center.kernel.worktime import SHANGHAI
from ops_center.web.keyset import PAGE_SIZE, Keyset, Page
from organization.models import Branch, Employee
from organization.roles import Role
from supervision.models import Breach, BreachCount, DayFigure, Part, PeriodTimes, TouchedDay
from supervision.on_time import RETURNED, Tally, outcomes_of
from supervision.periods import Month
from supervision.selectors import SEES_EVERY_BRANCH, midnight
from supervision.selectors.counted import ASKED_FOR_PASSES, count_live
from supervision.selectors.overdue import NO_BRANCH

ROLLING = {"7": 7, "30": 30}  # periods that end today: so many days and today
MONTHS_SHOWN = 6
FORTNIGHT = 14  # days of a trend where there is little room
VERDICTS = ("in-time", "late", "exempt", "open", "first", "second", "breached")
BY_DUE = frozenset({"open", "breached"})  # listed by their deadline: not all of them have stopped
SLOWEST = Keyset("-took", "-id", filled=True, carried={"took": IntegerField()})  # runs by what one part of them took

# The minutes of a period's days, part by part; {only} narrows the days to a branch. A median is a time that was taken.
TIMES_OF = """
    SELECT kind, part, percentile_disc(0.5) WITHIN GROUP (ORDER BY minutes) AS median,
           percentile_disc(0.9) WITHIN GROUP (ORDER BY minutes) AS p90, count(*) AS clocks
    FROM (SELECT kind, 'GROSS' AS part, unnest(gross) AS minutes FROM days
          UNION ALL SELECT kind, 'NET', unnest(net) FROM days
          UNION ALL SELECT kind, 'WAIT', unnest(wait) FROM days
          UNION ALL SELECT kind, 'WORK', unnest(work) FROM days) m
    WHERE minutes IS NOT NULL
    GROUP BY 1, 2
""".replace(
    "FROM days",
    "FROM supervision_daytimes WHERE day BETWEEN %(first)s AND %(until)s {only}",
)
# The runs that these minutes are of, part by part as well.
_RUNS = """
    SELECT clock, took FROM (
        SELECT unnest(clocks) AS clock, unnest({part}) AS took FROM supervision_daytimes
        WHERE kind = %(kind)s AND day BETWEEN %(first)s AND %(until)s {only}
    ) runs
    WHERE clock IS NOT NULL AND took IS NOT NULL {beyond}
    ORDER BY took {way}, clock {way} LIMIT %(most)s
"""


# -- what is asked -----------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Scope:
    """Whose clocks: everybody's, a branch's, or one person's."""

    branch: Branch | None = None
    person: Employee | None = None

    @classmethod
    def of(cls, reader: Employee, *, at: datetime) -> Scope:
        """Everybody's for who sees the bank, the branch's for its head, for anybody else the own."""
        roles = reader.role_codes(local_day(at))
        if roles & SEES_EVERY_BRANCH:
            return cls()
        return cls(branch=reader.branch) if Role.BH in roles else cls(person=reader)

    @property
    def level(self) -> DayFigure.Scope:
        if self.person is not None:
            return DayFigure.Scope.PERSON
        return DayFigure.Scope.BRANCH if self.branch is not None else DayFigure.Scope.BANK

    @property
    def key(self) -> int:
        return self.person_key or self.branch_key or 0

    @property
    def branch_key(self) -> int | None:
        return self.branch.pk if self.branch is not None else None

    @property
    def person_key(self) -> int | None:
        return self.person.pk if self.person is not None else None


@dataclass(frozen=True, slots=True)
class Window:
    """The days of a period: the last 7 or 30 and today, or a month as far as it has come."""

    name: str
    first: date
    last: date

    @classmethod
    def read(cls, text: str, *, at: datetime) -> Window:
        """From ``7``, ``30`` or ``2026-11``; nothing is the last 30 days. Malformed (400) for anything else."""
        today, name = local_day(at), text or "30"
        if name in ROLLING:
            return cls(name, today - timedelta(days=ROLLING[name]), today)
        if not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", name):
            sentence = _("A period is 7, 30 (days) or a month like 2026-11.")
            raise Malformed("bad_period", sentence, {"period": sentence})
        month = Month.read(name, at=at)
        return cls(name, month.first_day, min(month.next.first_day - timedelta(days=1), max(today, month.first_day)))

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]

    @property
    def starts_at(self) -> datetime:
        return midnight(self.first)

    @property
    def ends_at(self) -> datetime:
        return midnight(self.last + timedelta(days=1))


def days_over(period: str, *, today: date) -> tuple[date, date]:
    """The first day of a period, and its last one that is over."""
    window = Window.read(period, at=midnight(today))
    return window.first, min(window.last, today - timedelta(days=1))


# -- on time, first pass -----------------------------------------------------------------------------------------------
@dataclass(slots=True)
class Live:
    """What was read of days that are not counted yet, so that one page reads it once: (day, kind, outcome, …)."""

    days: set[date] = field(default_factory=set)
    rows: list[tuple[date, str, str, int, int]] = field(default_factory=list)

    def read(self, scope: Scope, days: Iterable[date]) -> list[tuple[date, str, str, int, int]]:
        wanted = set(days)
        if new := wanted - self.days:
            self.rows += count_live("day", days=new, branch=scope.branch_key, person=scope.person_key)
            self.days |= new
        return [row for row in self.rows if row[0] in wanted]


def by_stage(scope: Scope, window: Window, *, at: datetime, live: Live | None = None) -> dict[str, Tally]:
    """Every clock of the scope with what stopped in the period and what is open and overdue; in the charter's order."""
    tallies, late = _closed("kind", scope, window, live=live), _open_overdue(scope, window, at=at)
    overdue: Iterable[tuple[str, int]]
    if scope.person is not None:
        overdue = Counter(clock.kind for clock in _personal(late)).items()
    else:
        overdue = late.order_by().values_list("kind").annotate(Count("pk"))
    for kind, clocks in overdue:
        tallies[kind].open_overdue = clocks
    return {kind: tallies[kind] for kind in Clock.values if kind in tallies}


def by_branch(kind: str, scope: Scope, window: Window, *, at: datetime) -> dict[int, Tally]:
    """One clock, branch by branch (by key; 0 are the cases that belong to none)."""
    tallies = _closed("branch", scope, window, kind=kind)
    late = _open_overdue(scope, window, at=at, kind=kind).order_by()
    for key, clocks in late.values_list(Coalesce("application__branch", 0)).annotate(clocks=Count("pk")):
        tallies[key].open_overdue = clocks
    return dict(tallies)


def by_person(kind: str, scope: Scope, window: Window, *, at: datetime) -> dict[int, Tally]:
    """One clock, person by person (by key): what they answer for, without what ran out in the queue."""
    tallies = _closed("person", scope, window, kind=kind)
    late = _open_overdue(scope, window, at=at, kind=kind).filter(owner__isnull=False)
    for key, clocks in Counter(clock.owner_id for clock in _personal(late)).items():
        tallies[key].open_overdue = clocks
    return dict(tallies)


def rate_per_day(scope: Scope, *, at: datetime, live: Live | None = None) -> list[tuple[date, Tally]]:
    """What stopped on each of the last 30 days, today included; what is still open has no day yet."""
    window = Window.read("30", at=at)
    tallies = _closed("day", scope, window, live=live)
    return [(day, tallies[day]) for day in window.days]


def breaches_per_day(scope: Scope, *, at: datetime) -> list[tuple[date, int]]:
    """Breaches by the day on which they fell due, for the last 30 days, today included."""
    window = Window.read("30", at=at)
    if scope == Scope():
        today = midnight(window.last)
        over = BreachCount.objects.filter(day__gte=window.first, day__lt=window.last)
        per_day = dict(over.order_by().values_list("day").annotate(Sum("breaches")))
        per_day[window.last] = Breach.objects.filter(due_at__gte=today, due_at__lt=at).count()
    else:
        breaches = Breach.objects.filter(due_at__gte=window.starts_at, due_at__lt=at)
        if scope.branch is not None:
            breaches = breaches.filter(branch=scope.branch)
        if scope.person is not None:
            breaches = breaches.filter(owner=scope.person)
        day_due = TruncDate("due_at", tzinfo=SHANGHAI)
        per_day = dict(breaches.order_by().values_list(day_due).annotate(breaches=Count("*")))
    return [(day, per_day.get(day, 0)) for day in window.days]


def _closed(
    group: str, scope: Scope, window: Window, *, kind: str = "", live: Live | None = None
) -> defaultdict[Any, Tally]:
    """What stopped in the period, by kind, day, branch or person; first passes by kind and day only."""
    of_person, with_passes = scope.person is not None or group == "person", group in ASKED_FOR_PASSES
    tallies: defaultdict[Any, Tally] = defaultdict(Tally)
    for name, clock, outcome, clocks, first_pass in _rows(group, scope, window, kind, live or Live()):
        tallies[name].add(outcome, clocks, first_pass, kind=clock if with_passes else "", of_person=of_person)
    return tallies


def _rows(group: str, scope: Scope, window: Window, kind: str, live: Live) -> Iterator[tuple[Any, str, str, int, int]]:
    uncounted = days_to_count(window.days)
    level = {"branch": DayFigure.Scope.BRANCH, "person": DayFigure.Scope.PERSON}.get(group, scope.level)
    figures = DayFigure.objects.filter(scope=level, day__gte=window.first, day__lte=window.last)
    figures = figures.exclude(day__in=uncounted)
    if kind:
        figures = figures.filter(kind=kind)
    if group in ("kind", "day") or scope.level != DayFigure.Scope.BANK:
        figures = figures.filter(key=scope.key)
    name = {"branch": "key", "person": "key"}.get(group, group)
    yield from (
        figures.order_by().values_list(name, "kind", "outcome").annotate(Sum("clocks"), Sum("first_pass"))
    )  # fmt: skip
    if not uncounted:
        return
    if group in ("kind", "day"):
        for day, clock, outcome, clocks, first_pass in live.read(scope, uncounted):
            yield (day if group == "day" else clock), clock, outcome, clocks, first_pass
    else:
        yield from count_live(group, days=uncounted, kind=kind, branch=scope.branch_key, person=scope.person_key)


def days_to_count(days: Sequence[date]) -> list[date]:
    """Those of the days that are not counted, or not as they are now."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT d.day FROM unnest(%s::date[]) AS d(day)
                WHERE EXISTS (SELECT FROM {TouchedDay._meta.db_table} t WHERE t.day = d.day)""",  # noqa: S608
            [list(days)],
        )
        return [row[0] for row in cursor.fetchall()]


def _open_overdue(scope: Scope, window: Window, *, at: datetime, kind: str = "") -> CaseClockQuerySet:
    """Running clocks past due; of a period that is over, those that fell due in or before it."""
    until = min(at, window.ends_at)
    clocks = CaseClock.objects.overdue(until).of_own_cases()
    if kind:
        clocks = clocks.filter(kind=kind)
    if scope.branch is not None:
        clocks = clocks.filter(application__branch=scope.branch)
    return clocks.filter(owner=scope.person) if scope.person is not None else clocks


def _personal(clocks: CaseClockQuerySet) -> list[CaseClock]:
    """Those that somebody took with two working hours left (ASM-19)."""
    known = clocks.only("kind", "owner", "owned_since", "started_at", "due_at").order_by()
    return [clock for clock in known if is_personal(clock)]


# -- how long ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Times:
    """Of one part of one stage, in working minutes (clocks by the calendar: in minutes)."""

    median: int
    p90: int
    clocks: int


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Every stage that somebody measured, part by part, up to the last day that was counted."""

    until: date | None
    stages: Mapping[str, Mapping[str, Times]]


def stage_times(scope: Scope, window: Window, *, at: datetime) -> StageTimes:
    """Of the days of a period that are over; one person's times are nobody's figure."""
    first, until = days_over(window.name, today=local_day(at))
    rows: Sequence[tuple[str, str, int, int, int]]
    if scope.branch is None:
        known = PeriodTimes.objects.filter(period=window.name)
        until = known.values_list("until", flat=True).first() or until
        rows = list(known.values_list("kind", "part", "median", "p90", "clocks"))
    else:
        with connection.cursor() as cursor:
            cursor.execute(
                TIMES_OF.format(only="AND branch_id = %(branch)s"),
                {"first": first, "until": until, "branch": scope.branch.pk},
            )
            rows = cursor.fetchall()
    stages: defaultdict[str, dict[str, Times]] = defaultdict(dict)
    for kind, part, *figures in rows:
        stages[kind][part] = Times(*figures)
    return StageTimes(until if rows else None, {kind: stages[kind] for kind in Clock.values if kind in stages})


# -- the lists behind the numbers --------------------------------------------------------------------------------------
def clocks_behind(
    scope: Scope, window: Window, *, at: datetime, verdict: str, kind: str = "", branch: str = "", person: str = "",
    day: date | None = None,
) -> CaseClockQuerySet:  # fmt: skip
    """The clocks that a number counts: ``verdict`` is one of VERDICTS, the other filters are as on the board. Their
    cases are read beside them: joined as well, they would be more tables than the planner turns round."""
    of_person = bool(person) or scope.person is not None
    if verdict == "open":
        clocks = _open_overdue(scope, window, at=at, kind=kind)
    elif verdict == "breached":
        clocks = _breached(scope, window, at=at, day=day)
        clocks = clocks.filter(kind=kind) if kind else clocks
    else:
        clocks = _stopped(scope, window, kind=kind, day=day)
        if verdict in ("first", "second"):
            before = Q(application=OuterRef("application"))
            flawed = Exists(ProblemItem.objects.filter(before, raised_at__lte=OuterRef("stopped_at"))) | Exists(
                ReturnNote.objects.filter(before, returned_at__lte=OuterRef("stopped_at"))
            )
            clocks = clocks.filter(kind=Clock.ENTRY).exclude(outcome__in=RETURNED)
            clocks = clocks.filter(~Q(flawed) if verdict == "first" else Q(flawed))
        else:
            clocks = clocks.filter(outcome__in=outcomes_of(verdict, of_person=of_person))
        if scope.branch is not None:
            clocks = _of_cases(clocks, Q(branch=scope.branch))
    if person:
        clocks = clocks.filter(owner__number=person)
    if branch:
        clocks = _of_cases(clocks, Q(branch=None) if branch == NO_BRANCH else Q(branch__code=branch))
    if verdict == "open" and of_person:
        clocks = CaseClock.objects.filter(pk__in=[clock.pk for clock in _personal(clocks)])
    cases = Application.objects.select_related("branch", "product")
    return clocks.select_related("owner", "owner_branch").prefetch_related(Prefetch("application", cases))


def slowest(
    scope: Scope, window: Window, *, kind: str, part: str, at: datetime, size: int = PAGE_SIZE,
    after: str | None = None, before: str | None = None,
) -> Page[CaseClock]:  # fmt: skip
    """The runs behind the median and the P90 of one part of a stage (``stage_times``), the slowest first, each with the
    minutes that this part ``took``. Malformed (400) for a position that is none."""
    first, until = days_over(window.name, today=local_day(at))
    facts: dict[str, Any] = {"kind": kind, "first": first, "until": stage_times(scope, window, at=at).until or until}
    if scope.branch is not None:
        facts["branch"] = scope.branch.pk

    def take(seen: list[Any] | None, backwards: bool, most: int) -> list[CaseClock]:
        statement = _RUNS.format(
            part=Part(part).lower(),
            only="AND branch_id = %(branch)s" if scope.branch is not None else "",
            beyond=f"AND (took, clock) {'>' if backwards else '<'} (%(took)s, %(clock)s)" if seen else "",
            way="ASC" if backwards else "DESC",
        )
        took, clock = seen or (None, None)
        with connection.cursor() as cursor:
            cursor.execute(statement, {**facts, "took": took, "clock": clock, "most": most})
            minutes = dict(cursor.fetchall())
        related = ("application__branch", "application__product", "owner", "owner_branch")
        runs: dict[int, Any] = CaseClock.objects.select_related(*related).in_bulk(list(minutes))
        for key, run in runs.items():
            run.took = minutes[key]
        return [runs[key] for key in minutes]

    return SLOWEST.cut(take, model=CaseClock, size=size, after=after, before=before)


def _breached(scope: Scope, window: Window, *, at: datetime, day: date | None) -> CaseClockQuerySet:
    """Clocks whose breach fell due in the period, or on one day (``breaches_per_day``)."""
    first, last = (day, day) if day else (window.first, window.last)
    clocks = CaseClock.objects.filter(
        breach__due_at__gte=midnight(first), breach__due_at__lt=min(midnight(last + timedelta(days=1)), at)
    )
    if scope.branch is not None:
        clocks = clocks.filter(breach__branch=scope.branch)
    return clocks.filter(breach__owner=scope.person) if scope.person is not None else clocks


def _stopped(scope: Scope, window: Window, *, kind: str, day: date | None) -> CaseClockQuerySet:
    first, last = (day, day) if day else (window.first, window.last)
    clocks = CaseClock.objects.filter(
        stopped_at__gte=midnight(first), stopped_at__lt=midnight(last + timedelta(days=1))
    ).exclude(outcome=Outcome.VOID)
    clocks = clocks.filter(kind=kind) if kind else clocks.filter(kind__in=Clock.values)
    return clocks.filter(owner=scope.person) if scope.person is not None else clocks


def _of_cases(clocks: CaseClockQuerySet, cases: Q) -> CaseClockQuerySet:
    """Those of a branch's cases. Clocks and cases meet in their indexes; only what is found is read from the tables."""
    of_them = clocks.filter(application__in=Application.objects.filter(cases).values("pk"))
    return CaseClock.objects.filter(pk__in=of_them.values("pk"))

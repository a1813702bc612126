"""Targets: what a branch or a person aims at in a month, what is reached, and how that compares with the time gone.

Completion and time progress are rounded to one decimal first and then compared, so that whoever checks the page with a
pencil comes to the same gap (domain section 11).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import Count, Q, Value

from applications.models import Application
from applications.querysets import ApplicationQuerySet
from ops_center.clock import local_day
from organization.models import Branch, Employee
from organization.roles import Role
from organization.services.calendar import working_calendar
from supervision import errors
from supervision.models import Measure, Target
from supervision.periods import Month, Span
from supervision.selectors import SEES_EVERY_BRANCH, branch_in_sight

AMBER_DOWN_TO = Decimal(-10)  # percentage points behind the time
SETS_BRANCHES, SETS_PEOPLE = Role.MGT, Role.BH
MAY_HAVE_TARGETS = (Branch.Kind.BRANCH, Branch.Kind.CARD_CENTER)
ONE_PLACE = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Counted:
    """How a measure is counted: by which stamp, for which person and branch; ``what`` is counted once each."""

    stamp: str
    person: str
    branch: str
    what: str = "pk"

    def within(self, span: Span) -> Q:
        return Q(**{f"{self.stamp}__gte": span.starts_at, f"{self.stamp}__lt": span.ends_at})


COUNTED: Mapping[Measure, Counted] = {
    Measure.REFERRALS: Counted("referred_at", "referrer", "referrer__branch"),
    Measure.INTAKES: Counted("taken_in_at", "collector", "branch"),
    Measure.ACTIVATIONS: Counted("activated_at", "collector", "branch"),
    Measure.GROUPS: Counted("taken_in_at", "collector", "branch", what="batch_code"),
}


def counted_cases(measure: Measure, *, span: Span) -> ApplicationQuerySet:
    """The cases behind a measure of a period; records of the time before the system are left out."""
    cases = Application.objects.filter(COUNTED[measure].within(span), is_imported=False)
    return cases.of_groups() if measure == Measure.GROUPS else cases


def cases_of(measure: Measure, *, span: Span, branch: Branch | None = None, person: Employee | None = None) \
        -> ApplicationQuerySet:  # fmt: skip
    """The list behind one figure."""
    cases, by = counted_cases(measure, span=span), COUNTED[measure]
    if branch is not None:
        cases = cases.filter(**{by.branch: branch})
    return cases.filter(**{by.person: person}) if person is not None else cases


# -- figures -----------------------------------------------------------------------------------------------------------
def time_progress(month: Month, *, at: datetime) -> Decimal | None:
    """Working days of the month up to and including today ÷ all of them, per cent to one decimal; a month that is over
    is 100, one to come 0."""
    gone, whole = days_gone(month, at=at)
    return _percent(gone, whole)


def days_gone(month: Month, *, at: datetime) -> tuple[int, int]:
    """Working days of the month up to and including today, and all of them."""
    calendar, after = working_calendar(), month.next.first_day
    tomorrow = min(local_day(at) + timedelta(days=1), after)
    return calendar.workdays_between(month.first_day, tomorrow), calendar.workdays_between(month.first_day, after)


def _percent(part: int, whole: int) -> Decimal | None:
    return (Decimal(100) * part / whole).quantize(ONE_PLACE, ROUND_HALF_UP) if whole else None


@dataclass(frozen=True, slots=True)
class Progress:
    """One measure of one branch or person: what is aimed at, what is reached, and the time gone (per cent)."""

    measure: Measure
    target: int | None
    actual: int
    time: Decimal | None

    @property
    def completion(self) -> Decimal | None:
        """Actual ÷ target, per cent to one decimal; nothing without a target."""
        return _percent(self.actual, self.target) if self.target else None

    @property
    def gap(self) -> Decimal | None:
        """Percentage points ahead of the time (negative: behind)."""
        if self.completion is None or self.time is None:
            return None
        return self.completion - self.time

    @property
    def gap_words(self) -> str:
        """The gap with its sign: ``+28.6``, ``−3.9``."""
        return "" if self.gap is None else f"{self.gap:+}".replace("-", "−")

    @property
    def light(self) -> str:
        """``green``, ``amber``, ``red``, or nothing without a target."""
        if self.gap is None:
            return ""
        return "green" if self.gap >= 0 else "amber" if self.gap >= AMBER_DOWN_TO else "red"


@dataclass(frozen=True, slots=True)
class Row:
    """A branch or a person with its measures."""

    branch: Branch | None
    person: Employee | None
    measures: Sequence[Progress]

    @property
    def key(self) -> str:
        """How forms and addresses name it: the code of the branch, or the number of the person."""
        return self.branch.code if self.branch else self.person.number if self.person else ""


def branch_rows(branches: Iterable[Branch], *, month: Month, at: datetime) -> list[Row]:
    """Each branch with its targets: two queries, whatever the number of branches."""
    wanted = list(branches)
    reached = _reached("branch", [branch.pk for branch in wanted], month)
    aimed = _aimed(Target.objects.filter(month=month.first_day, branch__in=wanted), "branch_id")
    time = time_progress(month, at=at)
    return [Row(branch, None, _measures(branch.pk, aimed, reached, time)) for branch in wanted]


def person_rows(people: Iterable[Employee], *, month: Month, at: datetime) -> list[Row]:
    """Each person with the own targets."""
    wanted = list(people)
    reached = _reached("person", [person.pk for person in wanted], month)
    aimed = _aimed(Target.objects.filter(month=month.first_day, person__in=wanted), "person_id")
    time = time_progress(month, at=at)
    return [Row(None, person, _measures(person.pk, aimed, reached, time)) for person in wanted]


def aimed_at(subject: Branch | Employee, *, month: Month, at: datetime) -> list[Progress]:
    """The measures for which a branch or a person has a target; nothing is counted where none is set."""
    of = {"branch": subject} if isinstance(subject, Branch) else {"person": subject}
    if not Target.objects.filter(month=month.first_day, value__gt=0, **of).exists():
        return []
    rows = branch_rows([subject], month=month, at=at) if isinstance(subject, Branch) else person_rows(
        [subject], month=month, at=at
    )  # fmt: skip
    return [cell for cell in rows[0].measures if cell.target]


def together(rows: Sequence[Row]) -> list[Progress]:
    """The measures of all branches summed; a branch without a target brings its cases and no target."""
    return [
        Progress(
            cells[0].measure, sum(cell.target or 0 for cell in cells) or None, sum(cell.actual for cell in cells),
            cells[0].time,
        )
        for cells in zip(*(row.measures for row in rows), strict=True)
    ]  # fmt: skip


def _measures(
    key: int, aimed: Mapping[tuple[int, str], int], reached: Mapping[tuple[int, str], int], time: Decimal | None
) -> list[Progress]:
    return [Progress(measure, aimed.get((key, measure)), reached.get((key, measure), 0), time) for measure in Measure]


def _aimed(targets: Iterable[Target], of: str) -> dict[tuple[int, str], int]:
    return {(getattr(target, of), target.measure): target.value for target in targets}


def _reached(of: str, keys: Sequence[int], month: Month) -> dict[tuple[int, str], int]:
    """All measures of all these branches or people: one query."""
    counted = []
    for measure, by in COUNTED.items():
        cases = counted_cases(measure, span=month).filter(**{f"{getattr(by, of)}__in": keys}).order_by()
        number = Count(by.what, distinct=by.what != "pk")
        counted.append(cases.values_list(getattr(by, of), Value(measure.value)).annotate(number=number))
    first, *others = counted
    return {(key, measure): number for key, measure, number in first.union(*others, all=True)}


# -- sight -------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Sight:
    """What one person reads of a month: branches, people, and the branch that was opened."""

    branches: list[Row]
    people: list[Row]
    opened: Branch | None


def sight_of(reader: Employee, *, month: Month, at: datetime, branch: str = "") -> Sight:
    """All branches for who sees the bank; the own branch with its people for its head; oneself for everybody else.

    ``branch`` opens one by its code. OutOfSight when it is not this person's to see.
    """
    roles = reader.role_codes(local_day(at))
    if roles & SEES_EVERY_BRANCH and not branch:
        return Sight(branch_rows(branches_with_targets(), month=month, at=at), [], None)
    if not branch and Role.BH not in roles:
        return Sight([], person_rows([reader], month=month, at=at), None)
    opened = branch_in_sight(reader, branch or reader.branch.code, at=at)
    people = [reader] if not roles & (SEES_EVERY_BRANCH | {Role.BH}) else people_of(opened, at=at)
    return Sight(branch_rows([opened], month=month, at=at), person_rows(people, month=month, at=at), opened)


def person_in_sight(reader: Employee, number: str, *, at: datetime) -> Employee:
    """Anybody for who sees the bank, the own people for a branch head, oneself."""
    roles = reader.role_codes(local_day(at))
    sight = Employee.objects.filter(number=number)
    if not roles & SEES_EVERY_BRANCH:
        sight = sight.filter(branch=reader.branch_id) if Role.BH in roles else sight.filter(pk=reader.pk)
    person: Employee | None = sight.first()
    if person is None:
        raise errors.no_person()
    return person


def rows_to_set(actor: Employee, *, month: Month, at: datetime) -> list[Row]:
    """The rows that a person sets: the branches for management, the own people for a branch head."""
    if SETS_BRANCHES in actor.role_codes(local_day(at)):
        return branch_rows(branches_with_targets(), month=month, at=at)
    return person_rows(people_of(actor.branch, at=at), month=month, at=at)


def branches_with_targets() -> list[Branch]:
    """Those that collect: branches and the card center."""
    return list(Branch.objects.filter(kind__in=MAY_HAVE_TARGETS, is_active=True))


def people_of(branch: Branch, *, at: datetime) -> list[Employee]:
    """The people of a branch who may have targets: its regular staff of today."""
    return list(
        Employee.objects.active()
        .filter(branch=branch, employment="REGULAR")
        .exclude(left_on__lte=local_day(at))
        .select_related("branch")
        .order_by("number")
    )


def is_over(month: Month, *, on: date) -> bool:
    return month.next.first_day <= on

"""英雄榜: the best of a month or a quarter, quality beside volume.

Referrers, collectors and branches are ranked by the cards activated in the period. Who has more than 15 % of the files
returned, or an upheld complaint, is not ranked. The back office is ranked by how much of its work was on time, then by
its errors, from a least volume on. Equal scores share a rank, who reached it earlier stands first. Shown to all is the
better half at most: there is no public list of the worst, and whoever is last is told so alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import TypeVar

from django.db.models import Count, Max, Q

from applications.lifecycle import Clock, Outcome, Step
from applications.models import Application, CaseClock, Event, KeyDifference
from applications.querysets import ApplicationQuerySet
from organization.models import Branch, Employee
from organization.roles import Role
from supervision.models import Complaint
from supervision.on_time import IN_TIME, LEFT_OUT, NOT_THE_PERSONS
from supervision.periods import Month, Span
from supervision.selectors import SEES_EVERY_BRANCH

SHOWN = 10  # at most
MOST_RETURNED = 0.15  # domain section 11
BOARDS: Mapping[str, str] = {"referrers": "referrer", "collectors": "collector", "branches": "branch"}
PEOPLE = ("referrers", "collectors")
BACK_OFFICE = (Clock.CHECK, Clock.ENTRY, Clock.FILE, Clock.COACH)  # the clocks that a person of the center answers for
LEAST_DONE_IN_A_MONTH = 20  # below, a rate says nothing about a person


@dataclass(frozen=True, slots=True)
class Standing:
    """One person or branch on a board. Rates are of the files taken in in the period; ``None`` when there were none."""

    rank: int | None  # none: not ranked, because the quality is not there
    employee: Employee | None
    branch: Branch
    activated: int
    last_at: datetime
    taken_in: int
    return_rate: float | None
    on_time_rate: float | None  # dispatched on the day; not of referrers
    has_complaint: bool = False  # an upheld one, closed in the period

    @property
    def key(self) -> int:
        return self.employee.pk if self.employee else self.branch.pk

    @property
    def has_quality(self) -> bool:
        return not self.has_complaint and (self.return_rate is None or self.return_rate <= MOST_RETURNED)

    @property
    def score(self) -> object:
        return self.activated

    @property
    def order(self) -> tuple[int, datetime]:
        return -self.activated, self.last_at


@dataclass(frozen=True, slots=True)
class Work:
    """One person of the back office: what the person finished, how much of it in time, and the errors found in it."""

    rank: int | None  # none: too little work for a rate, or an upheld complaint
    employee: Employee
    done: int
    on_time: int
    entries: int
    errors: int
    last_at: datetime
    has_complaint: bool = False

    @property
    def key(self) -> int:
        return self.employee.pk

    @property
    def on_time_rate(self) -> float:
        return self.on_time / self.done

    @property
    def error_rate(self) -> float | None:
        """Wrong fields ÷ entries submitted; of who keys only."""
        return self.errors / self.entries if self.entries else None

    @property
    def score(self) -> tuple[Fraction, Fraction]:
        return -Fraction(self.on_time, self.done), Fraction(self.errors, self.entries) if self.entries else Fraction(0)

    @property
    def order(self) -> tuple[Fraction, Fraction, datetime]:
        return *self.score, self.last_at


@dataclass(frozen=True, slots=True)
class Leaderboard:
    best: Sequence[Standing]
    own: Standing | None  # the reader's, or that of the reader's branch, wherever it stands


@dataclass(frozen=True, slots=True)
class BackOffice:
    best: Sequence[Work]
    own: Work | None
    least: int  # so much work makes a rate


# -- cards -------------------------------------------------------------------------------------------------------------
def leaderboard(board: str, *, span: Span, reader: Employee) -> Leaderboard:
    """The best of ``referrers``, ``collectors`` or ``branches``, and where the reader stands."""
    column = BOARDS[board]
    scores = list(
        activated_cases(board, span=span)
        .order_by()
        .values_list(column)
        .annotate(activated=Count("pk"), last_at=Max("activated_at"))
    )
    quality = _quality(column, span)
    keys = [key for key, *_rest in scores]
    complaints = upheld_against(span, "against__branch" if board == "branches" else "against")
    people = Employee.objects.select_related("branch").in_bulk(keys) if board in PEOPLE else {}
    branches = {} if board in PEOPLE else Branch.objects.in_bulk(keys)
    standings = [
        Standing(
            None, people.get(key), people[key].branch if key in people else branches[key], activated, last_at,
            *quality.get(key, (0, None, None)), has_complaint=key in complaints,
        )
        for key, activated, last_at in scores
    ]  # fmt: skip
    ranked = _ranked([standing for standing in standings if standing.has_quality])
    mine = reader.pk if board in PEOPLE else reader.branch_id
    own = next((standing for standing in [*ranked, *standings] if standing.key == mine), None)
    return Leaderboard(best=_shown(ranked), own=own)


def activated_cases(board: str, *, span: Span, key: str = "") -> ApplicationQuerySet:
    """The list behind a score: of all, or of one person (number) or branch (code)."""
    column = BOARDS[board]
    cases = Application.objects.filter(
        activated_at__gte=span.starts_at, activated_at__lt=span.ends_at, is_imported=False
    ).exclude(**{column: None})
    return cases.filter(**{f"{column}__{'number' if board in PEOPLE else 'code'}": key}) if key else cases


def may_open(board: str, key: str, *, reader: Employee, roles: frozenset[str]) -> bool:
    """Whether the cards behind a line are this person's to see: the own ones, those of the own branch for its head, all
    for who sees the bank."""
    if roles & SEES_EVERY_BRANCH:
        return True
    return key == reader.number if board in PEOPLE else Role.BH in roles and key == reader.branch.code


def upheld_against(span: Span, of: str) -> set[int]:
    """Keys of the people (``against``) or branches (``against__branch``) with a complaint upheld in the period."""
    upheld = Complaint.objects.filter(is_upheld=True, closed_at__gte=span.starts_at, closed_at__lt=span.ends_at)
    return set(upheld.exclude(against=None).order_by().values_list(of, flat=True))


Ranked = TypeVar("Ranked", Standing, Work)


def _ranked(rows: Iterable[Ranked]) -> list[Ranked]:
    """1, 1, 3: equal scores share a rank; who had the last activation earlier stands first among them."""
    ordered: list[Ranked] = sorted(rows, key=lambda row: row.order)
    placed: list[Ranked] = []
    for place, row in enumerate(ordered, start=1):
        tied = bool(placed) and placed[-1].score == row.score
        placed.append(replace(row, rank=placed[-1].rank if tied else place))
    return placed


def _shown(ranked: list[Ranked]) -> list[Ranked]:
    """What everybody reads of the ranked: ten, the better half if that is less, the first in any case."""
    return ranked[: min(SHOWN, max(1, len(ranked) // 2))]


def _quality(column: str, span: Span) -> dict[int, tuple[int, float | None, float | None]]:
    """Per person or branch: files taken in in the period, the part that came back, the part dispatched on the day."""
    taken_in = Application.objects.filter(
        taken_in_at__gte=span.starts_at, taken_in_at__lt=span.ends_at, is_imported=False
    ).exclude(**{column: None})
    files = {
        key: (count, received, returned)
        for key, count, received, returned in taken_in.order_by()
        .values_list(column)
        .annotate(
            count=Count("pk"),
            received=Count("pk", filter=Q(received_at__isnull=False) | Q(round__gt=1)),
            returned=Count("pk", filter=Q(round__gt=1)),
        )
    }
    on_time = {} if column == "referrer" else _dispatched_on_time(taken_in, column)
    return {
        key: (count, returned / received if received else None, on_time.get(key))
        for key, (count, received, returned) in files.items()
    }


def _dispatched_on_time(files: ApplicationQuerySet, column: str) -> dict[int, float]:
    """DISPATCH on time ÷ DISPATCH closed; what was void or exempt is left out."""
    closed = CaseClock.objects.filter(application__in=files, kind=Clock.DISPATCH, stopped_at__isnull=False).exclude(
        outcome__in=[Outcome.VOID, Outcome.EXEMPT]
    )
    rows = closed.order_by().values_list(f"application__{column}").annotate(
        closed=Count("pk"), on_time=Count("pk", filter=Q(outcome=Outcome.ON_TIME))
    )  # fmt: skip
    return {key: on_time / closed for key, closed, on_time in rows}


# -- the back office ---------------------------------------------------------------------------------------------------
def back_office(*, span: Span, reader: Employee) -> BackOffice:
    """The best of those who worked enough in the period for a rate; the reader's own figures in any case."""
    least = LEAST_DONE_IN_A_MONTH * (1 if isinstance(span, Month) else 3)
    within = Q(stopped_at__gte=span.starts_at, stopped_at__lt=span.ends_at)
    work = CaseClock.objects.filter(within, kind__in=BACK_OFFICE, owner__isnull=False, application__is_imported=False)
    rows = list(
        work.exclude(outcome__in=LEFT_OUT | NOT_THE_PERSONS)
        .order_by()
        .values_list("owner")
        .annotate(done=Count("pk"), on_time=Count("pk", filter=Q(outcome__in=IN_TIME)), last_at=Max("stopped_at"))
    )
    keyed = Event.objects.filter(step=Step.SUBMIT_ENTRY, at__gte=span.starts_at, at__lt=span.ends_at)
    entries = dict(keyed.order_by().values_list("actor").annotate(Count("pk")))
    wrong = KeyDifference.objects.filter(found_at__gte=span.starts_at, found_at__lt=span.ends_at)
    errors = dict(wrong.exclude(wrong_keyer=None).order_by().values_list("wrong_keyer").annotate(Count("pk")))
    complaints = upheld_against(span, "against")
    people = Employee.objects.select_related("branch").in_bulk([person for person, *_rest in rows])
    found = [
        Work(
            None, people[person], done, on_time, entries.get(person, 0), errors.get(person, 0), last_at,
            has_complaint=person in complaints,
        )
        for person, done, on_time, last_at in rows
    ]  # fmt: skip
    ranked = _ranked([row for row in found if row.done >= least and not row.has_complaint])
    own = next((row for row in [*ranked, *found] if row.key == reader.pk), None)
    return BackOffice(_shown(ranked), own, least)

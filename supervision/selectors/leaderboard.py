"""英雄榜: the best of a month, quality beside volume.

Score: cards activated in the month. Who has more than 15 % of the files returned is not ranked; there is no public list
of the worst. Equal scores share a rank, who reached it earlier stands first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Count, Max, Q

from applications.lifecycle import Clock, Outcome
from applications.models import Application, CaseClock
from applications.querysets import ApplicationQuerySet
from organization.models import Employee
from supervision.periods import Month

SHOWN = 10
MOST_RETURNED = 0.15  # domain section 11
BOARDS: Mapping[str, str] = {"referrers": "referrer", "collectors": "collector"}


@dataclass(frozen=True, slots=True)
class Standing:
    """One person on a board. Rates are of the files taken in in the month; ``None`` when there were none."""

    rank: int | None  # none: not ranked, because too much came back
    employee: Employee
    activated: int
    last_at: datetime
    taken_in: int
    return_rate: float | None
    on_time_rate: float | None  # dispatched on the day; collectors only

    @property
    def has_quality(self) -> bool:
        return self.return_rate is None or self.return_rate <= MOST_RETURNED


@dataclass(frozen=True, slots=True)
class Leaderboard:
    best: Sequence[Standing]
    own: Standing | None  # the reader's, wherever it stands


def leaderboard(board: str, *, month: Month, reader: Employee) -> Leaderboard:
    """The first ten of ``referrers`` or ``collectors``, and where the reader stands."""
    column = BOARDS[board]
    scores = list(
        activated_cases(board, month=month)
        .order_by()
        .values_list(column)
        .annotate(activated=Count("pk"), last_at=Max("activated_at"))
    )
    quality = _quality(column, month)
    people = Employee.objects.select_related("branch").in_bulk([person for person, *_rest in scores])
    standings = [
        Standing(None, people[person], activated, last_at, *quality.get(person, (0, None, None)))
        for person, activated, last_at in scores
    ]
    ranked = _ranked([standing for standing in standings if standing.has_quality])
    unranked = [standing for standing in standings if not standing.has_quality]
    own = next((standing for standing in [*ranked, *unranked] if standing.employee.pk == reader.pk), None)
    return Leaderboard(best=[standing for standing in ranked if standing.rank and standing.rank <= SHOWN], own=own)


def activated_cases(board: str, *, month: Month, person: str = "") -> ApplicationQuerySet:
    """The list behind a score."""
    column = BOARDS[board]
    cases = Application.objects.filter(
        activated_at__gte=month.starts_at, activated_at__lt=month.ends_at, is_imported=False
    ).exclude(**{column: None})
    return cases.filter(**{f"{column}__number": person}) if person else cases


def _ranked(standings: Sequence[Standing]) -> list[Standing]:
    """1, 1, 3: equal scores share a rank; who had the last activation earlier stands first among them."""
    ordered = sorted(standings, key=lambda standing: (-standing.activated, standing.last_at))
    having = Counter(standing.activated for standing in ordered)  # in falling order of the scores
    rank_of, ahead = {}, 0
    for score, people in having.items():
        rank_of[score] = ahead + 1
        ahead += people
    return [replace(standing, rank=rank_of[standing.activated]) for standing in ordered]


def _quality(column: str, month: Month) -> dict[int, tuple[int, float | None, float | None]]:
    """Per person: files taken in in the month, the part that came back, the part dispatched on the day."""
    taken_in = Application.objects.filter(
        taken_in_at__gte=month.starts_at, taken_in_at__lt=month.ends_at, is_imported=False
    ).exclude(**{column: None})
    files = {
        person: (count, received, returned)
        for person, count, received, returned in taken_in.order_by()
        .values_list(column)
        .annotate(
            count=Count("pk"),
            received=Count("pk", filter=Q(received_at__isnull=False) | Q(round__gt=1)),
            returned=Count("pk", filter=Q(round__gt=1)),
        )
    }
    on_time: dict[int, float] = {}
    if column == "collector":
        on_time = _dispatched_on_time(taken_in)
    return {
        person: (count, returned / received if received else None, on_time.get(person))
        for person, (count, received, returned) in files.items()
    }


def _dispatched_on_time(files: ApplicationQuerySet) -> dict[int, float]:
    """DISPATCH on time ÷ DISPATCH closed, per collector; what was void or exempt is left out."""
    closed = CaseClock.objects.filter(application__in=files, kind=Clock.DISPATCH, stopped_at__isnull=False).exclude(
        outcome__in=[Outcome.VOID, Outcome.EXEMPT]
    )
    rows = closed.order_by().values_list("application__collector").annotate(
        closed=Count("pk"), on_time=Count("pk", filter=Q(outcome=Outcome.ON_TIME))
    )  # fmt: skip
    return {person: on_time / closed for person, closed, on_time in rows}

"""Open problem items: how old they are, what is wrong, and whose turn it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import models
from django.db.models import Count, Q

from applications.models import ProblemItem
from organization.models import Branch
from supervision.selectors import of_branch
from supervision.selectors.overdue import NO_BRANCH, age_of, is_aged

# Whose turn it is, by the state of the item: the center's while nobody outside is waited for.
TURNS: Mapping[str, tuple[ProblemItem.State, ...]] = {
    "center": (ProblemItem.State.OPEN, ProblemItem.State.REPLIED),
    "branch": (ProblemItem.State.WAIT_BRANCH,),
    "customer": (ProblemItem.State.WAIT_CUSTOMER,),
    "head-office": (ProblemItem.State.WAIT_HEAD_OFFICE,),
}


@dataclass(frozen=True, slots=True)
class Problems:
    """The open items of a scope, counted in one pass. ``cells``: (turn, age) → items."""

    total: int
    cells: Mapping[tuple[str, str], int]
    codes: Mapping[str, int]
    branches: Mapping[tuple[str, str], int]  # (code, name) → items, the most first


def problem_board(*, scope: Branch | None, at: datetime) -> Problems:
    rows = (
        open_problems(scope=scope, at=at)
        .order_by()
        .values_list(
            "state", "code", "application__branch__code", "application__branch__name", age_of("raised_at", at=at)
        )
        .annotate(Count("pk"))
    )
    turn_of = {state: turn for turn, states in TURNS.items() for state in states}
    cells: Counter[tuple[str, str]] = Counter()
    codes, branches = Counter[str](), Counter[tuple[str, str]]()
    for state, code, branch, name, age, items in rows:
        cells[turn_of[state], age] += items
        codes[code] += items
        branches[branch or NO_BRANCH, name or ""] += items
    return Problems(sum(codes.values()), cells, dict(codes.most_common()), dict(branches.most_common()))


def open_problems(
    *, scope: Branch | None, at: datetime, turn: str = "", age: str = "", code: str = "", branch: str = ""
) -> models.QuerySet[ProblemItem]:
    """The list behind a number of the board."""
    items = ProblemItem.objects.filter(
        of_branch(scope, "application__"), closed_at=None, application__is_imported=False
    )
    if turn:
        items = items.filter(state__in=TURNS[turn])
    if age:
        items = items.filter(is_aged(age, "raised_at", at=at))
    if code:
        items = items.filter(code=code)
    if branch:
        wanted = Q(application__branch=None) if branch == NO_BRANCH else Q(application__branch__code=branch)
        items = items.filter(wanted)
    return items

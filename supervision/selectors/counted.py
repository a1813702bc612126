"""Clocks that have stopped, as the boards count them: the one statement behind the figures of a day that is over, and
of a day that is not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

from django.db import connection

from applications.lifecycle import Clock
from supervision.on_time import RETURNED
from supervision.selectors import midnight

# First pass: entered, and neither a problem nor a return before that.
UNSPOILT = """
    (c.kind = 'ENTRY' AND c.outcome <> ALL(%(returned)s)
     AND NOT EXISTS (SELECT FROM applications_problemitem p
                     WHERE p.application_id = c.application_id AND p.raised_at <= c.stopped_at)
     AND NOT EXISTS (SELECT FROM applications_returnnote r
                     WHERE r.application_id = c.application_id AND r.returned_at <= c.stopped_at))
"""
# One day between two instants that the planner knows: a range of the index over the clocks of a kind.
STOPPED = """
    FROM applications_caseclock c {case}
    WHERE c.kind = ANY(%(kinds)s) AND c.stopped_at >= %(from)s AND c.stopped_at < %(until)s AND c.outcome <> 'VOID'
"""
OF_THE_CASE = "JOIN applications_application a ON a.id = c.application_id"

GROUPS = {
    "kind": "c.kind",
    "day": "%(day)s::date",
    "branch": "coalesce(a.branch_id, 0)",
    "person": "c.owner_id",
}

ASKED_FOR_PASSES = ("kind", "day")


def facts_of(day: date, kinds: Iterable[str] = Clock.values) -> dict[str, Any]:
    """What the statements are asked with."""
    return {
        "day": day,
        "from": midnight(day),
        "until": midnight(day + timedelta(days=1)),
        "kinds": list(kinds),
        "returned": [str(outcome) for outcome in RETURNED],
    }


def count_live(
    group: str, *, days: Iterable[date], kind: str = "", branch: int | None = None, person: int | None = None
) -> Iterator[tuple[Any, str, str, int, int]]:
    """Of days that have to be counted as we speak: (group, kind, outcome, clocks, first pass), to be added up. First
    passes are not looked for by branch or person, where nobody asks for them."""
    cuts = ""
    if branch is not None:
        cuts += " AND a.branch_id = %(branch)s"
    if person is not None:
        cuts += " AND c.owner_id = %(person)s"
    if group == "person":
        cuts += " AND c.owner_id IS NOT NULL"
    stopped = STOPPED.format(case=OF_THE_CASE if group == "branch" or branch is not None else "") + cuts
    passes = f"count(*) FILTER (WHERE {UNSPOILT})" if group in ASKED_FOR_PASSES else "0"
    statement = f"SELECT {GROUPS[group]}, c.kind, c.outcome, count(*), {passes} {stopped} GROUP BY 1, 2, 3"
    kinds = [kind] if kind else Clock.values
    with connection.cursor() as cursor:
        for day in sorted(days):
            cursor.execute(statement, facts_of(day, kinds) | {"branch": branch, "person": person})
            yield from cursor.fetchall()

"""Clocks that have stopped, as the boards count them: the one statement behind the figures of a day that is over, and
of a day that is not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import connection

from applications.lifecycle import Clock
from supervision.on_time import RETURNED

# First pass: entered, and neither a problem nor a return before that.
UNSPOILT = """
    (c.kind = 'ENTRY' AND c.outcome <> ALL(%(returned)s)
     AND NOT EXISTS (SELECT FROM applications_problemitem p
                     WHERE p.application_id = c.application_id AND p.raised_at <= c.stopped_at)
     AND NOT EXISTS (SELECT FROM applications_returnnote r
                     WHERE r.application_id = c.application_id AND r.returned_at <= c.stopped_at))
"""
# The days are joined, so that each is one range of the index over the clocks of a kind by their stop.
STOPPED = """
    FROM unnest(%(days)s::date[]) AS d(day)
    JOIN applications_caseclock c ON c.kind = ANY(%(kinds)s)
         AND c.stopped_at >= (d.day::timestamp AT TIME ZONE 'Asia/Shanghai')
         AND c.stopped_at < ((d.day + 1)::timestamp AT TIME ZONE 'Asia/Shanghai')
         AND c.outcome <> 'VOID'
"""
OF_THE_CASE = "JOIN applications_application a ON a.id = c.application_id"

GROUPS = {
    "kind": "c.kind",
    "day": "d.day",
    "branch": "coalesce(a.branch_id, 0)",
    "person": "c.owner_id",
}


def facts_of(days: Iterable[date], kinds: Iterable[str] = Clock.values) -> dict[str, Any]:
    return {
        "days": list(days),
        "kinds": list(kinds),
        "returned": [str(outcome) for outcome in RETURNED],
    }


def count_live(
    group: str, *, days: Iterable[date], kind: str = "", branch: int | None = None, person: int | None = None
) -> list[tuple[Any, str, str, int, int]]:
    """Of days that have to be counted as we speak: (group, kind, outcome, clocks, first pass)."""
    needs_case = group == "branch" or branch is not None
    cuts = ["TRUE"]
    if branch is not None:
        cuts.append("coalesce(a.branch_id, 0) = %(branch)s")
    if person is not None:
        cuts.append("c.owner_id = %(person)s")
    if group == "person":
        cuts.append("c.owner_id IS NOT NULL")
    statement = f"""
        SELECT {GROUPS[group]}, c.kind, c.outcome, count(*), count(*) FILTER (WHERE {UNSPOILT})
        {STOPPED} {OF_THE_CASE if needs_case else ""} WHERE {" AND ".join(cuts)} GROUP BY 1, 2, 3
    """
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            facts_of(days, [kind] if kind else Clock.values) | {"branch": branch, "person": person},
        )
        rows: list[tuple[Any, str, str, int, int]] = cursor.fetchall()
        return rows

"""Who hears about a clock: the people who answer for it, and the people who watch over them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import translation

from applications.lifecycle import Clock
from applications.models import Application, CaseClock
from ops_center.clock import local_day
from organization.models import Employee
from organization.roles import Role
from organization.services.inbox import tell

NAMED = 5  # so many cases are named in a list of news; the page behind it shows all


def clock_word(kind: str) -> dict[str, str]:
    """The name of a clock as a fact of a message: translated when it is read (organization/messages.py)."""
    with translation.override(None):
        return {"word": str(Clock(kind).label), "of": "clock"}


class Answering:
    """Who answers for a clock: its person; else, for a branch, the head and the role it names; else nobody yet (it
    waits in a queue). People of a branch are read once per pass."""

    def __init__(self, at: datetime) -> None:
        self.on = local_day(at)
        self._of_branch: dict[tuple[int, str], list[int]] = {}

    def people(self, *, owner: int | None, branch: int | None, role: str) -> list[int]:
        if owner is not None:
            return [owner]
        if branch is None:
            return []
        key = (branch, role)
        if key not in self._of_branch:
            staff = Employee.objects.filter(branch=branch).holding(Role.BH, *([role] if role else []), on=self.on)
            self._of_branch[key] = list(staff.values_list("pk", flat=True))
        return self._of_branch[key]

    def of(self, clock: CaseClock) -> list[int]:
        return self.people(owner=clock.owner_id, branch=clock.owner_branch_id, role=clock.owner_role)


_TELL = """
    INSERT INTO organization_message (employee_id, kind, facts, about, at)
    SELECT coalesce(t.owner_id, p.employee_id), t.message,
           t.facts || jsonb_build_object('clock', jsonb_build_object('word', w.word, 'of', 'clock')), t.about, %(at)s
    FROM ({told}) t
    JOIN unnest(%(kinds)s::text[], %(words)s::text[]) AS w(kind, word) ON w.kind = t.kind
    LEFT JOIN unnest(%(branches)s::bigint[], %(roles)s::text[], %(people)s::bigint[]) AS p(branch_id, role, employee_id)
           ON t.owner_id IS NULL AND p.branch_id = t.owner_branch_id AND p.role = t.owner_role
    WHERE coalesce(t.owner_id, p.employee_id) IS NOT NULL
"""
_BRANCHES = "SELECT DISTINCT owner_branch_id, owner_role FROM ({told}) t WHERE owner_id IS NULL AND owner_branch_id > 0"


def tell_answering(told: str, facts: Mapping[str, Any], *, at: datetime) -> int:
    """Tells everybody who answers for a set of clocks, in one statement; returns the number of messages.

    ``told`` is a query that gives ``kind, owner_id, owner_branch_id, owner_role`` of each clock, and ``message, about,
    facts`` of its message.
    """
    kinds = list(Clock)
    with connection.cursor() as cursor:
        cursor.execute(_BRANCHES.format(told=told), facts)
        answering, rows = Answering(at), []
        for branch, role in cursor.fetchall():
            rows += [(branch, role, person) for person in answering.people(owner=None, branch=branch, role=role)]
        cursor.execute(
            _TELL.format(told=told),
            {
                **facts,
                "at": at,
                "kinds": [kind.value for kind in kinds],
                "words": [clock_word(kind)["word"] for kind in kinds],
                "branches": [row[0] for row in rows],
                "roles": [row[1] for row in rows],
                "people": [row[2] for row in rows],
            },
        )
        return int(cursor.rowcount)


def iso(column: str) -> str:
    """SQL for an instant as a fact of a message: ISO 8601 in UTC."""
    return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"')"""


def tell_watchers(roles: Sequence[str], *, kind: str, at: datetime, cases: Collection[int], about: str) -> int:
    """One message per person of these roles about all cases of a pass: lists go out as a list."""
    if not cases:
        return 0
    first = Application.objects.filter(pk__in=sorted(cases)[:NAMED]).order_by("pk")
    people = Employee.objects.holding(*roles, on=local_day(at))
    return tell(people, kind=kind, at=at, about=about, count=len(cases),
                numbers=list(first.values_list("number", flat=True)))  # fmt: skip

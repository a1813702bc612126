"""Who hears about a clock: the people who answer for it, and the people who watch over them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.utils import translation

from applications.lifecycle import Clock
from applications.models import CaseClock
from ops_center.clock import local_day
from organization.models import Employee, Message
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


class Post:
    """Messages of a pass over many cases, written in one statement when they are sent."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self._rows: list[Message] = []

    def add(self, people: Iterable[int], *, kind: str, about: str, **facts: Any) -> None:
        self._rows += [Message(employee_id=pk, kind=kind, facts=facts, about=about, at=self.at) for pk in people]

    def send(self) -> None:
        Message.objects.bulk_create(self._rows)
        self._rows.clear()


def tell_watchers(roles: Sequence[str], *, kind: str, at: datetime, numbers: Iterable[str], about: str) -> int:
    """One message per person of these roles about all cases of a pass: lists go out as a list."""
    cases = sorted(set(numbers))
    if not cases:
        return 0
    facts: dict[str, Any] = {"count": len(cases), "numbers": cases[:NAMED]}
    people = Employee.objects.holding(*roles, on=local_day(at))
    return tell(people, kind=kind, at=at, about=about, **facts)

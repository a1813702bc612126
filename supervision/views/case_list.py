"""The list of cases behind a number of a board, on the same page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from applications.lifecycle import Clock, Stage
from applications.models import Application
from applications.querysets import ApplicationQuerySet
from ops_center.web.keyset import Keyset
from ops_center.web.pages import StaffRequest
from organization.models import Employee
from organization.roles import Role
from supervision.selectors import OPENS_CASES
from supervision.services.urging import MAY_URGE

BY_DEADLINE, NEWEST = Keyset("due_at", "id"), Keyset("-id")
LATE_FIRST = Keyset("due_at", "id", filled=True)  # of cases that have a deadline
MAY_REASSIGN = frozenset({Role.TR, Role.SUP})
AT_THE_FRONT = (Stage.REFERRAL, Stage.INTAKE)


def opens_cases(request: StaffRequest) -> bool:
    return bool(request.roles & OPENS_CASES)


def acts_of(request: StaffRequest) -> dict[str, bool]:
    """What this person may do with chosen rows of a board."""
    return {"may_urge": bool(request.roles & set(MAY_URGE)), "may_reassign": bool(request.roles & MAY_REASSIGN)}


def listed(
    request: StaffRequest, asked: Mapping[str, str], cases: ApplicationQuerySet, order: Keyset
) -> dict[str, Any]:
    """One page of the cases with whose hands each is in; nothing for who reads figures only."""
    facts: dict[str, Any] = {"now": request.at, "opens_cases": opens_cases(request), "page": None, "rows": []}
    if not opens_cases(request):
        return facts
    page = order.page_of(cases.with_people(), asked)
    rows = [(case, Clock(case.due_clock).label if case.due_clock else "", _holder(case, request)) for case in page]
    return facts | {"page": page, "rows": rows}


def _holder(case: Application, request: StaffRequest) -> Employee | None:
    """Who has it: the clerk who claimed it, at the front its collector."""
    if case.is_claimed(request.at):
        return case.claimed_by
    return case.collector if case.macro_stage in AT_THE_FRONT else None

"""The figures of the boards. Each comes with the cut through the cases that it counts: every number opens its list."""

from __future__ import annotations

from datetime import date, datetime, time

from django.db.models import Q

from ops_center.clock import local_day
from ops_center.kernel.worktime import SHANGHAI
from organization.models import Branch, Employee
from organization.roles import Role
from supervision import errors

SEES_EVERY_BRANCH = frozenset({Role.TR, Role.SUP, Role.MGT, Role.AUD})
OPENS_CASES = frozenset({Role.BH, Role.TR, Role.SUP, Role.AUD})  # the management reads figures, not cases


def branch_scope(employee: Employee, at: datetime) -> Branch | None:
    """The one branch that a person's boards are about; ``None`` for those who see the whole bank."""
    return None if employee.role_codes(local_day(at)) & SEES_EVERY_BRANCH else employee.branch


def of_branch(branch: Branch | None, path: str = "") -> Q:
    """The cases of a branch: its own, and those whose paper was handed to it. ``path`` leads to the case."""
    return Q() if branch is None else Q(**{f"{path}branch": branch}) | Q(**{f"{path}host_branch": branch})


def branch_in_sight(reader: Employee, code: str, *, at: datetime) -> Branch:
    """Any branch for who sees the bank, the own one for its people; OutOfSight otherwise."""
    found = Branch.objects.filter(code=code).first()
    if found is None or branch_scope(reader, at) not in (None, found):
        raise errors.no_branch()
    return found


def midnight(on: date) -> datetime:
    """The first instant of a day in Shanghai."""
    return datetime.combine(on, time(), SHANGHAI)

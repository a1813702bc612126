"""What of a case in sight may be read: the client's masks, and why a case was refused (domain section 2)."""

from __future__ import annotations

from datetime import datetime

from applications.lifecycle import Step
from applications.models import Application, Event
from applications.querysets import SEES_ALL
from ops_center.clock import local_day
from organization.models import Employee
from organization.roles import Role

# Roles that handle paper in bags and see numbers only. EMP is everybody's second role and adds no sight here.
WITHOUT_CLIENT = frozenset({Role.EMP, Role.BAG, Role.RCV})


def sees_client(case: Application, *, employee: Employee, at: datetime) -> bool:
    """Whether the masked client is shown: not to sealers and receivers, unless the case is their own."""
    if employee.pk in (case.referrer_id, case.collector_id):
        return True
    return not employee.role_codes(local_day(at)) <= WITHOUT_CLIENT


def reads_note(event: Event, *, employee: Employee, at: datetime) -> bool:
    """Whether the note of an event is shown; why the card system refused stays with the center (T36)."""
    if event.step == Step.REJECT:
        return bool(employee.role_codes(local_day(at)) & {*SEES_ALL, Role.CC})
    return reads_words(event.actor_id, employee=employee, at=at)


def reads_words(writer: int | None, *, employee: Employee, at: datetime) -> bool:
    """Whether what somebody wrote about a case is shown. Who only referred, seals or receives reads where the case
    stands, not what was written about it; their own words they read."""
    return writer == employee.pk or not employee.role_codes(local_day(at)) <= WITHOUT_CLIENT

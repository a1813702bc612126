"""Roles and qualifications of people."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from ops_center.kernel.errors import Refused
from organization.models import Employee, RoleAssignment
from organization.roles import OPEN_TO_OUTSOURCED, Employment, Role
from organization.services.audit import record


@transaction.atomic
def assign_role(*, employee: Employee, role: str, starts_on: date, ends_on: date | None = None) -> RoleAssignment:
    """Gives a role; refused when the employment does not allow it (marketing, check and after-sales: regular staff)."""
    if employee.employment == Employment.OUTSOURCED and role not in OPEN_TO_OUTSOURCED:
        raise Refused(
            "outsourced_role",
            _("%(name)s is outsourced: outsourced staff may only key. Choose a regular employee for %(role)s.")
            % {"name": employee.name, "role": Role(role).label},
        )
    assignment, _made = RoleAssignment.objects.get_or_create(
        employee=employee, role=role, starts_on=starts_on, defaults={"ends_on": ends_on}
    )
    return assignment


@transaction.atomic
def hide_name(*, employee: Employee, hides: bool, at: datetime) -> None:
    """Whether boards and the feed show the person's name; each decides for oneself."""
    if Employee.objects.filter(pk=employee.pk, hides_name=not hides).update(hides_name=hides):
        record(action="hide_name", at=at, actor=employee, subject=employee.number, hides=hides)

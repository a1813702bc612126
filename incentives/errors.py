"""The refusals of the money that more than one service says."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from ops_center.clock import local_day
from ops_center.kernel.errors import NotAllowed, OutOfSight
from organization.models import Employee
from organization.roles import Role


def require_role(actor: Employee, *roles: Role, at: datetime) -> None:
    """NotAllowed unless the actor holds one of these roles on that day."""
    if not actor.has_role(*roles, on=local_day(at)):
        names = "、".join(str(role.label) for role in roles)
        raise NotAllowed(
            "wrong_role",
            _("This is the task of: %(roles)s. Ask your supervisor if it should be yours.") % {"roles": names},
        )


def not_found() -> OutOfSight:
    return OutOfSight("not_found", _("There is nothing here that you could see."))

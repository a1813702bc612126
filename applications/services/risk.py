"""The risk flag of a case: set by the step that named a reason with risk, taken off by audit or a supervisor."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from applications.models import Application
from applications.services.engine import Ref, lock
from ops_center.clock import local_day
from ops_center.kernel.errors import NotAllowed
from organization.models import Employee
from organization.roles import Role
from organization.services.audit import record


@transaction.atomic
def clear_risk_flag(*, case: Ref, actor: Employee, at: datetime, reason: str) -> Application:
    """Takes the flag off, with the reason in the audit log. The next reason with risk sets it again."""
    if not actor.has_role(Role.AUD, Role.SUP, on=local_day(at)):
        raise NotAllowed("wrong_role", _("A risk flag is taken off by audit or by a supervisor."))
    found = lock(case)
    if found.is_risk:
        found.is_risk = False
        found.version += 1
        found.save(update_fields=["is_risk", "version"])
        record(action="clear_risk", at=at, actor=actor, subject=found.number, reason=reason)
    return found

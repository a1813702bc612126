"""A case that stands still because its client says not to have applied; rules.require_not_frozen is what it means."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from applications.lifecycle import Freeze
from applications.models import Application
from applications.services.engine import Ref, lock
from organization.models import Employee
from organization.services.audit import record


@transaction.atomic
def freeze_case(
    *, case: Ref, complaint: str, actor: Employee, at: datetime, why: Freeze = Freeze.DENIED
) -> Application:
    """Stops a case for a complaint (by its number), or says why it stays stopped; in the audit log."""
    found = lock(case)
    found.freeze, found.frozen_for = why, complaint
    return _changed(found, "freeze_case", complaint=complaint, actor=actor, at=at)


@transaction.atomic
def unfreeze_case(*, case: Ref, complaint: str, actor: Employee, at: datetime) -> Application:
    """Lets a case go on, if it is this complaint that stopped it."""
    found = lock(case)
    if found.frozen_for != complaint:
        return found
    found.freeze = found.frozen_for = ""
    return _changed(found, "unfreeze_case", complaint=complaint, actor=actor, at=at)


def _changed(case: Application, action: str, *, complaint: str, actor: Employee, at: datetime) -> Application:
    case.version += 1
    case.save(update_fields=["freeze", "frozen_for", "version"])
    record(action=action, at=at, actor=actor, subject=case.number, complaint=complaint)
    return case

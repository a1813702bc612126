"""A breach is explained and decided under the lock of its row."""

from __future__ import annotations

from datetime import datetime

from organization.models import Employee
from supervision import errors
from supervision.models import Breach, Justification


def lock_breach(breach_id: int, *, actor: Employee, at: datetime) -> Breach:
    """The breach with its row locked, if the actor may see it. Read anew once the lock is held: what was joined to the
    row while another decision was under way would still show no decision."""
    if not Breach.objects.visible_to(actor, at).filter(pk=breach_id).exists():
        raise errors.no_breach()
    Breach.objects.select_for_update().get(pk=breach_id)
    return Breach.objects.with_facts().get(pk=breach_id)


def undecided(breach: Breach) -> Justification:
    """Its explanation, while it waits for a decision; Refused otherwise."""
    filed = breach.explanation
    if filed is None:
        raise errors.nothing_filed()
    if filed.decided_at is not None:
        raise errors.already_decided()
    return filed

"""Standard minutes of a queue: drafted by one of the management, approved by a second, in force from a day ahead."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from applications.lifecycle import QUEUES
from ops_center.kernel.errors import Malformed
from organization.models import Employee
from organization.services import versions
from organization.services.audit import record
from supervision.models import StandardMinutes

LEAST, MOST = Decimal("0.5"), Decimal(240)  # minutes for one piece of work


@transaction.atomic
def draft_minutes(
    *, queue: str, minutes: Decimal, starts_on: date, note: str, actor: Employee, at: datetime
) -> StandardMinutes:
    """Malformed for a queue that does not exist, minutes that no piece of work takes, or a day that is not ahead."""
    versions.require_management(actor, at=at)
    versions.require_ahead(starts_on, at=at)
    wrong = {}
    if queue not in QUEUES:
        wrong["queue"] = _("There is no such queue. Choose one of the list.")
    if not LEAST <= minutes <= MOST:
        wrong["minutes"] = _("Between %(least)s and %(most)s.") % {"least": LEAST, "most": MOST}
    if wrong:
        raise Malformed("bad_minutes", " ".join(wrong.values()), wrong)
    row = StandardMinutes.objects.create(
        queue=queue, minutes=minutes, starts_on=starts_on, note=versions.require_note(note), drafted_by=actor,
        drafted_at=at,
    )  # fmt: skip
    record(
        action="draft_standard_minutes", at=at, actor=actor, subject=queue, minutes=str(minutes),
        starts_on=starts_on.isoformat(),
    )  # fmt: skip
    return row


def approve_minutes(*, version: int, actor: Employee, at: datetime) -> StandardMinutes:
    """Puts a draft in force from its day on; by a second person of the management."""
    return versions.approve(StandardMinutes, pk=version, actor=actor, at=at)


def discard_minutes(*, version: int, actor: Employee, at: datetime) -> StandardMinutes:
    """Takes a draft off the table; by anyone of the management, the drafter included."""
    return versions.discard(StandardMinutes, pk=version, actor=actor, at=at)

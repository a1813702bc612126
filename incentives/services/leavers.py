"""离职人员: whoever leaves keeps what was earned; HR decides, person by person, whether it is paid or voided."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from applications.models import Application
from incentives import errors
from incentives.lifecycle import HoldCause
from incentives.models import Hold, RewardEntry
from incentives.services.holds import end_holds
from incentives.services.locks import lock_ledger
from incentives.services.requests import require_text
from incentives.services.voids import void_lines
from ops_center.kernel.errors import Refused
from organization.models import Employee
from organization.roles import Role
from organization.services.audit import record


@transaction.atomic
def decide_leaver(*, person: str, is_paid: bool, reason: str, actor: Employee, at: datetime) -> int:
    """Pays or voids all that is held for a person who has left, with a reason; returns how many entries."""
    errors.require_role(actor, Role.HR, at=at)
    require_text(reason)
    lock_ledger()
    held = Hold.objects.filter(cause=HoldCause.LEFT, released_at=None, entry__payee__number=person)
    cases = Application.objects.filter(pk__in=held.values("entry__assessment_id")).order_by("pk")
    list(cases.select_for_update(of=("self",), no_key=True))
    entries = list(
        RewardEntry.objects.filter(pk__in=held.values("entry_id"), mirrored_by=None)
        .select_related("assessment__application")
        .order_by("pk")
    )
    if not entries:
        raise Refused("nothing_held", _("Nothing is held for %(person)s.") % {"person": person})
    if is_paid:
        end_holds(entries, by=actor, at=at, reason=reason)
    else:
        void_lines(entries, by=actor, at=at, reason=reason)
    total = sum(entry.amount_fen for entry in entries)
    record(action="pay_leaver" if is_paid else "void_leaver", at=at, actor=actor, subject=person, fen=total,
           entries=len(entries), reason=reason.strip())  # fmt: skip
    return len(entries)

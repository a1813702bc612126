"""暂缓: entries that somebody has said "not now" to. Shares that wait for their payee: services/releases.py."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from incentives import errors
from incentives.lifecycle import EntryState
from incentives.models import Hold, RewardEntry
from incentives.services.locks import lock_ledger
from ops_center.kernel.errors import Malformed, Refused
from organization.models import Employee
from organization.roles import Role
from organization.services.audit import record


@transaction.atomic
def hold(*, entry: int, reason: str, actor: Employee, at: datetime) -> RewardEntry:
    """An auditor keeps an entry from being certified and paid, with a reason; before it has been exported."""
    errors.require_role(actor, Role.AUD, at=at)
    _require_reason(reason)
    lock_ledger()
    found = visible_entry(entry, actor=actor, at=at)
    match found.state:
        case EntryState.HELD:
            raise Refused("already_held", _("This entry is held already."))
        case EntryState.EXPORTED | EntryState.PAID:
            raise Refused(
                "already_exported",
                _("This entry has been exported for payment. What is paid is taken back by a reversal."),
            )
        case EntryState.VOIDED | EntryState.REVERSED:
            raise Refused("entry_closed", _("This entry is closed: nothing will be paid for it."))
    Hold.objects.create(entry=found, reason=reason.strip(), by=actor, at=at)
    record(action="hold_reward", at=at, actor=actor, subject=found.assessment.application.number, entry=found.pk)
    return visible_entry(entry, actor=actor, at=at)


@transaction.atomic
def release(*, entry: int, reason: str, actor: Employee, at: datetime) -> RewardEntry:
    """Ends a hold, with a reason; the entry goes on from where it stood."""
    errors.require_role(actor, Role.AUD, Role.SUP, at=at)
    _require_reason(reason)
    lock_ledger()
    found = visible_entry(entry, actor=actor, at=at)
    row = Hold.objects.filter(entry=found, released_at=None).first()
    if row is None and found.state == EntryState.HELD:
        raise Refused(
            "waits_by_rule",
            _("Nobody put this share on hold: it waits for its payee (%(why)s) and is released by itself.")
            % {"why": found.get_why_display()},
        )
    if row is None:
        raise Refused("not_held", _("This entry is not held."))
    row.released_by, row.released_at, row.release_reason = actor, at, reason.strip()
    row.save(update_fields=["released_by", "released_at", "release_reason"])
    record(action="release_reward", at=at, actor=actor, subject=found.assessment.application.number, entry=found.pk)
    return visible_entry(entry, actor=actor, at=at)


def visible_entry(entry: int, *, actor: Employee, at: datetime) -> RewardEntry:
    """An entry in this person's sight, with its state; OutOfSight otherwise."""
    found = RewardEntry.objects.visible_to(actor, at).with_trace().filter(pk=entry).first()
    if found is None:
        raise errors.not_found()
    return found


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise Malformed("reason_missing", _("Give the reason."), {"reason": _("Give the reason.")})

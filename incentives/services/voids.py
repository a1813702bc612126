"""作废: an entry that was not exported is undone by its mirror; a share goes to the pool, so the case stays whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from applications.models import Application
from incentives import errors
from incentives.lifecycle import EntryKind, EntryState, PayeeKind, Why
from incentives.models import RewardEntry
from incentives.services import pay_clock
from incentives.services.confirmations import leave_drafts
from incentives.services.holds import end_holds, visible_entry, why_not_own
from incentives.services.ledger import Numbers, line_beside, mirror_of
from incentives.services.locks import lock_ledger
from incentives.services.requests import require_text
from ops_center.kernel.errors import Refused
from ops_center.kernel.money import yuan
from organization.models import Employee
from organization.roles import Role
from organization.services.audit import record
from organization.services.inbox import tell


@transaction.atomic
def void(*, entry: int, reason: str, actor: Employee, at: datetime) -> RewardEntry:
    """Audit voids an entry, with a reason, until it is exported: a certified one too, the export leaves it out."""
    errors.require_role(actor, Role.AUD, at=at)
    require_text(reason)
    lock_ledger()
    case = visible_entry(entry, actor=actor, at=at).assessment_id
    Application.objects.select_for_update(of=("self",), no_key=True).get(pk=case)
    found = visible_entry(entry, actor=actor, at=at)  # once more: what was decided while we waited
    if refusal := why_not_void(found, actor=actor):
        raise refusal
    void_lines([found], by=actor, at=at, reason=reason)
    return visible_entry(entry, actor=actor, at=at)


def why_not_void(entry: RewardEntry, *, actor: Employee) -> Refused | None:
    """What keeps this person from voiding an entry, read with its state. The page shows no button then."""
    match entry.state:
        case EntryState.EXPORTED | EntryState.PAID:
            return Refused(
                "already_exported",
                _("This entry has been exported for payment. What is paid is taken back by a claw-back."),
            )
        case EntryState.VOIDED | EntryState.REVERSED:
            return Refused("entry_closed", _("This entry is closed: nothing will be paid for it."))
    if entry.kind == EntryKind.REVERSAL:
        return Refused("is_reversal", _("A claw-back is not voided: it is set right by a correction."))
    if entry.payee_kind == PayeeKind.POOL:
        return Refused("in_pool", _("This share is in the pool already: nobody is paid for it."))
    return why_not_own([entry], actor=actor)


def void_lines(entries: Sequence[RewardEntry], *, by: Employee, at: datetime, reason: str) -> None:
    """Undoes entries of locked cases, with the ledger locked; they leave the drafts on which they stand."""
    numbers = Numbers(entry.assessment_id for entry in entries)
    rows: list[RewardEntry] = []
    for entry in entries:
        rows.append(mirror_of(entry, numbers=numbers, at=at, why=Why.VOIDED))
        if entry.kind == EntryKind.SPLIT:
            fen = entry.amount_fen
            rows.append(
                line_beside(
                    entry, numbers=numbers, at=at, amount_fen=fen, payee_kind=PayeeKind.POOL, payee=None, why=Why.VOIDED
                )
            )
    RewardEntry.objects.bulk_create(rows)
    end_holds(entries, by=by, at=at, reason=reason)
    leave_drafts(entries)
    pay_clock.give_up({entry.assessment_id for entry in entries}, at=at)
    for entry in entries:
        number = entry.assessment.application.number
        record(action="void_reward", at=at, actor=by, subject=number, entry=entry.pk, reason=reason.strip())
        tell([entry.payee_id], kind="reward_voided", at=at, about=f"/rewards/{entry.pk}/", number=number,
             amount=yuan(entry.amount_fen))  # fmt: skip

"""绩效发放: HR takes confirmed documents out of the house as sheets, once, and says when they were paid."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from applications.lifecycle import Clock
from applications.models import Application
from applications.services.clocks import turn_clocks
from incentives import errors
from incentives.lifecycle import PayeeKind, Sheet
from incentives.models import Confirmation, PayoutBatch, PayoutFile, PayoutLine, RewardEntry
from incentives.services.locks import lock_ledger
from incentives.sheets import files_of
from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed, Refused
from ops_center.kernel.money import yuan
from organization.models import Employee
from organization.roles import Employment, Role
from organization.services.audit import record
from organization.services.inbox import tell


@transaction.atomic
def make_payout(*, confirmations: Sequence[str], actor: Employee, at: datetime) -> PayoutBatch:
    """One batch over confirmed documents, with its sheets. What is held by now is left for a later batch of the same
    document. Refused when a document is not confirmed, was certified by the actor, or has nothing left to export."""
    errors.require_role(actor, Role.HR, at=at)
    lock_ledger()
    documents = _confirmed(confirmations, actor)
    waiting = RewardEntry.objects.filter(confirmation_line__confirmation__in=documents).not_exported()
    held = waiting.on_hold().aggregate(total=Sum("amount_fen"))["total"] or 0
    ready = list(waiting.not_on_hold().select_related("payee").order_by("pk"))
    if not ready:
        raise _nothing_left(documents, held)
    total = sum(entry.amount_fen for entry in ready)
    batch = PayoutBatch.objects.create(
        made_by=actor, made_at=at, confirmed_fen=total + held, held_fen=held, total_fen=total
    )
    batch.confirmations.set(documents)
    PayoutLine.objects.bulk_create(
        (PayoutLine(batch=batch, entry=entry, sheet=sheet_of(entry)) for entry in ready), batch_size=5_000
    )
    PayoutFile.objects.bulk_create(
        PayoutFile(
            batch=batch,
            sheet=sheet,
            format=form,
            content=content,
            digest=hashlib.sha256(content).hexdigest(),
            size=len(content),
        )
        for (sheet, form), content in files_of(batch).items()
    )
    record(action="export_payout", at=at, actor=actor, subject=f"payout {batch.pk}", fen=total, entries=len(ready))
    return batch


def sheet_of(entry: RewardEntry) -> Sheet:
    """On which sheet an entry leaves the house: the vendor's for outsourced workers, HR's for everybody else."""
    if entry.payee_kind == PayeeKind.CUSTOMER:
        return Sheet.CUSTOMERS
    if entry.payee is None:
        return Sheet.POOL
    return Sheet.VENDOR if entry.payee.employment == Employment.OUTSOURCED else Sheet.HR


@transaction.atomic
def mark_paid(*, batch: int, actor: Employee, at: datetime, paid_on: date | None = None) -> PayoutBatch:
    """Says that a batch was paid, and when (default: today); not before it was made, and not ahead."""
    errors.require_role(actor, Role.HR, at=at)
    found = PayoutBatch.objects.select_for_update(of=("self",)).filter(pk=batch).first()
    if found is None:
        raise errors.not_found()
    if found.is_paid:
        raise Refused("already_paid", _("This batch is already marked as paid."))
    day = paid_on or local_day(at)
    if not local_day(found.made_at) <= day <= local_day(at):
        sentence = _("The pay date lies between the day of the export and today.")
        raise Malformed("bad_pay_date", sentence, {"paid_on": sentence})
    found.paid_on, found.paid_by, found.paid_at = day, actor, at
    found.save(update_fields=["paid_on", "paid_by", "paid_at"])
    cases = Application.objects.filter(pk__in=found.lines.values("entry__assessment_id")).order_by("pk")
    turn_clocks(list(cases.select_for_update(of=("self",))), at=at, stops=Clock.PAY)
    record(action="mark_paid", at=at, actor=actor, subject=f"payout {found.pk}", paid_on=day.isoformat())
    payees = found.lines.filter(entry__payee__isnull=False).values_list("entry__payee")
    for payee, total in payees.annotate(total=Sum("entry__amount_fen")).order_by("entry__payee"):
        tell([payee], kind="reward_paid", at=at, about="/rewards/", amount=yuan(total), day=day.isoformat())
    return found


@transaction.atomic
def download(*, batch: int, sheet: str, form: str, actor: Employee, at: datetime) -> PayoutFile:
    """A sheet exactly as it was made; who took it is recorded."""
    errors.require_role(actor, Role.HR, Role.AUD, at=at)
    found = PayoutFile.objects.filter(batch=batch, sheet=sheet, format=form).first()
    if found is None:
        raise errors.not_found()
    record(action="download_payout", at=at, actor=actor, subject=f"payout {batch}", sheet=sheet, format=form)
    return found


def _confirmed(numbers: Sequence[str], actor: Employee) -> list[Confirmation]:
    documents = list(Confirmation.objects.filter(no__in=numbers).order_by("no"))
    if not documents or len(documents) != len(set(numbers)):
        sentence = _("One of these documents does not exist.")
        raise Malformed("bad_confirmation", sentence, {"confirmations": sentence})
    for document in documents:
        if not document.is_confirmed:
            raise Refused(
                "not_confirmed",
                _("%(no)s is not confirmed yet: it is exported after its certification.") % {"no": document.no},
            )
        if document.certified_by_id == actor.pk:
            raise Refused(
                "exporter_is_certifier",
                _("You certified %(no)s yourself, so a colleague exports it.") % {"no": document.no},
            )
    return documents


def _nothing_left(documents: Sequence[Confirmation], held: int) -> Refused:
    if held:
        return Refused("all_held", _("All that is left of these documents is held. Export it once it is released."))
    batches = sorted(set(PayoutBatch.objects.filter(confirmations__in=documents).values_list("pk", flat=True)))
    return Refused(
        "already_exported",
        _("These documents have been exported already, in batch %(batches)s. Its files can be downloaded again.")
        % {"batches": "、".join(map(str, batches))},
        batches=batches,
    )

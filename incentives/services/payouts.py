"""绩效发放: HR takes confirmed documents out of the house as sheets, once, and says when they were paid."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import QuerySet, Sum, Value
from django.utils.translation import gettext as _

from incentives import errors
from incentives.lifecycle import Sheet
from incentives.models import Confirmation, PayoutBalance, PayoutBatch, PayoutBuild, PayoutFile, PayoutLine, PayoutPayee
from incentives.selectors.batches import Draft, batch_of
from incentives.services import pay_clock
from incentives.services.balances import settle
from incentives.services.builds import build, build_later, not_ready
from incentives.services.holds import pull_holds
from incentives.services.locks import lock_ledger
from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed, Refused
from ops_center.kernel.money import yuan
from organization.models import Employee
from organization.roles import Role
from organization.services.audit import record
from organization.services.inbox import tell_each

AT_ONCE = 2_000  # lines: so many are on their sheets when the maker gets the answer
SHEET_READERS, VENDOR_READERS = (Role.HR, Role.AUD), (Role.VND,)


def make_payout(*, confirmations: Sequence[str], actor: Employee, at: datetime) -> PayoutBatch:
    """One batch over confirmed documents. What is held, voided or taken back by now is left out; released, it comes
    with a later batch of the same documents. Refused when a document is not confirmed or was certified by the actor,
    when nothing is left to export, or when the totals do not agree.

    The lines are frozen in a transaction of their own and stand, whatever becomes of the files: these follow at once
    for a small batch, else in the background (services/builds.py).
    """
    batch = freeze(confirmations=confirmations, actor=actor, at=at)
    if batch.build.total_rows <= AT_ONCE * len(PayoutFile.Format):
        build(batch=batch.pk, at=at)
    else:
        build_later(batch.pk)
    batch.build.refresh_from_db()
    return batch


@transaction.atomic
def freeze(*, confirmations: Sequence[str], actor: Employee, at: datetime) -> PayoutBatch:
    """The batch with its lines and balances, without a file yet."""
    errors.require_role(actor, Role.HR, at=at)
    lock_ledger()
    pull_holds(at=at)
    documents = documents_of(confirmations)
    draft = batch_of(documents)
    if refusal := why_not_export(documents, draft, actor=actor):
        raise refusal
    control = draft.control
    batch = PayoutBatch.objects.create(
        made_by=actor, made_at=at, confirmed_fen=control.confirmed_fen, held_fen=control.held_fen,
        voided_fen=control.voided_fen, total_fen=control.exported_fen,
    )  # fmt: skip
    batch.confirmations.set(documents)
    _take_lines(batch, draft)
    _take_payees(batch)
    settle(batch)
    # Written last: it seals the batch (migrations/0003).
    rows = control.entries * len(PayoutFile.Format)
    PayoutBuild.objects.create(batch=batch, total_rows=rows, touched_at=at)
    record(
        action="export_payout", at=at, actor=actor, subject=f"payout {batch.pk}", fen=batch.total_fen,
        entries=control.entries,
    )  # fmt: skip
    return batch


def _take_lines(batch: PayoutBatch, draft: Draft) -> None:
    """In one statement, whether they are ten or a hundred thousand."""
    lines = (
        draft.ready.with_sheet()
        .order_by("pk")
        .annotate(batch_pk=Value(batch.pk), refused=Value(False))
        .values_list("batch_pk", "pk", "sheet_code", "refused")
    )
    chosen, values = lines.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {PayoutLine._meta.db_table} (batch_id, entry_id, sheet, is_refused) {chosen}",
            values,
        )


def _take_payees(batch: PayoutBatch) -> None:
    """What the sheets say of them. Everybody is an employee; it is said of who is nothing else."""
    on = local_day(batch.made_at)
    people = Employee.objects.filter(pk__in=batch.lines.filter(entry__payee__isnull=False).values("entry__payee"))
    rows = []
    for person in people.select_related("branch").prefetch_related("roles").iterator(chunk_size=2_000):
        held = person.role_codes(on)
        shown = held - {Role.EMP} or held
        rows.append(
            PayoutPayee(
                batch=batch, payee=person, name=person.name, branch=person.branch.name,
                posts=" ".join(role for role in Role if role in shown), employment=person.employment,
                vendor=person.vendor,
            )
        )  # fmt: skip
    PayoutPayee.objects.bulk_create(rows, batch_size=2_000)


def documents_of(numbers: Sequence[str]) -> list[Confirmation]:
    """These documents; Malformed when one of them does not exist."""
    documents = list(Confirmation.objects.filter(no__in=numbers).order_by("no"))
    if not documents or len(documents) != len(set(numbers)):
        sentence = _("One of these documents does not exist.")
        raise Malformed("bad_confirmation", sentence, {"confirmations": sentence})
    return documents


def why_not_export(documents: Sequence[Confirmation], draft: Draft, *, actor: Employee) -> Refused | None:
    """What keeps this person from making a batch of these documents. The page shows the sentence instead of the
    button."""
    for document in documents:
        if not document.is_confirmed:
            return Refused(
                "not_confirmed",
                _("%(no)s is not confirmed yet: it is exported after its certification.") % {"no": document.no},
            )
        if refusal := why_not_take(document, actor=actor):
            return refusal
    control = draft.control
    if not control.is_green:
        return Refused(
            "totals_differ",
            _(
                "The sheets and what is left out differ from the confirmed amount by %(difference)s yuan: nothing is "
                "exported. Tell the auditors; they find the line in the reconciliation."
            )
            % {"difference": yuan(control.difference_fen)},
        )
    return None if control.entries else _nothing_left(documents, control.held_fen)


def why_not_take(document: Confirmation, *, actor: Employee) -> Refused | None:
    """What keeps this person from exporting a confirmed document, whatever is left of it."""
    if document.certified_by_id == actor.pk:
        return Refused(
            "exporter_is_certifier",
            _("You certified %(no)s yourself, so a colleague exports it.") % {"no": document.no},
        )
    return None


def _nothing_left(documents: Sequence[Confirmation], held: int) -> Refused:
    if held:
        return Refused("all_held", _("All that is left of these documents is held. Export it once it is released."))
    batches = sorted(set(PayoutBatch.objects.filter(confirmations__in=documents).values_list("pk", flat=True)))
    if not batches:
        sentence = _("Every entry of these documents was voided or taken back: nothing is left to pay.")
        return Refused("all_voided", sentence)
    return Refused(
        "already_exported",
        _("These documents have been exported already, in batch %(batches)s. Its files can be downloaded again.")
        % {"batches": "、".join(map(str, batches))},
        batches=batches,
    )


@transaction.atomic
def mark_paid(*, batch: int, actor: Employee, at: datetime, paid_on: date | None = None) -> PayoutBatch:
    """Says that a batch was paid, and when (default: today); not before it was made, and not ahead."""
    errors.require_role(actor, Role.HR, at=at)
    found = PayoutBatch.objects.select_for_update(of=("self",)).select_related("build").filter(pk=batch).first()
    if found is None:
        raise errors.not_found()
    day = paid_on or local_day(at)
    if not local_day(found.made_at) <= day <= local_day(at):
        sentence = _("The pay date lies between the day of the export and today.")
        raise Malformed("bad_pay_date", sentence, {"paid_on": sentence})
    if found.is_paid:
        raise Refused("already_paid", _("This batch is already marked as paid."))
    if not found.build.is_finished:
        raise not_ready(found.build)
    found.paid_on, found.paid_by, found.paid_at = day, actor, at
    found.save(update_fields=["paid_on", "paid_by", "paid_at"])
    pay_clock.end(found, at=at)
    record(action="mark_paid", at=at, actor=actor, subject=f"payout {found.pk}", paid_on=day.isoformat())
    paid = {payee: {"amount": yuan(fen), "day": day.isoformat()} for payee, fen in _payments(found).items() if fen > 0}
    tell_each(paid, kind="reward_paid", at=at, about="/rewards/")
    return found


def _payments(batch: PayoutBatch) -> dict[int, int]:
    """Fen per person that leave the house with this batch: by the balances, and to the vendor's workers."""
    went_out = batch.balances.exclude(fate__in=PayoutBalance.CAME_BACK)
    own: QuerySet[PayoutBalance, tuple[int, int]] = went_out.values_list("payee", "paid_fen")
    workers = batch.lines.filter(sheet=Sheet.VENDOR).order_by().values_list("entry__payee")
    return dict(own) | dict(workers.annotate(fen=Sum("entry__amount_fen")))


@transaction.atomic
def download(*, batch: int, sheet: str, form: str, actor: Employee, at: datetime) -> PayoutFile:
    """A sheet exactly as it was made; who took it is recorded. Refused while it is being made."""
    errors.require_role(actor, *SHEET_READERS, *(VENDOR_READERS if sheet == Sheet.VENDOR else ()), at=at)
    made = PayoutBuild.objects.filter(batch=batch).first()
    if made is None or sheet not in Sheet.values or form not in PayoutFile.Format.values:
        raise errors.not_found()
    found = PayoutFile.objects.filter(batch=batch, sheet=sheet, format=form).first()
    if found is None:
        raise not_ready(made)
    record(action="download_payout", at=at, actor=actor, subject=f"payout {batch}", sheet=sheet, format=form)
    return found

"""回盘: what the payroll says became of each payment of a batch, matched row by row. Nothing is guessed: a row that
fits no payment is listed and changes nothing.

A payment comes back in one of two ways, and its lines go out again with a later batch: refused (退回), or bounced
(退票): answered as paid, and returned by the bank afterwards.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from incentives import errors
from incentives.lifecycle import Sheet
from incentives.models import PayoutBalance, PayoutBatch, PayoutReturn, PayoutReturnRow
from incentives.return_file import ReturnedRow, read, without_long_numbers
from incentives.services import pay_clock
from incentives.services.builds import not_ready
from incentives.services.locks import lock_ledger
from ops_center.clock import local_day
from ops_center.kernel import money
from ops_center.kernel.errors import Malformed
from organization.models import Employee
from organization.roles import Role
from organization.services.audit import record
from organization.services.inbox import tell, tell_each

Before, Fate = PayoutBalance.Fate, PayoutReturnRow.Fate
ANSWERS = {"已发放": Fate.PAID, "PAID": Fate.PAID, "退回": Fate.REFUSED, "REFUSED": Fate.REFUSED}
# What an answer makes of a payment, by what was said of it before; any other pair contradicts itself.
VERDICTS = {
    (Before.OPEN, Fate.PAID): Fate.PAID,
    (Before.OPEN, Fate.REFUSED): Fate.REFUSED,
    (Before.PAID, Fate.PAID): Fate.DONE_BEFORE,
    (Before.PAID, Fate.REFUSED): Fate.BOUNCED,
    (Before.REFUSED, Fate.REFUSED): Fate.DONE_BEFORE,
    (Before.BOUNCED, Fate.REFUSED): Fate.DONE_BEFORE,
}


@transaction.atomic
def take_return(*, batch: int, name: str, content: bytes, actor: Employee, at: datetime) -> PayoutReturn:
    """Stores a return file whole and answers the payments that it names. Malformed, and nothing stored, when it cannot
    be read; the same file a second time is the first. What came back comes again with the next batch of the same
    documents, and the clock of its payout runs again; HR and the payee are told."""
    errors.require_role(actor, Role.HR, at=at)
    rows = read(content)
    lock_ledger()
    found = PayoutBatch.objects.select_related("build").filter(pk=batch).first()
    if found is None:
        raise errors.not_found()
    if not found.build.is_finished:
        raise not_ready(found.build)
    digest = hashlib.sha256(content).hexdigest()
    before = found.returns.filter(digest=digest).first()
    if before is not None:
        return before
    file = PayoutReturn.objects.create(
        batch=found, file_name=name[:120], digest=digest, uploaded_by=actor, uploaded_at=at
    )
    fates = _answer(file, rows, at=at)
    record(
        action="return_payout", at=at, actor=actor, subject=f"payout {found.pk}", paid=fates[Fate.PAID],
        refused=fates[Fate.REFUSED], bounced=fates[Fate.BOUNCED], unknown=fates[Fate.UNKNOWN],
    )  # fmt: skip
    back = fates[Fate.REFUSED] + fates[Fate.BOUNCED]
    if back or fates[Fate.UNKNOWN]:
        tell(
            Employee.objects.holding(Role.HR, on=local_day(at)), kind="payout_returned", at=at,
            about=f"/payouts/{found.pk}/", batch=found.pk, paid=fates[Fate.PAID], refused=back,
            unknown=fates[Fate.UNKNOWN],
        )  # fmt: skip
    return file


def _answer(file: PayoutReturn, rows: Sequence[ReturnedRow], *, at: datetime) -> Counter[str]:
    balances = {balance.payee.number: balance for balance in file.batch.balances.select_related("payee")}
    times = Counter(row.number for row in rows)
    told = []
    answered: list[PayoutBalance] = []
    for row in rows:
        balance = balances.get(row.number)
        fate, finding = _verdict(row, balance, times=times[row.number])
        if balance is not None and fate in Before.values:
            balance.fate, balance.finding = fate, finding
            answered.append(balance)
        number = row.number if balance else _kept(row.number, 24)
        amount, answer = _kept(row.amount, 24), _kept(row.answer, 24)
        told.append(
            PayoutReturnRow(
                file=file, line=row.line, number=number, amount=amount, answer=answer, fate=fate, finding=finding
            )
        )
    PayoutReturnRow.objects.bulk_create(told, batch_size=2_000)  # first: the database asks for them
    PayoutBalance.objects.bulk_update(answered, ["fate", "finding"], batch_size=1_000)
    _take_back(file.batch, [balance for balance in answered if balance.has_come_back], at=at)
    return Counter(row.fate for row in told)


def _verdict(row: ReturnedRow, balance: PayoutBalance | None, *, times: int) -> tuple[str, str]:
    """What became of a row, and why; of a payment that came back the payroll's reason."""
    answer = ANSWERS.get(row.answer)
    if balance is None:
        return Fate.UNKNOWN, _("No such payee in this batch.")
    if times > 1:
        return Fate.UNKNOWN, _("This number stands %(times)s times in the file.") % {"times": times}
    if answer is None:
        return Fate.UNKNOWN, _("The result is neither 已发放 nor 退回.")
    if _fen(row.amount) != balance.paid_fen:
        return Fate.UNKNOWN, _("The batch pays %(amount)s yuan.") % {"amount": money.yuan(balance.paid_fen)}
    if answer == Fate.REFUSED and not balance.paid_fen:
        return Fate.UNKNOWN, _("Nothing was to be paid, so nothing can come back.")
    match VERDICTS.get((Before(balance.fate), answer)):
        case None:
            return Fate.UNKNOWN, _("Answered before as “%(answer)s”.") % {"answer": balance.get_fate_display()}
        case Fate.DONE_BEFORE:
            return Fate.DONE_BEFORE, _("Answered before.")
        case verdict:
            return verdict, _kept(row.reason, 200) if answer == Fate.REFUSED else ""


def _take_back(batch: PayoutBatch, returned: Sequence[PayoutBalance], *, at: datetime) -> None:
    """The lines behind payments that came back are free again for a later batch of the same documents."""
    lines = batch.lines.filter(sheet=Sheet.HR, entry__payee__in=[balance.payee_id for balance in returned])
    lines.update(is_refused=True)
    pay_clock.run_again(lines, at=at)
    for fate, kind in ((Before.REFUSED, "payment_refused"), (Before.BOUNCED, "payment_bounced")):
        news = {
            balance.payee_id: {"amount": money.yuan(balance.paid_fen), "reason": balance.finding or "—"}
            for balance in returned
            if balance.fate == fate
        }
        tell_each(news, kind=kind, at=at, about="/rewards/")


def _fen(amount: str) -> int | None:
    try:
        return money.fen(amount.replace(",", ""))
    except Malformed:
        return None


def _kept(text: str, most: int) -> str:
    return without_long_numbers(text)[:most]

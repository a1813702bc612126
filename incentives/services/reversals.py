"""追索扣回: what a case has brought is taken back by negative mirror lines; audit asks, a supervisor approves.

Of what has left the house the mirror comes with the next document. What has not is mirrored too, and neither half is
ever certified or exported (querysets.py: ``still_due``).
"""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from applications.models import Application
from applications.services.card_status import cancellations
from incentives import errors
from incentives.lifecycle import EntryKind, Ground, RequestState
from incentives.models import Assessment, Reversal, RewardEntry
from incentives.querysets import RewardEntryQuerySet
from incentives.services import pay_clock
from incentives.services.confirmations import leave_drafts
from incentives.services.holds import end_holds
from incentives.services.ledger import Numbers, mirror_of
from incentives.services.locks import lock_ledger
from incentives.services.requests import asked, decide, earned, lock_case, open_request, policy_of, require_text, word
from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed, Refused
from ops_center.kernel.money import yuan
from organization.models import Employee
from organization.roles import Role
from organization.services.inbox import tell


def reversible(assessment: Assessment, payee: Employee | None = None) -> RewardEntryQuerySet:
    """The lines of a case that nothing has undone: what a claw-back takes, or one person's of them."""
    lines = RewardEntry.objects.filter(assessment=assessment, mirrors=None, mirrored_by=None)
    return lines.filter(payee=payee) if payee else lines


@transaction.atomic
def ask_reversal(
    *, case: str, actor: Employee, at: datetime, reason: str, ground: str = Ground.FRAUD, payee: Employee | None = None
) -> Reversal:
    """Audit asks to take back the rewards of a case; of an upheld complaint those of the person at fault.

    Refused after the window of the case's policy, counted today, and where the ground does not hold.
    """
    errors.require_role(actor, Role.AUD, at=at)
    require_text(reason)
    if (ground == Ground.COMPLAINT) != (payee is not None):
        sentence = _("An upheld complaint names the person at fault; the other grounds take back everybody's share.")
        raise Malformed("bad_payee", sentence, {"payee": sentence})
    assessment = earned(case)
    if refusal := why_not_reverse(assessment, at=at):
        raise refusal
    if ground == Ground.CANCELLED_UNUSED:
        _require_cancelled_unused(assessment)
    if payee is not None and not assessment.entries.filter(payee=payee).exists():
        raise Refused(
            "not_a_payee",
            _("%(person)s was paid nothing for %(number)s: name who was.") % {"person": payee.name, "number": case},
        )
    _require_something(assessment, payee)
    row = Reversal(
        assessment=assessment, ground=Ground(ground), payee=payee, reason=reason.strip(), asked_by=actor, asked_at=at
    )
    return asked(row, told=(Role.SUP,), at=at, ground=ground)


@transaction.atomic
def approve_reversal(*, reversal: int, actor: Employee, at: datetime, reason: str = "") -> Reversal:
    """A supervisor who earns nothing from the case approves: every line that stands gets its negative mirror."""
    row = open_request(Reversal, reversal, actor=actor, at=at)
    lock_ledger()
    lock_case(row.assessment)
    _require_something(row.assessment, row.payee)
    lines = list(reversible(row.assessment, row.payee).order_by("pk"))
    numbers = Numbers([row.assessment_id])
    RewardEntry.objects.bulk_create(
        mirror_of(line, numbers=numbers, at=at, why=row.ground, kind=EntryKind.REVERSAL) for line in lines
    )
    end_holds(lines, by=actor, at=at, reason=str(row.get_ground_display()))  # taken back: nothing is left to hold
    leave_drafts(lines)
    pay_clock.give_up([row.assessment_id], at=at)
    decide(row, RequestState.APPROVED, actor=actor, at=at, reason=reason)
    _tell_payees(row, lines, at=at)
    return row


def why_not_reverse(assessment: Assessment, *, at: datetime) -> Refused | None:
    """What keeps everybody from asking for a claw-back of a case. Its page offers none then."""
    number = assessment.application.number
    if not is_in_window(assessment, at=at):
        return Refused(
            "reversal_too_late",
            _("The card was activated %(days)s days ago; what it brought can be taken back for %(most)s days.")
            % {"days": _age(assessment, at=at), "most": policy_of(assessment).reversal_days},
        )
    if assessment.reversals.filter(state=RequestState.OPEN).exists():
        sentence = _("A claw-back of %(number)s already waits for a supervisor.") % {"number": number}
        return Refused("already_asked", sentence)
    return None if reversible(assessment).exists() else _nothing_left(number)


def is_in_window(assessment: Assessment, *, at: datetime) -> bool:
    """Whether what a case has brought can still be taken back, by the policy of the case, counted today."""
    return _age(assessment, at=at) <= policy_of(assessment).reversal_days


def _age(assessment: Assessment, *, at: datetime) -> int:
    """Days since the activation."""
    return (local_day(at) - _activated_on(assessment.application)).days


def _require_cancelled_unused(assessment: Assessment) -> None:
    case, within = assessment.application, policy_of(assessment).unused_days
    line = cancellations(case.number).first()
    if line is None or line.at is None:
        raise Refused(
            "not_cancelled",
            _("The card system has not said that the card of %(number)s was cancelled. Load its file first.")
            % {"number": case.number},
        )
    if case.first_spend_at is not None:
        raise Refused(
            "card_was_used",
            _("The card was used on %(day)s: it was not cancelled without use.")
            % {"day": local_day(case.first_spend_at).isoformat()},
        )
    days = (local_day(line.at) - _activated_on(case)).days
    if days > within:
        raise Refused(
            "cancelled_too_late",
            _("The card was cancelled %(days)s days after its activation; this ground holds for %(most)s days.")
            % {"days": days, "most": within},
        )


def _require_something(assessment: Assessment, payee: Employee | None) -> None:
    if not reversible(assessment, payee).exists():
        raise _nothing_left(assessment.application.number)


def _nothing_left(number: str) -> Refused:
    return Refused(
        "already_reversed", _("Everything has been taken back from %(number)s already.") % {"number": number}
    )


def _activated_on(case: Application) -> date:
    assert case.activated_at is not None, "a reward is assessed after the activation"
    return local_day(case.activated_at)


def _tell_payees(row: Reversal, lines: list[RewardEntry], *, at: datetime) -> None:
    sums: Counter[int] = Counter()
    for line in lines:
        if line.payee_id is not None:
            sums[line.payee_id] += line.amount_fen
    for payee, total in sorted(sums.items()):
        tell([payee], kind="reward_reversed", at=at, about="/rewards/", number=row.assessment.application.number,
             amount=yuan(total), ground=word(Ground(row.ground), "ground"))  # fmt: skip

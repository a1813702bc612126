"""更正: an amount that corrects what a case brought to a person; a tracker asks, a supervisor approves."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from applications.lifecycle import Performance
from incentives import errors
from incentives.lifecycle import EntryKind, PayeeKind, RequestState, Why
from incentives.models import Adjustment, Assessment, RewardEntry
from incentives.services.ledger import Numbers
from incentives.services.locks import lock_ledger
from incentives.services.requests import (
    asked,
    decide,
    earned,
    lock_case,
    open_request,
    payees_of,
    require_text,
    why_taken_back,
)
from ops_center.kernel.errors import Malformed, Refused
from ops_center.kernel.money import yuan
from organization.models import Employee
from organization.roles import Role
from organization.services.inbox import tell

ASKERS = (Role.TR,)


@transaction.atomic
def ask_adjustment(
    *, case: str, payee: Employee, role: str, amount_fen: int, reason: str, actor: Employee, at: datetime
) -> Adjustment:
    """A tracker asks for a correction of the reward of another payee of the case; signed fen. All corrections of a case
    in one direction, those that wait included, come to at most its bounty."""
    errors.require_role(actor, *ASKERS, at=at)
    require_text(reason)
    assessment = earned(case)
    return open_adjustment(
        assessment=assessment, payee=payee, role=role, amount_fen=amount_fen, reason=reason, actor=actor, at=at
    )


def open_adjustment(
    *, assessment: Assessment, payee: Employee, role: str, amount_fen: int, reason: str, actor: Employee, at: datetime
) -> Adjustment:
    """The request itself, with the case locked: asked for by a tracker, or by who upholds a dispute."""
    if not 0 < abs(amount_fen) <= assessment.bounty_fen:
        sentence = _("A correction is an amount other than 0.00, at most the bounty of the case: %(most)s yuan.") % {
            "most": yuan(assessment.bounty_fen)
        }
        raise Malformed("bad_amount", sentence, {"amount": sentence})
    if payee.pk == actor.pk:
        raise Refused("own_reward", _("Your own reward is corrected at the request of a colleague."))
    _require_payee(assessment, payee)
    if amount_fen > 0 and (refusal := why_taken_back(assessment)):
        raise refusal
    _require_bounded(assessment, amount_fen)
    _require_covered(assessment, payee, amount_fen)
    row = Adjustment(
        assessment=assessment, payee=payee, role=Performance(role), amount_fen=amount_fen, reason=reason.strip(),
        asked_by=actor, asked_at=at,
    )  # fmt: skip
    return asked(row, told=(Role.SUP,), at=at, payee=payee.number, fen=amount_fen)


@transaction.atomic
def approve_adjustment(*, adjustment: int, actor: Employee, at: datetime, reason: str = "") -> Adjustment:
    """A supervisor approves: a line of the amount is written, and comes with the next document."""
    row = open_request(Adjustment, adjustment, actor=actor, at=at)
    lock_ledger()
    lock_case(row.assessment)
    if row.amount_fen > 0 and (refusal := why_taken_back(row.assessment)):
        raise refusal
    _require_covered(row.assessment, row.payee, row.amount_fen)
    entry = RewardEntry.objects.create(
        assessment=row.assessment,
        kind=EntryKind.ADJUSTMENT,
        role=row.role,
        sequence=Numbers([row.assessment_id]).next(row.assessment_id, EntryKind.ADJUSTMENT, row.role),
        amount_fen=row.amount_fen,
        payee_kind=PayeeKind.EMPLOYEE,
        payee=row.payee,
        why=Why.ADJUSTED,
        at=at,
    )
    decide(row, RequestState.APPROVED, actor=actor, at=at, reason=reason, entry=entry)
    tell([row.payee], kind="reward_adjusted", at=at, about=f"/rewards/{entry.pk}/",
         number=row.assessment.application.number, amount=yuan(row.amount_fen))  # fmt: skip
    return row


def _require_payee(assessment: Assessment, payee: Employee) -> None:
    if not payees_of(assessment).filter(pk=payee.pk).exists():
        sentence = _("%(person)s has no part in %(number)s: choose one of its payees.") % {
            "person": payee.name, "number": assessment.application.number,
        }  # fmt: skip
        raise Malformed("not_a_payee", sentence, {"payee": sentence})


def _require_bounded(assessment: Assessment, amount_fen: int) -> None:
    """Corrections up and down are bounded each for itself: a refusal of one must not make room for the other."""
    same_way = Q(amount_fen__gt=0) if amount_fen > 0 else Q(amount_fen__lt=0)
    standing = assessment.adjustments.exclude(state=RequestState.REFUSED).filter(same_way)
    before = abs(standing.aggregate(fen=Sum("amount_fen"))["fen"] or 0)
    if before + abs(amount_fen) > assessment.bounty_fen:
        raise Refused(
            "corrected_enough",
            _(
                "Corrections of %(number)s in this direction come to %(before)s yuan already, those that wait "
                "included; together they are at most its bounty of %(most)s yuan."
            )
            % {
                "number": assessment.application.number,
                "before": yuan(before),
                "most": yuan(assessment.bounty_fen),
            },
        )


def _require_covered(assessment: Assessment, payee: Employee, amount_fen: int) -> None:
    """Nothing is taken back that was not earned from this case."""
    if amount_fen > 0:
        return
    standing = assessment.entries.filter(payee=payee, payee_kind=PayeeKind.EMPLOYEE).aggregate(fen=Sum("amount_fen"))
    has = standing["fen"] or 0
    if has + amount_fen < 0:
        raise Refused(
            "more_than_earned",
            _("%(person)s has %(amount)s yuan from %(number)s: no more than that can be taken back.")
            % {"person": payee.name, "amount": yuan(has), "number": assessment.application.number},
        )

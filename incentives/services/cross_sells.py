"""深度营销: another product, no card, that the officer sold at the coaching; somebody else confirms it, once each."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from applications.lifecycle import Performance
from applications.models import Coaching
from incentives import errors
from incentives.lifecycle import EntryKind, Ground, PayeeKind, RequestState, Why
from incentives.models import Assessment, CrossSell, RewardEntry
from incentives.services.ledger import Numbers
from incentives.services.locks import lock_ledger
from incentives.services.requests import DECIDERS, asked, decide, earned, lock_case, open_request, policy_of
from ops_center.kernel.errors import Malformed, Refused
from ops_center.kernel.money import yuan
from organization.models import Employee
from organization.roles import Role
from organization.services.inbox import tell

OFFICERS = (Role.AS, Role.CM)  # on Path A the customer manager coaches


@transaction.atomic
def report_cross_sell(*, case: str, product: str, actor: Employee, at: datetime, note: str = "") -> CrossSell:
    """The officer who coached the client says what else was sold. Once per case and product, of an earned reward."""
    errors.require_role(actor, *OFFICERS, at=at)
    if not product.strip():
        sentence = _("Name the product that was sold.")
        raise Malformed("product_missing", sentence, {"product": sentence})
    if not Coaching.objects.filter(application__number=case, officer=actor).exists():
        raise errors.not_found()
    assessment = earned(case)
    _require_standing(assessment)
    sold = assessment.cross_sells.exclude(state=RequestState.REFUSED).filter(product=product.strip())
    if sold.exists():
        raise Refused(
            "sold_before",
            _("“%(product)s” was reported for %(number)s already: it counts once.")
            % {"product": product.strip(), "number": case},
        )
    row = CrossSell(assessment=assessment, product=product.strip(), reason=note.strip(), asked_by=actor, asked_at=at)
    return asked(row, told=DECIDERS[CrossSell], at=at)


@transaction.atomic
def approve_cross_sell(*, cross_sell: int, actor: Employee, at: datetime, reason: str = "") -> CrossSell:
    """A tracker, or a supervisor, confirms the sale: the policy's fixed reward is the officer's, beside the shares."""
    row = open_request(CrossSell, cross_sell, actor=actor, at=at)
    lock_ledger()
    lock_case(row.assessment)
    _require_standing(row.assessment)
    role = Performance.AFTER_SALES
    entry = RewardEntry.objects.create(
        assessment=row.assessment,
        kind=EntryKind.CROSS_SELL,
        role=role,
        sequence=Numbers([row.assessment_id]).next(row.assessment_id, EntryKind.CROSS_SELL, role),
        amount_fen=policy_of(row.assessment).cross_sell_fen,
        payee_kind=PayeeKind.EMPLOYEE,
        payee=row.asked_by,
        why=Why.CROSS_SOLD,
        at=at,
    )
    decide(row, RequestState.APPROVED, actor=actor, at=at, reason=reason, entry=entry)
    tell([row.asked_by_id], kind="cross_sold", at=at, about=f"/rewards/{entry.pk}/",
         number=row.assessment.application.number, amount=yuan(entry.amount_fen))  # fmt: skip
    return row


def _require_standing(assessment: Assessment) -> None:
    number = assessment.application.number
    if not policy_of(assessment).cross_sell_fen:
        raise Refused(
            "nothing_for_it", _("The policy of %(number)s pays nothing for other products.") % {"number": number}
        )
    clawed_back = assessment.reversals.filter(state=RequestState.APPROVED).exclude(ground=Ground.COMPLAINT)
    if clawed_back.exists():
        raise Refused("clawed_back", _("The rewards of %(number)s were taken back.") % {"number": number})

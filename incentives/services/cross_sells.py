"""深度营销: another product, no card, that the officer sold at the coaching; somebody else confirms it, once each."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from applications.lifecycle import Performance
from applications.models import Coaching
from incentives import errors
from incentives.lifecycle import EntryKind, PayeeKind, RequestState, Why
from incentives.models import Assessment, CrossSell, RewardEntry
from incentives.reference import OTHER_PRODUCTS
from incentives.services.ledger import Numbers
from incentives.services.locks import lock_ledger
from incentives.services.requests import (
    DECIDERS,
    asked,
    decide,
    earned,
    lock_case,
    open_request,
    policy_of,
    why_taken_back,
)
from ops_center.kernel.errors import Malformed, Refused
from ops_center.kernel.money import yuan
from organization.models import Employee
from organization.roles import Role
from organization.services.inbox import tell

OFFICERS = (Role.AS, Role.CM)  # on Path A the customer manager coaches
MOST = 3  # other products of one case


@transaction.atomic
def report_cross_sell(*, case: str, product: str, actor: Employee, at: datetime, note: str = "") -> CrossSell:
    """The officer who coached the client says what else was sold. One of the bank's list; once per
    case and product and ``MOST`` per case, of an earned reward."""
    errors.require_role(actor, *OFFICERS, at=at)
    if product not in OTHER_PRODUCTS:
        sentence = _("Choose one of the products of the list: %(products)s.") % {"products": "、".join(OTHER_PRODUCTS)}
        raise Malformed("bad_product", sentence, {"product": sentence})
    if not Coaching.objects.filter(application__number=case, officer=actor).exists():
        raise errors.not_found()
    assessment = earned(case)
    if _sold(assessment).filter(product=product).exists():
        raise Refused(
            "sold_before",
            _("“%(product)s” was reported for %(number)s already: it counts once.")
            % {"product": product, "number": case},
        )
    if refusal := why_not_sell(assessment):
        raise refusal
    row = CrossSell(assessment=assessment, product=product, reason=note.strip(), asked_by=actor, asked_at=at)
    return asked(row, told=DECIDERS[CrossSell], at=at)


def why_not_sell(assessment: Assessment) -> Refused | None:
    """What keeps the officer from reporting one more product for a case. Its page offers it no longer then."""
    number = assessment.application.number
    if refusal := _why_not_paid(assessment):
        return refusal
    if _sold(assessment).count() >= MOST:
        return Refused(
            "sold_enough",
            _("%(most)s other products were reported for %(number)s already: one call counts for no more.")
            % {"most": MOST, "number": number},
        )
    return None


def _sold(assessment: Assessment) -> QuerySet[CrossSell]:
    return assessment.cross_sells.exclude(state=RequestState.REFUSED)


@transaction.atomic
def approve_cross_sell(*, cross_sell: int, actor: Employee, at: datetime, reason: str = "") -> CrossSell:
    """A tracker, or a supervisor, confirms the sale: the policy's fixed reward is the officer's, beside the shares."""
    row = open_request(CrossSell, cross_sell, actor=actor, at=at)
    lock_ledger()
    lock_case(row.assessment)
    if refusal := _why_not_paid(row.assessment):
        raise refusal
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


def _why_not_paid(assessment: Assessment) -> Refused | None:
    number = assessment.application.number
    if not policy_of(assessment).cross_sell_fen:
        return Refused(
            "nothing_for_it", _("The policy of %(number)s pays nothing for other products.") % {"number": number}
        )
    return why_taken_back(assessment)

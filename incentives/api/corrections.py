"""Claw-backs, corrections, cross-sell and disputes: asked for by one, decided by another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from applications.api.cases import case_in_sight
from applications.lifecycle import Performance
from incentives import errors
from incentives.api.fields import Yuan, number_of
from incentives.api.rewards import EntryAnswer, HoldReason, entry_in_sight
from incentives.lifecycle import Ground, RequestState
from incentives.models import Adjustment, CrossSell, Dispute, Reversal, RewardEntry
from incentives.querysets import SEES_ALL
from incentives.reference import OTHER_PRODUCTS
from incentives.selectors.corrections import with_case
from incentives.services.adjustments import approve_adjustment, ask_adjustment
from incentives.services.cross_sells import approve_cross_sell, report_cross_sell
from incentives.services.disputes import decide_dispute, dispute
from incentives.services.requests import R, refuse
from incentives.services.reversals import approve_reversal, ask_reversal
from incentives.services.voids import void
from ops_center.web.api import Api, Call, Paged, listed, operation, paged
from ops_center.web.keyset import Keyset
from ops_center.web.shapes import Flag, FreeText, Named, Shape
from organization.models import Employee

NEWEST, MOST_URGENT = Keyset("-id"), Keyset("due_at", "id")


# -- in ----------------------------------------------------------------------------------------------------------------
class SignedYuan(serializers.DecimalField):
    """Yuan as text, with a sign: "-4.00". Read as fen."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=9, decimal_places=2, **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid")
        return int(super().to_internal_value(data) * 100)


class NewReversal(Shape):
    reason = FreeText(max_length=300)
    ground = serializers.ChoiceField(Ground.choices, required=False, default=Ground.FRAUD)
    payee = Named(
        slug_field="number",
        queryset=Employee.objects.all(),
        required=False,
        help_text="Who is at fault: with COMPLAINT only.",
    )


class NewAdjustment(Shape):
    payee = Named(slug_field="number", queryset=Employee.objects.all())
    role = serializers.ChoiceField(Performance.choices)
    amount = SignedYuan(help_text='Signed yuan as text: "-4.00".')
    reason = FreeText(max_length=300)


class NewCrossSell(Shape):
    product = serializers.ChoiceField([(name, name) for name in OTHER_PRODUCTS])
    note = FreeText(max_length=300, required=False, allow_blank=True, default="")


class Approval(Shape):
    reason = FreeText(max_length=300, required=False, allow_blank=True, default="")


class NewDispute(Shape):
    text = FreeText(max_length=300)


class DisputeDecision(Shape):
    accepted = Flag()
    note = FreeText(max_length=300)
    amount = SignedYuan(required=False, help_text="Upheld: the correction that is asked for at once.")


class AskedRequests(Paged):
    state = serializers.ChoiceField(RequestState.choices, required=False)


# -- out ---------------------------------------------------------------------------------------------------------------
class RequestAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    application = serializers.CharField(source="assessment.application.number")
    state = serializers.ChoiceField(RequestState.choices)
    reason = serializers.CharField()
    asked_by = number_of("asked_by")
    asked_at = serializers.DateTimeField()
    decided_by = number_of("decided_by")
    decided_at = serializers.DateTimeField(allow_null=True)
    decision = serializers.CharField()


class ReversalAnswer(RequestAnswer):
    ground = serializers.ChoiceField(Ground.choices)
    payee = number_of("payee")


class AdjustmentAnswer(RequestAnswer):
    payee = number_of("payee")
    role = serializers.ChoiceField(Performance.choices)
    amount = Yuan(source="amount_fen")
    entry = serializers.IntegerField(source="entry_id", allow_null=True)


class CrossSellAnswer(RequestAnswer):
    product = serializers.CharField()
    entry = serializers.IntegerField(source="entry_id", allow_null=True)


class DisputeAnswer(RequestAnswer):
    entry = serializers.IntegerField(source="entry_id")
    due_at = serializers.DateTimeField()
    explanation = serializers.JSONField(help_text="How the date came about: the days as they were counted.")


def _in_sight(call: Call, model: type[R]) -> QuerySet[R]:
    """Requests that this person sees: who watches over the money all, everybody else the own."""
    rows = with_case(model)
    if SEES_ALL.isdisjoint(call.roles):
        rows = rows.filter(asked_by=call.actor)
    state = call.asked.get("state")
    return rows.filter(state=state) if state else rows


def _asked_for(model: type[R]) -> Callable[[Call, int], R]:
    """Finds a request of a kind that this person sees; OutOfSight otherwise."""

    def find(call: Call, key: int) -> R:
        found = _in_sight(call, model).filter(pk=key).first()
        if found is None:
            raise errors.not_found()
        return found

    return find


# -- claw-backs --------------------------------------------------------------------------------------------------------
class ReverseRewards(Api):
    @operation(
        roles="AUD",
        facts=NewReversal,
        sight=case_in_sight,
        answer=ReversalAnswer,
        status=201,
        summary="Ask for a claw-back",
    )
    def post(self, call: Call, number: str) -> Reversal:
        """Of everything that the case has brought, or of the person at fault; a supervisor decides."""
        return ask_reversal(case=number, actor=call.actor, at=call.at, **call.facts)


class Reversals(Api):
    @operation(
        roles="TR SUP MGT AUD", asked=AskedRequests, answer=paged(ReversalAnswer), summary="Claw-backs, newest first"
    )
    def get(self, call: Call) -> dict[str, Any]:
        return listed(call, _in_sight(call, Reversal), NEWEST)


class ApproveReversal(Api):
    @operation(
        roles="SUP", facts=Approval, sight=_asked_for(Reversal), answer=ReversalAnswer, summary="Approve a claw-back"
    )
    def post(self, call: Call, key: int) -> Reversal:
        """Every line that stands gets its negative mirror. By somebody who earns nothing from the case."""
        return approve_reversal(reversal=key, actor=call.actor, at=call.at, **call.facts)


class RefuseReversal(Api):
    @operation(
        roles="SUP", facts=HoldReason, sight=_asked_for(Reversal), answer=ReversalAnswer, summary="Refuse a claw-back"
    )
    def post(self, call: Call, key: int) -> Reversal:
        return refuse(Reversal, key, actor=call.actor, at=call.at, **call.facts)


# -- corrections -------------------------------------------------------------------------------------------------------
class NewAdjustments(Api):
    @operation(
        roles="TR",
        facts=NewAdjustment,
        sight=case_in_sight,
        answer=AdjustmentAnswer,
        status=201,
        summary="Ask for a correction",
    )
    def post(self, call: Call, number: str) -> Adjustment:
        """Of another person's reward, by a signed amount; a supervisor decides."""
        facts = dict(call.facts)
        return ask_adjustment(case=number, actor=call.actor, at=call.at, amount_fen=facts.pop("amount"), **facts)


class Adjustments(Api):
    @operation(
        roles="TR SUP MGT AUD", asked=AskedRequests, answer=paged(AdjustmentAnswer), summary="Corrections, newest first"
    )
    def get(self, call: Call) -> dict[str, Any]:
        return listed(call, _in_sight(call, Adjustment), NEWEST)


class ApproveAdjustment(Api):
    @operation(
        roles="SUP",
        facts=Approval,
        sight=_asked_for(Adjustment),
        answer=AdjustmentAnswer,
        summary="Approve a correction",
    )
    def post(self, call: Call, key: int) -> Adjustment:
        """A line of the amount is written; it comes with the next document."""
        return approve_adjustment(adjustment=key, actor=call.actor, at=call.at, **call.facts)


class RefuseAdjustment(Api):
    @operation(
        roles="SUP",
        facts=HoldReason,
        sight=_asked_for(Adjustment),
        answer=AdjustmentAnswer,
        summary="Refuse a correction",
    )
    def post(self, call: Call, key: int) -> Adjustment:
        return refuse(Adjustment, key, actor=call.actor, at=call.at, **call.facts)


# -- cross-sell --------------------------------------------------------------------------------------------------------
class NewCrossSells(Api):
    @operation(
        roles="AS CM",
        facts=NewCrossSell,
        sight=case_in_sight,
        answer=CrossSellAnswer,
        status=201,
        summary="Report a product sold",
    )
    def post(self, call: Call, number: str) -> CrossSell:
        """No card: that is a new referral. By the officer who coached the client, once per product."""
        return report_cross_sell(case=number, actor=call.actor, at=call.at, **call.facts)


class CrossSells(Api):
    @operation(asked=AskedRequests, answer=paged(CrossSellAnswer), summary="Other products sold, newest first")
    def get(self, call: Call) -> dict[str, Any]:
        """Who watches over the money sees all, officers their own."""
        return listed(call, _in_sight(call, CrossSell), NEWEST)


class ApproveCrossSell(Api):
    @operation(
        roles="TR SUP",
        facts=Approval,
        sight=_asked_for(CrossSell),
        answer=CrossSellAnswer,
        summary="Confirm a product sold",
    )
    def post(self, call: Call, key: int) -> CrossSell:
        """The policy's fixed reward is the officer's."""
        return approve_cross_sell(cross_sell=key, actor=call.actor, at=call.at, **call.facts)


class RefuseCrossSell(Api):
    @operation(
        roles="TR SUP",
        facts=HoldReason,
        sight=_asked_for(CrossSell),
        answer=CrossSellAnswer,
        summary="Refuse a product sold",
    )
    def post(self, call: Call, key: int) -> CrossSell:
        return refuse(CrossSell, key, actor=call.actor, at=call.at, **call.facts)


# -- disputes ----------------------------------------------------------------------------------------------------------
class NewDisputes(Api):
    @operation(facts=NewDispute, sight=entry_in_sight, answer=DisputeAnswer, status=201, summary="Dispute an own entry")
    def post(self, call: Call, entry: int) -> Dispute:
        """Answered within five working days by somebody who earns nothing from the case."""
        return dispute(entry=entry, actor=call.actor, at=call.at, **call.facts)


class Disputes(Api):
    @operation(asked=AskedRequests, answer=paged(DisputeAnswer), summary="Disputes, most urgent first")
    def get(self, call: Call) -> dict[str, Any]:
        """Who watches over the money sees all, everybody else the own."""
        return listed(call, _in_sight(call, Dispute), MOST_URGENT)


class DecideDispute(Api):
    @operation(
        roles="TR SUP",
        facts=DisputeDecision,
        sight=_asked_for(Dispute),
        answer=DisputeAnswer,
        summary="Answer a dispute",
    )
    def post(self, call: Call, key: int) -> Dispute:
        """Upheld or rejected, in a sentence. Upheld with an amount, a correction is asked for at once."""
        facts = dict(call.facts)
        return decide_dispute(dispute=key, actor=call.actor, at=call.at, amount_fen=facts.pop("amount", None), **facts)


# -- voids -------------------------------------------------------------------------------------------------------------
class VoidEntry(Api):
    @operation(roles="AUD", facts=HoldReason, sight=entry_in_sight, answer=EntryAnswer, summary="Void an entry")
    def post(self, call: Call, entry: int) -> RewardEntry:
        """Until it is exported. A share goes to the pool, so that the case stays whole."""
        return void(entry=entry, actor=call.actor, at=call.at, **call.facts)

"""Outages under ``/api/v1/outages/``: those that were declared, what one would do, its declaration, its early end, its
withdrawal."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from applications.api.answers import number_of
from applications.models import Outage
from ops_center.web.api import Api, Call, Paged, listed, operation, paged
from ops_center.web.keyset import Keyset
from ops_center.web.shapes import FreeText, Instant, Many, Shape
from supervision.api.recounts import RecountAnswer
from supervision.services import outages

NEWEST = Keyset("-since", "-id")
Json = dict[str, Any]


class OutageAnswer(serializers.Serializer[Outage]):
    id = serializers.IntegerField()
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    reason = serializers.CharField()
    states = serializers.ListField(child=serializers.CharField(), help_text="Only cases in these; empty: all.")
    moved = serializers.IntegerField(help_text="Deadlines that it has moved so far.")
    recount = RecountAnswer(allow_null=True)
    declared_by = number_of("declared_by")
    declared_at = serializers.DateTimeField()
    withdrawn_by = number_of("withdrawn_by")
    withdrawn_at = serializers.DateTimeField(allow_null=True)


class EffectAnswer(serializers.Serializer[Any]):
    """Clocks that stand still, deadlines that move, and what is overdue no more by it."""

    paused = serializers.IntegerField()
    moved = serializers.IntegerField()
    relieved = serializers.IntegerField()


class WindowBody(Shape):
    since = Instant(help_text="At most seven days back.")
    until = Instant()
    states = Many(
        child=serializers.ChoiceField([state.value for state in outages.MAY_STAND_STILL]), required=False, default=list
    )


class OutageBody(WindowBody):
    reason = FreeText(max_length=200)


class Outages(Api):
    @operation(roles="SUP TR MGT AUD", asked=Paged, answer=paged(OutageAnswer), summary="Declared outages")
    def get(self, call: Call) -> Json:
        """Newest first."""
        return listed(call, Outage.objects.select_related("declared_by", "withdrawn_by", "recount"), NEWEST)

    @operation(roles="SUP", facts=OutageBody, answer=OutageAnswer, status=201, summary="Declare an outage")
    def post(self, call: Call) -> Outage:
        """Every clock that runs inside the window is paused for it, many portion by portion (`recount`); nothing is
        excused twice (409)."""
        return outages.declare_outage(actor=call.actor, at=call.at, **call.facts)


class OutagePreview(Api):
    @operation(roles="SUP", facts=WindowBody, answer=EffectAnswer, summary="What an outage would do")
    def post(self, call: Call) -> Json:
        """Writes nothing."""
        plan = outages.preview_outage(at=call.at, **call.facts)
        return {"paused": len(plan.found), "moved": len(plan.moved), "relieved": len(plan.relieved)}


class OutageEnd(Api):
    @operation(roles="SUP", answer=OutageAnswer, summary="End an outage that lasts")
    def post(self, call: Call, outage: int) -> Outage:
        """What stood still runs on from now."""
        return outages.end_outage(outage=outage, actor=call.actor, at=call.at)


class OutageWithdrawal(Api):
    @operation(roles="SUP", answer=OutageAnswer, summary="Withdraw an outage that lies ahead")
    def post(self, call: Call, outage: int) -> Outage:
        """Until it begins (409 from then on); it stays in the list, and no clock stands still for it."""
        return outages.withdraw_outage(outage=outage, actor=call.actor, at=call.at)

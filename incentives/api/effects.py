"""What hangs on the decision about a breach, and what has come of it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from applications.lifecycle import Performance
from incentives.api.fields import Yuan
from incentives.api.rewards import EntryAnswer
from incentives.selectors.effects import Aftermath, Effect, aftermath_of, effect_of, may_weigh
from ops_center.web.api import Api, Call, operation
from supervision import errors
from supervision.models import Breach


class HangsAnswer(serializers.Serializer[Effect]):
    role = serializers.ChoiceField(Performance.choices)
    share = Yuan(source="share_fen", help_text="Of the role in this case.")
    if_accepted = Yuan(source="accepted_fen")
    if_refused = Yuan(source="refused_fen")
    is_promise = serializers.BooleanField(help_text="The card is not activated yet: only if it will be.")
    has_other_delay = serializers.BooleanField(help_text="Of several late clocks of a role the worst counts once.")


class AftermathAnswer(serializers.Serializer[Aftermath]):
    """`late`, `in-time`, or empty where the clock is left out."""

    person = serializers.ChoiceField(["late", "in-time", ""], help_text="In the person's on-time rate.")
    stage = serializers.ChoiceField(["late", "in-time", ""], help_text="In the rates of stage and branch.")
    entries = EntryAnswer(many=True, help_text="The person's timeliness lines of this role, mirrors included.")
    net = Yuan(source="net_fen")


class BreachEffectAnswer(serializers.Serializer[Any]):
    pending = serializers.BooleanField(help_text="It may still be explained, or waits for a decision.")
    hangs = HangsAnswer(allow_null=True, help_text="While pending; null: no money hangs on this clock.")
    came = AftermathAnswer(allow_null=True, help_text="Null while pending.")


class BreachEffect(Api):
    @operation(answer=BreachEffectAnswer, summary="What a decision means, and has come to, in money")
    def get(self, call: Call, breach: int) -> dict[str, Any]:
        """For trackers, supervisors, audit and whose breach it is."""
        found = Breach.objects.visible_to(call.actor, call.at).with_facts().filter(pk=breach).first()
        if found is None:
            raise errors.no_breach()
        if not may_weigh(found, call.actor, call.roles):
            raise errors.effect_of_others()
        came = aftermath_of(found, at=call.at)
        return {
            "pending": came is None,
            "hangs": effect_of(found, at=call.at) if came is None else None,
            "came": came,
        }

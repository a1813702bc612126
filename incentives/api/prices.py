"""How a bounty is divided, as a question to everybody."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from applications.lifecycle import Path, Performance
from incentives.api.fields import Yuan
from incentives.services import pricing
from incentives.services.pricing import Division
from ops_center.clock import local_day
from ops_center.kernel import money
from ops_center.web.api import Api, Call, operation
from ops_center.web.shapes import Shape


class AskedSplit(Shape):
    bounty = serializers.CharField(max_length=16, help_text="Yuan, such as 99.99.")
    path = serializers.ChoiceField(Path.choices)
    double_keyed = serializers.ChoiceField(["0", "1"], required=False, default="0")
    on = serializers.DateField(required=False, help_text="Whose policy applies; today.")


class ShareAnswer(serializers.Serializer[Any]):
    role = serializers.ChoiceField(Performance.choices)
    amount = Yuan()


class DivisionAnswer(serializers.Serializer[Division]):
    shares = serializers.SerializerMethodField()
    sum = Yuan(source="total_fen")
    policy_version = serializers.CharField(source="policy.version")

    @extend_schema_field(ShareAnswer(many=True))
    def get_shares(self, division: Division) -> Any:
        return ShareAnswer([{"role": role, "amount": amount} for role, amount in division.shares], many=True).data


class Split(Api):
    @operation(asked=AskedSplit, answer=DivisionAnswer, summary="How a bounty is divided")
    def get(self, call: Call) -> pricing.Division:
        """By role in the fixed order, for every path; in Path A one person is paid all of them."""
        asked = call.asked
        return pricing.split(
            bounty_fen=money.fen(asked["bounty"]),
            path=asked["path"],
            double_keyed=asked["double_keyed"] == "1",
            on=asked.get("on") or local_day(call.at),
        )

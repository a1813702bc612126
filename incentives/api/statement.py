"""The own month in figures, and what a branch head may count."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from incentives.api.fields import Yuan
from incentives.lifecycle import EntryKind, EntryState
from incentives.models import PayoutBalance
from incentives.periods import month_of, period_of
from incentives.selectors.branch import PersonCount, head_count
from incentives.selectors.forecast import forecast_of
from incentives.selectors.statement import PARTS, head_of, own_entries, slips_of
from ops_center.web.api import Api, Call, operation
from ops_center.web.shapes import Shape

SLIPS = 12  # so many are answered


class AskedPeriod(Shape):
    period = serializers.CharField(
        max_length=8, required=False, help_text="2026-11 or 2026-W47, by the accrual; the running month if not given."
    )


class PartAnswer(serializers.Serializer[Any]):
    part = serializers.ChoiceField(list(PARTS))
    amount = Yuan()


class StateAnswer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(EntryState.choices)
    entries = serializers.IntegerField()
    amount = Yuan()


class SlipAnswer(serializers.Serializer[PayoutBalance]):
    batch = serializers.IntegerField(source="batch_id")
    due = Yuan(source="due_fen")
    brought_forward = Yuan(source="brought_fen")
    paid = Yuan(source="paid_fen")
    carried_forward = Yuan(source="carried_fen")
    answer = serializers.ChoiceField(PayoutBalance.Fate.choices, source="fate")
    paid_on = serializers.DateField(source="batch.paid_on", allow_null=True)


class SummaryAnswer(serializers.Serializer[Any]):
    period = serializers.CharField()
    net = Yuan()
    parts = PartAnswer(many=True, help_text="They sum to the net.")
    states = StateAnswer(many=True, help_text="They sum to the net.")
    forecast = Yuan(help_text="What running cases would bring if their cards were activated: not earned.")
    running_cases = serializers.IntegerField()
    slips = SlipAnswer(many=True, help_text="The last pay slips, newest first.")


class MySummary(Api):
    @operation(asked=AskedPeriod, answer=SummaryAnswer, summary="One's own rewards of a period in figures")
    def get(self, call: Call) -> dict[str, Any]:
        """By part and by state; what is promised stands apart."""
        span = period_of(call.asked.get("period") or month_of(call.at))
        head, promised = head_of(own_entries(call.actor, span)), forecast_of(call.actor, call.at)
        return {
            "period": span.label,
            "net": head.net_fen,
            "parts": [{"part": part, "amount": fen} for part, fen in head.parts.items()],
            "states": [{"state": state, "entries": number, "amount": fen} for state, number, fen in head.states],
            "forecast": promised.total_fen,
            "running_cases": len(promised.promises),
            "slips": slips_of(call.actor)[:SLIPS],
        }


class PersonCountAnswer(serializers.Serializer[PersonCount]):
    person = serializers.CharField(source="person.number")
    entries = serializers.IntegerField(source="total")
    kinds = serializers.DictField(child=serializers.IntegerField(), help_text=f"Of {', '.join(EntryKind.values)}.")
    states = serializers.DictField(child=serializers.IntegerField(), help_text=f"Of {', '.join(EntryState.values)}.")


class BranchAnswer(serializers.Serializer[Any]):
    period = serializers.CharField()
    people = PersonCountAnswer(many=True)


class BranchRewards(Api):
    @operation(roles="BH", asked=AskedPeriod, answer=BranchAnswer, summary="Rewards of the own branch, by count")
    def get(self, call: Call) -> dict[str, Any]:
        """How many entries everybody has, by kind and by state. Amounts are each person's own."""
        span = period_of(call.asked.get("period") or month_of(call.at))
        return {"period": span.label, "people": head_count(call.actor.branch_id, span).people}

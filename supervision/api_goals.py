"""The API of goals: targets with what has been reached, set and taken over from the month before."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from ops_center.kernel.errors import Malformed
from ops_center.web.api import Api, Call, operation
from ops_center.web.shapes import Shape
from organization.api_shapes import BranchField, EmployeeField
from supervision.models import Measure
from supervision.periods import Month
from supervision.selectors import goals
from supervision.services.targets import MOST, copy_targets, set_targets

Json = dict[str, Any]


class TargetQuery(Shape):
    month = serializers.CharField(max_length=7, required=False, help_text="2026-11; the running one.")
    branch = BranchField(required=False, help_text="With the people of this branch.")


class TargetBody(Shape):
    month = serializers.CharField(max_length=7, required=False, help_text="2026-11; the running one.")
    branch = BranchField(required=False)
    person = EmployeeField(required=False)
    measure = serializers.ChoiceField(Measure.choices)
    value = serializers.IntegerField(min_value=0, max_value=MOST, allow_null=True, help_text="Null takes it back.")

    def validate(self, attrs: Json) -> Json:
        if ("branch" in attrs) == ("person" in attrs):
            raise serializers.ValidationError(
                {"branch": [_("A target is a branch's or a person's: name one of the two.")]}
            )
        return attrs


class CopyBody(Shape):
    month = serializers.CharField(max_length=7, required=False, help_text="The month to fill; the running one.")


class ProgressAnswer(serializers.Serializer[Any]):
    measure = serializers.ChoiceField(Measure.choices)
    target = serializers.IntegerField(allow_null=True)
    actual = serializers.IntegerField()
    completion_pct = serializers.DecimalField(
        max_digits=12, decimal_places=1, source="completion", allow_null=True, help_text="Null: no target, or 0."
    )
    gap = serializers.DecimalField(max_digits=12, decimal_places=1, allow_null=True)
    light = serializers.ChoiceField(["green", "amber", "red", ""])


class TargetRow(serializers.Serializer[Any]):
    branch = serializers.CharField(source="branch.code", allow_null=True, default=None)
    person = serializers.CharField(source="person.number", allow_null=True, default=None)
    measures = ProgressAnswer(many=True)


class TargetsAnswer(serializers.Serializer[Any]):
    month = serializers.CharField()
    time_progress_pct = serializers.DecimalField(max_digits=5, decimal_places=1, allow_null=True)
    rows = TargetRow(many=True)


class ChangedAnswer(serializers.Serializer[Any]):
    changed = serializers.IntegerField(help_text="How many targets are others than before.")


class Targets(Api):
    @operation(roles="EMP", asked=TargetQuery, answer=TargetsAnswer, summary="Targets and what is reached")
    def get(self, call: Call) -> Json:
        """All branches for who sees the bank; a branch head the own branch with its people; others themselves."""
        month = _month(call.asked, call)
        branch = call.asked.get("branch")
        sight = goals.sight_of(call.actor, month=month, at=call.at, branch=branch.code if branch else "")
        return {
            "month": str(month),
            "time_progress_pct": goals.time_progress(month, at=call.at),
            "rows": [*sight.branches, *sight.people],
        }

    @operation(roles="MGT BH", facts=TargetBody, answer=ChangedAnswer, summary="Set a target")
    def post(self, call: Call) -> Json:
        """Management sets the branches', a branch head the own people's. A month that is over refuses (409)."""
        facts = call.facts
        wanted = {(facts.get("branch") or facts["person"], Measure(facts["measure"])): facts["value"]}
        return {"changed": set_targets(wanted=wanted, month=_month(facts, call), actor=call.actor, at=call.at)}


class TargetsCopied(Api):
    @operation(roles="MGT BH", facts=CopyBody, answer=ChangedAnswer, summary="Take over last month's targets")
    def post(self, call: Call) -> Json:
        """Fills in what this month has not; what is set stays."""
        return {"changed": copy_targets(month=_month(call.facts, call), actor=call.actor, at=call.at)}


def _month(said: Json, call: Call) -> Month:
    try:
        return Month.read(said.get("month", ""), at=call.at)
    except Malformed as error:
        raise serializers.ValidationError({"month": [str(error.message)]}) from None

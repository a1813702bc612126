"""What is late now under ``/api/v1/``: the overdue board, its lists, and acts on several cases."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from applications.api.answers import code_of, number_of
from applications.lifecycle import Clock
from applications.models import Application
from ops_center.web.api import Api, Call, Paged, listed, operation, paged
from ops_center.web.keyset import Keyset
from ops_center.web.shapes import FreeText, Many, Shape
from organization.api_shapes import BranchField, EmployeeField
from supervision.selectors import branch_scope
from supervision.selectors.overdue import AGES, DUE, NO_BRANCH, STAGES, overdue_board, overdue_cases
from supervision.selectors.timeliness import FORTNIGHT, Scope, breaches_per_day
from supervision.services.acts import AT_MOST, reassign_each, urge_each

BY_DEADLINE, LATE_FIRST = Keyset("due_at", "id"), Keyset("due_at", "id", filled=True)
Json = dict[str, Any]


def choice(values: Any) -> serializers.ChoiceField:
    return serializers.ChoiceField([(value, value) for value in values], required=False)


class Cell(serializers.Serializer[Any]):
    branch = serializers.CharField(allow_null=True, help_text="Null: leads that no branch has taken yet.")
    stage = serializers.ChoiceField([(stage.value, stage.value) for stage in STAGES])
    cases = serializers.IntegerField()


class OverdueAnswer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    total = serializers.IntegerField()
    cells = Cell(many=True)
    ages = serializers.DictField(child=serializers.IntegerField(), help_text=f"Days: {', '.join(AGES)}.")
    clocks = serializers.DictField(child=serializers.IntegerField(), help_text="By the clock that fell due first.")
    soon = serializers.DictField(
        child=serializers.IntegerField(), help_text="Not yet overdue: due today, by the end of the next working day."
    )
    trend = serializers.DictField(child=serializers.IntegerField(), help_text="Breaches by the day they fell due.")


class OverdueBoard(Api):
    @operation(roles="BH TR SUP MGT AUD", answer=OverdueAnswer, summary="What is overdue now")
    def get(self, call: Call) -> Json:
        """By branch and stage, by age and by clock; a branch head sees the own branch. Independent of the sweep."""
        scope = branch_scope(call.actor, call.at)
        board = overdue_board(scope=scope, at=call.at)
        trend = breaches_per_day(Scope(branch=scope), at=call.at)[-FORTNIGHT:]
        return {
            "at": call.at,
            "total": board.total,
            "cells": [
                {"branch": None if branch == NO_BRANCH else branch, "stage": stage, "cases": cases}
                for (branch, stage), cases in sorted(board.cells.items())
            ],
            "ages": board.ages,
            "clocks": board.clocks,
            "soon": board.soon,
            "trend": {f"{day:%Y-%m-%d}": count for day, count in trend},
        }


class OverdueQuery(Paged):
    stage = choice(STAGES)
    branch = BranchField(required=False)
    age = choice(AGES)
    clock = serializers.ChoiceField(Clock.choices, required=False)
    due = serializers.ChoiceField(
        [(due, due) for due in DUE], required=False, help_text="What falls due next, instead of what is overdue."
    )


class DueAnswer(serializers.Serializer[Application]):
    number = serializers.CharField()
    state = serializers.CharField()
    branch = code_of("branch")
    product = code_of("product")
    clock = serializers.CharField(source="due_clock")
    due_at = serializers.DateTimeField()
    holder = number_of("claimed_by", help_text="Who claimed it last; see the case for who has it.")


class OverdueCases(Api):
    @operation(roles="BH TR SUP AUD", asked=OverdueQuery, answer=paged(DueAnswer), summary="The overdue cases")
    def get(self, call: Call) -> Json:
        """The list behind a number of the overdue board, the longest overdue first."""
        cut = {name: call.asked[name] for name in ("stage", "age", "clock", "due") if name in call.asked}
        branch = call.asked["branch"].code if "branch" in call.asked else ""
        cases = overdue_cases(scope=branch_scope(call.actor, call.at), at=call.at, branch=branch, **cut)
        return listed(call, cases.with_people(), LATE_FIRST)


# -- acts --------------------------------------------------------------------------------------------------------------
class SaidAnswer(serializers.Serializer[Any]):
    application = serializers.CharField(source="number")
    done = serializers.BooleanField(source="is_done")
    detail = serializers.CharField(source="sentence", help_text="What was done, or the rule that says no.")


class ResultsAnswer(serializers.Serializer[Any]):
    results = SaidAnswer(many=True)


class UrgeMany(Shape):
    applications = Many(child=serializers.CharField(max_length=24), allow_empty=False, max_length=AT_MOST)
    text = FreeText(max_length=200)


class ReassignMany(Shape):
    applications = Many(child=serializers.CharField(max_length=24), allow_empty=False, max_length=AT_MOST)
    to = EmployeeField()
    note = FreeText(max_length=300)


class UrgeSeveral(Api):
    @operation(roles="CM CS BH TR SUP", facts=UrgeMany, answer=ResultsAnswer, summary="Urge several cases")
    def post(self, call: Call) -> Json:
        """Each for itself: a refusal stands beside its case, the others are urged."""
        facts = call.facts
        return {"results": urge_each(facts["applications"], actor=call.actor, at=call.at, text=facts["text"])}


class ReassignSeveral(Api):
    @operation(roles="TR SUP", facts=ReassignMany, answer=ResultsAnswer, summary="Reassign several cases")
    def post(self, call: Call) -> Json:
        """Each for itself and in a transaction of its own: a refusal stands beside its case, the others move."""
        facts = call.facts
        return {
            "results": reassign_each(
                facts["applications"], to=facts["to"], actor=call.actor, at=call.at, note=facts["note"]
            )
        }

"""The weekly sheet under ``/api/v1/``: figures of the branches, and what their heads say to them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from applications.api.answers import code_of, number_of
from ops_center.web.api import Api, Call, Paged, operation, paged
from ops_center.web.shapes import Code, FreeText, Shape
from supervision.api.cases import CountedCase, counted
from supervision.models import WeeklyNote
from supervision.periods import Week
from supervision.selectors import branch_in_sight
from supervision.selectors.weekly import FIGURES, READERS, Line, Sheet, sheets_for, weekly_cases
from supervision.services.weekly import LONGEST_NOTE, write_note

WEEK = "Its Monday, 2026-11-16; the last one that has closed."


class WeekQuery(Shape):
    week = serializers.CharField(max_length=10, required=False, help_text=WEEK)


class WeekFigureQuery(Paged):
    week = serializers.CharField(max_length=10, required=False, help_text=WEEK)
    branch = Code(max_length=8)
    figure = serializers.ChoiceField([(name, name) for name in FIGURES])


class NoteBody(Shape):
    week = serializers.CharField(max_length=10, help_text="Its Monday, 2026-11-16.")
    text = FreeText(max_length=LONGEST_NOTE)


class NoteAnswer(serializers.Serializer[WeeklyNote]):
    text = serializers.CharField()
    by = number_of("by")
    at = serializers.DateTimeField()


class LineAnswer(serializers.Serializer[Line]):
    branch = code_of("branch")
    figures = serializers.DictField(child=serializers.IntegerField())
    note = NoteAnswer(allow_null=True)


class WeeklySheetAnswer(serializers.Serializer[Sheet]):
    area = serializers.CharField(source="sheet.area.code")
    made_at = serializers.DateTimeField(source="sheet.made_at")
    lines = LineAnswer(many=True)
    totals = serializers.DictField(child=serializers.IntegerField())


class WeekAnswer(serializers.Serializer[Any]):
    week = serializers.CharField()
    sheets = WeeklySheetAnswer(many=True)


class WeeklySheets(Api):
    @operation(roles=" ".join(READERS), asked=WeekQuery, answer=WeekAnswer, summary="The weekly sheets")
    def get(self, call: Call) -> dict[str, Any]:
        """All areas for who sees the bank, the own area for a branch head."""
        week = _week(call.asked, call)
        return {"week": str(week), "sheets": sheets_for(call.actor, call.roles, week=week)}


class WeeklyNotes(Api):
    @operation(roles="BH", facts=NoteBody, answer=NoteAnswer, summary="A head's note to the week of the branch")
    def post(self, call: Call) -> WeeklyNote:
        """Said again, it replaces the note before."""
        week = _week(call.facts, call)
        return write_note(monday=str(week), text=call.facts["text"], actor=call.actor, at=call.at)


class WeekCases(Api):
    @operation(
        roles=" ".join(READERS), asked=WeekFigureQuery, answer=paged(CountedCase), summary="Cases behind a figure"
    )
    def get(self, call: Call) -> dict[str, Any]:
        """Of one branch and week."""
        branch = branch_in_sight(call.actor, call.asked["branch"], at=call.at)
        return counted(call, weekly_cases(call.asked["figure"], week=_week(call.asked, call), branch=branch))


def _week(said: dict[str, Any], call: Call) -> Week:
    return Week.read(said.get("week", ""), at=call.at)

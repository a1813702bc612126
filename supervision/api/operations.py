"""The operations report under ``/api/v1/``: the figures of a period, and volume beside quality."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ops_center.web.api import Api, Call, operation
from ops_center.web.shapes import Shape
from organization.api_shapes import BranchField
from organization.models import Employee
from supervision import errors
from supervision.periods import read_span
from supervision.selectors import SEES_EVERY_BRANCH
from supervision.selectors.operations import BESIDE, FIGURES, Asked, Beside, Value, values_of, volume_beside_quality

READERS = "BH TR SUP MGT AUD"
Json = dict[str, Any]


class ReportQuery(Shape):
    period = serializers.CharField(
        max_length=7, required=False, help_text="A month, 2026-11, or a quarter, 2026-Q4; the running month."
    )
    branch = BranchField(required=False, help_text="Of the bank if not given; a branch head's is the own one.")


class QualityQuery(ReportQuery):
    by = serializers.ChoiceField(["branch", "collector"], required=False, default="branch")


class ValueAnswer(serializers.Serializer[Value]):
    part = serializers.IntegerField(help_text="Above the line; of a plain number all of them.")
    whole = serializers.IntegerField()
    rate = serializers.FloatField(allow_null=True, help_text="Null: nothing to divide by, or a plain number.")


class FigureAnswer(serializers.Serializer[Any]):
    figure = serializers.ChoiceField([(name, name) for name in FIGURES])
    label = serializers.CharField()  # type: ignore[assignment]
    formula = serializers.CharField()
    value = ValueAnswer()


class OperationsAnswer(serializers.Serializer[Any]):
    period = serializers.CharField()
    branch = serializers.CharField(allow_null=True)
    figures = FigureAnswer(many=True)


class BesideAnswer(serializers.Serializer[Any]):
    subject = serializers.CharField(help_text="The code of a branch, or an employee number.")
    cards = serializers.IntegerField()
    complaints = serializers.IntegerField(help_text="Upheld, closed in the period.")
    values = serializers.DictField(child=ValueAnswer(), help_text=f"{', '.join(BESIDE)}.")


class QualityAnswer(serializers.Serializer[Any]):
    period = serializers.CharField()
    rows = BesideAnswer(many=True)


class OperationsReport(Api):
    @operation(roles=READERS, asked=ReportQuery, answer=OperationsAnswer, summary="The figures of a period")
    def get(self, call: Call) -> Json:
        """Each with its formula; the rows behind it leave as a file (`reports/files/`, report `list`)."""
        question = _question(call)
        values = values_of(FIGURES, question)
        return {
            "period": str(question.span),
            "branch": question.branch.code if question.branch else None,
            "figures": [
                {"figure": name, "label": figure.label, "formula": figure.formula,
                 "value": _value(values[name], is_rate=figure.is_rate)}
                for name, figure in FIGURES.items()
            ],
        }  # fmt: skip


class VolumeBesideQuality(Api):
    @operation(roles=READERS, asked=QualityQuery, answer=QualityAnswer, summary="Volume beside quality")
    def get(self, call: Call) -> Json:
        """The most cards first: no volume without its quality."""
        question = _question(call)
        rows = volume_beside_quality(question, by=call.asked["by"])
        return {"period": str(question.span), "rows": [_line(row) for row in rows]}


def _question(call: Call) -> Asked:
    """Of the own branch for a branch head; of the whole bank, or the branch asked for, for who sees the bank."""
    branch = call.asked.get("branch")
    if not call.roles & SEES_EVERY_BRANCH:
        if branch not in (None, call.actor.branch):
            raise errors.no_branch()
        branch = call.actor.branch
    return Asked(read_span(call.asked.get("period", ""), at=call.at), branch, call.at)


def _value(value: Value, *, is_rate: bool) -> Json:
    return {"part": value.part, "whole": value.whole, "rate": value.rate if is_rate else None}


def _line(row: Beside) -> Json:
    subject = row.subject.number if isinstance(row.subject, Employee) else row.subject.code
    values = {name: _value(value, is_rate=FIGURES[name].is_rate) for name, value in row.values.items()}
    return {"subject": subject, "cards": row.cards, "complaints": row.complaints, "values": values}

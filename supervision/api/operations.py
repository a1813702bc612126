"""The operations report under ``/api/v1/``: the figures of a period and the rows behind them, what other pages count,
idle minutes, volume beside quality, the rules of time."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from applications.api.answers import number_of
from applications.lifecycle import Clock
from ops_center.web.api import Api, Call, Paged, listed, operation
from ops_center.web.keyset import Keyset
from ops_center.web.shapes import Shape
from organization.api_shapes import BranchField
from organization.models import Branch, Employee
from supervision import errors
from supervision.api.capacity import QueueAnswer
from supervision.api.complaints import ComplaintRateAnswer
from supervision.api.goals import ProgressAnswer
from supervision.models import Part
from supervision.periods import read_span
from supervision.report_tables import SIDES, behind, shape_of
from supervision.selectors import SEES_EVERY_BRANCH
from supervision.selectors.elsewhere import counted_elsewhere
from supervision.selectors.operations import (
    ALL,
    BESIDE,
    FIGURES,
    Asked,
    Beside,
    Group,
    Output,
    Value,
    all_figures,
    center_hands,
    center_productivity,
    field_errors,
    groups,
    output_per_head,
    returns_by_code,
    volume_beside_quality,
    work_done,
)  # fmt: skip
from supervision.selectors.rules_in_force import Pause, Rule, rules_in_force

READERS = "BH TR SUP MGT AUD"
WATCH_THE_CENTER = "TR SUP MGT AUD"
NEWEST = Keyset("-id")
Json = dict[str, Any]


class PeriodQuery(Shape):
    period = serializers.CharField(
        max_length=7, required=False, help_text="A month, 2026-11, or a quarter, 2026-Q4; the running month."
    )


class ReportQuery(PeriodQuery):
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


class OutputAnswer(serializers.Serializer[Output]):
    items = serializers.IntegerField()
    person_days = serializers.IntegerField()
    rate = serializers.FloatField(allow_null=True)


class ReturnedCode(serializers.Serializer[Any]):
    code = serializers.CharField()
    cases = serializers.IntegerField()


class ReturnedAnswer(serializers.Serializer[Any]):
    subject = serializers.CharField(help_text="The code of a branch, or an employee number.")
    value = ValueAnswer()


class GroupAnswer(serializers.Serializer[Group]):
    code = serializers.CharField()
    branch = serializers.CharField(source="branch_code")
    head_count = serializers.IntegerField(allow_null=True, help_text="Null: from before batches were kept.")
    applied = serializers.IntegerField()
    approved = serializers.IntegerField()
    activated = serializers.IntegerField()
    penetration = serializers.FloatField(allow_null=True)


class OperationsAnswer(serializers.Serializer[Any]):
    period = serializers.CharField()
    branch = serializers.CharField(allow_null=True)
    figures = FigureAnswer(many=True)
    wrong_fields = ValueAnswer(help_text="Wrong fields ÷ double-keyed fields.")
    output = OutputAnswer(help_text="Completed items ÷ person-days with at least one.")
    returned_codes = ReturnedCode(many=True)
    returned_branches = ReturnedAnswer(many=True)
    returned_collectors = ReturnedAnswer(many=True, help_text="Those with returned files.")
    groups = GroupAnswer(many=True)


class BesideAnswer(serializers.Serializer[Any]):
    subject = serializers.CharField(help_text="The code of a branch, or an employee number.")
    cards = serializers.IntegerField()
    complaints = serializers.IntegerField(help_text="Upheld, closed in the period.")
    values = serializers.DictField(child=ValueAnswer(), help_text=f"{', '.join(BESIDE)}.")


class QualityAnswer(serializers.Serializer[Any]):
    period = serializers.CharField()
    rows = BesideAnswer(many=True)


class ListQuery(ReportQuery, Paged):
    figure = serializers.ChoiceField([(name, name) for name in ALL])
    side = serializers.ChoiceField([(side, side) for side in SIDES], required=False, default="whole")
    code = serializers.CharField(max_length=20, required=False, help_text="Of a return, or of a group batch.")
    who = serializers.CharField(max_length=16, required=False, help_text="An employee number.")


class ListRow(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    cells = serializers.ListField(child=serializers.CharField(), help_text="As `columns` names them.")


class ListAnswer(serializers.Serializer[Any]):
    columns = serializers.ListField(child=serializers.CharField())
    results = ListRow(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class StageTimesAnswer(serializers.Serializer[Any]):
    clock = serializers.ChoiceField(Clock.choices)
    part = serializers.ChoiceField(Part.choices)
    median = serializers.IntegerField(help_text="Working minutes; clocks by the calendar: minutes.")
    p90 = serializers.IntegerField()
    clocks = serializers.IntegerField()


class IdleAnswer(serializers.Serializer[Any]):
    pieces = serializers.IntegerField()
    standard_minutes = serializers.FloatField(source="standard", help_text="Pieces × standard minutes.")
    attended_minutes = serializers.FloatField(source="attended")
    idle_rate = serializers.FloatField(allow_null=True)


class ElsewhereAnswer(serializers.Serializer[Any]):
    period = serializers.CharField()
    branch = serializers.CharField(allow_null=True)
    stages = StageTimesAnswer(many=True, help_text="Of a month, not of a quarter.")
    targets = ProgressAnswer(many=True, help_text="Of a month, not of a quarter.")
    center = IdleAnswer(allow_null=True, help_text="Of the whole bank; null before its first working day is over.")
    queues = QueueAnswer(many=True, help_text="Of the whole bank.")
    three_rates = ComplaintRateAnswer(many=True, help_text="Of the whole bank.")


class HandsAnswer(IdleAnswer):
    person = number_of("person")


class IdleMinutesAnswer(serializers.Serializer[Any]):
    period = serializers.CharField()
    center = IdleAnswer(allow_null=True)
    people = HandsAnswer(many=True, help_text="Their minutes add up to the center's; null: not of the center now.")


class PauseAnswer(serializers.Serializer[Pause]):
    reason = serializers.CharField()
    times = serializers.IntegerField()
    minutes = serializers.IntegerField()


class RuleKept(serializers.Serializer[Rule]):
    clock = serializers.ChoiceField(Clock.choices, source="policy.kind")
    variant = serializers.CharField(source="policy.variant")
    version = serializers.IntegerField(source="nth")
    starts_on = serializers.DateField(source="policy.starts_on")
    until = serializers.DateField(allow_null=True, help_text="The last day before the next version.")
    terms = serializers.SerializerMethodField(
        help_text="Limit, warning, what it stands still for, who answers, on what basis."
    )
    moves_money = serializers.BooleanField(source="policy.has_money")
    drafted_by = number_of("policy.drafted_by")
    approved_by = number_of("policy.approved_by")
    approved_at = serializers.DateTimeField(source="policy.approved_at", allow_null=True)
    in_time = serializers.IntegerField()
    late = serializers.IntegerField()
    open_overdue = serializers.IntegerField()
    rate = serializers.FloatField(allow_null=True)
    breaches = serializers.IntegerField()
    exempt = serializers.IntegerField()
    pauses = PauseAnswer(many=True)

    def get_terms(self, rule: Rule) -> list[str]:
        return [str(term.after) for term in rule.terms]


class RulesKept(serializers.Serializer[Any]):
    period = serializers.CharField()
    branch = serializers.CharField(allow_null=True)
    rules = RuleKept(many=True)


class OperationsReport(Api):
    @operation(roles=READERS, asked=ReportQuery, answer=OperationsAnswer, summary="The figures of a period")
    def get(self, call: Call) -> Json:
        """Each with its formula; the rows behind it stand under `list/` and leave as a file (`reports/files/`)."""
        question = _question(call)
        values, returned = all_figures(question)
        branches = Branch.objects.in_bulk(returned.by_branch)
        collectors = Employee.objects.in_bulk(key for key, value in returned.by_collector.items() if value.part)
        return _of(question) | {
            "figures": [
                {"figure": name, "label": figure.label, "formula": figure.formula,
                 "value": _value(values[name], is_rate=figure.is_rate)}
                for name, figure in FIGURES.items()
            ],
            "wrong_fields": _value(field_errors(question)),
            "output": output_per_head(work_done(question)),
            "returned_codes": [{"code": code, "cases": cases} for code, cases in returns_by_code(question)],
            "returned_branches": [
                {"subject": branch.code, "value": _value(returned.by_branch[key])} for key, branch in branches.items()
            ],
            "returned_collectors": [
                {"subject": person.number, "value": _value(returned.by_collector[key])}
                for key, person in collectors.items()
            ],
            "groups": groups(question),
        }  # fmt: skip


class BehindFigure(Api):
    @operation(roles=READERS, asked=ListQuery, answer=ListAnswer, summary="The rows that a number counts")
    def get(self, call: Call) -> Json:
        """The newest first, as the page shows them; no client stands in any."""
        filters: Json = {name: call.asked[name] for name in ("figure", "side", "code", "who") if name in call.asked}
        shape = shape_of(filters)
        page = listed(call, shape.read(behind(_question(call), filters)), NEWEST)
        page["results"] = [{"id": row.pk, "cells": shape.cells(row)} for row in page["results"]]
        return {"columns": shape.columns, **page}


class CountedElsewhere(Api):
    @operation(roles=READERS, asked=ReportQuery, answer=ElsewhereAnswer, summary="What other pages count of a period")
    def get(self, call: Call) -> Json:
        """The second part of the report: times of the stages, targets, idle rate, backlog, the three rates."""
        question = _question(call)
        found = counted_elsewhere(question)
        return _of(question) | {
            "stages": [
                {"clock": clock, "part": part, "median": times.median, "p90": times.p90, "clocks": times.clocks}
                for clock, parts in found.stages.items()
                for part, times in sorted(parts.items())
            ],
            "targets": found.targets,
            "center": found.center,
            "queues": found.queues,
            "three_rates": found.three_rates,
        }


class IdleMinutes(Api):
    @operation(roles=WATCH_THE_CENTER, asked=PeriodQuery, answer=IdleMinutesAnswer, summary="Idle minutes by person")
    def get(self, call: Call) -> Json:
        """Of the working days of the period that are over, the most minutes of work first."""
        question = _question(call)
        work = work_done(question)
        return {
            "period": str(question.span),
            "center": center_productivity(question, work),
            "people": center_hands(question, work),
        }


class RulesInForce(Api):
    @operation(roles=READERS, asked=ReportQuery, answer=RulesKept, summary="The rules of time in force")
    def get(self, call: Call) -> Json:
        """Every version that held on a day of the period, with how it was kept: the report for the regulator."""
        question = _question(call)
        return _of(question) | {"rules": rules_in_force(question)}


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


def _of(question: Asked) -> Json:
    return {"period": str(question.span), "branch": question.branch.code if question.branch else None}


def _value(value: Value, *, is_rate: bool = True) -> Json:
    return {"part": value.part, "whole": value.whole, "rate": value.rate if is_rate else None}


def _line(row: Beside) -> Json:
    subject = row.subject.number if isinstance(row.subject, Employee) else row.subject.code
    values = {name: _value(value, is_rate=FIGURES[name].is_rate) for name, value in row.values.items()}
    return {"subject": subject, "cards": row.cards, "complaints": row.complaints, "values": values}

"""The other boards under ``/api/v1/``, with the lists behind them: problems, timeliness, load, funnel."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from applications.api.answers import code_of, number_of
from applications.lifecycle import Clock, Outcome
from applications.models import CaseClock, ProblemItem
from ops_center.web.api import Api, Call, Paged, listed, operation, paged, position_of, turned
from ops_center.web.keyset import Keyset
from ops_center.web.shapes import Shape
from organization.api_shapes import BranchField, EmployeeField
from organization.models import Branch, Employee
from supervision import errors
from supervision.api.overdue import BY_DEADLINE, DueAnswer, choice
from supervision.models import Part
from supervision.on_time import Tally
from supervision.periods import Month
from supervision.selectors import OPENS_CASES, branch_in_sight, branch_scope
from supervision.selectors.funnel import ENDS, ORIGINS, REACHED, funnel_board
from supervision.selectors.load import CENTER_ROLES, PARTS, held_cases, load_of, running_clocks
from supervision.selectors.overdue import AGES
from supervision.selectors.problems import TURNS, open_problems, problem_board
from supervision.selectors.timeliness import (
    BY_DUE,
    VERDICTS,
    Live,
    Scope,
    Window,
    breaches_per_day,
    by_branch,
    by_person,
    by_stage,
    clocks_behind,
    rate_per_day,
    slowest,
    stage_times,
)

LATEST, OLDEST = Keyset("-stopped_at", "-id", filled=True), Keyset("raised_at", "id")
Json = dict[str, Any]


# -- problems ----------------------------------------------------------------------------------------------------------
class ProblemCell(serializers.Serializer[Any]):
    turn = choice(TURNS)
    age = choice(AGES)
    items = serializers.IntegerField()


class ProblemsAnswer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    total = serializers.IntegerField()
    cells = ProblemCell(many=True)
    codes = serializers.DictField(child=serializers.IntegerField())


class ProblemBoard(Api):
    @operation(roles="BH TR SUP MGT AUD", answer=ProblemsAnswer, summary="Problem items by age")
    def get(self, call: Call) -> Json:
        """Open items by whose turn it is and age, and by code; a branch head sees the own branch."""
        board = problem_board(scope=branch_scope(call.actor, call.at), at=call.at)
        return {
            "at": call.at,
            "total": board.total,
            "cells": [{"turn": turn, "age": age, "items": items} for (turn, age), items in sorted(board.cells.items())],
            "codes": board.codes,
        }


class ProblemAnswer(serializers.Serializer[ProblemItem]):
    application = number_of("application")
    code = serializers.CharField()
    party = serializers.CharField()
    state = serializers.CharField()
    branch = code_of("application.branch")
    raised_at = serializers.DateTimeField()


class ProblemQuery(Paged):
    turn = choice(TURNS)
    age = choice(AGES)
    code = serializers.CharField(max_length=4, required=False)
    branch = BranchField(required=False)


class ProblemItems(Api):
    @operation(roles="BH TR SUP AUD", asked=ProblemQuery, answer=paged(ProblemAnswer), summary="Open problem items")
    def get(self, call: Call) -> Json:
        """The list behind a number of the problem board, the oldest first."""
        cut = {name: call.asked[name] for name in ("turn", "age", "code") if name in call.asked}
        branch = call.asked["branch"].code if "branch" in call.asked else ""
        items = open_problems(scope=branch_scope(call.actor, call.at), at=call.at, branch=branch, **cut)
        return listed(call, items.select_related("application__branch"), OLDEST)


# -- timeliness --------------------------------------------------------------------------------------------------------
class TallyAnswer(serializers.Serializer[Tally]):
    in_time = serializers.IntegerField()
    late = serializers.IntegerField()
    exempt = serializers.IntegerField()
    open_overdue = serializers.IntegerField()
    rate = serializers.FloatField(allow_null=True, help_text="In time ÷ (closed + open overdue), exempt left out.")


class StageAnswer(TallyAnswer):
    clock = serializers.ChoiceField(Clock.choices)


class BranchTallyAnswer(TallyAnswer):
    branch = serializers.CharField(allow_null=True)


class PersonTallyAnswer(TallyAnswer):
    person = serializers.CharField()


class TimesAnswer(serializers.Serializer[Any]):
    clock = serializers.ChoiceField(Clock.choices)
    part = serializers.ChoiceField(Part.choices)
    median = serializers.IntegerField(help_text="Working minutes; clocks by the calendar: minutes.")
    p90 = serializers.IntegerField()
    clocks = serializers.IntegerField()


class FirstPassAnswer(serializers.Serializer[Any]):
    entered = serializers.IntegerField()
    first_pass = serializers.IntegerField()
    rate = serializers.FloatField(allow_null=True)


class DayAnswer(serializers.Serializer[Any]):
    day = serializers.DateField()
    in_time = serializers.IntegerField()
    late = serializers.IntegerField()
    rate = serializers.FloatField(allow_null=True)
    breaches = serializers.IntegerField(help_text="By the day they fell due.")


class TimelinessAnswer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    stages = StageAnswer(many=True)
    first_pass = FirstPassAnswer()
    times_until = serializers.DateField(allow_null=True, help_text="The last day whose times are counted.")
    times = TimesAnswer(many=True)
    clock = serializers.ChoiceField(Clock.choices, allow_null=True)
    branches = BranchTallyAnswer(many=True, help_text="Of the clock that was asked for.")
    people = PersonTallyAnswer(many=True, help_text="For who supervises the whole bank; else empty.")
    trend = DayAnswer(many=True)


class TimelinessQuery(Shape):
    period = serializers.CharField(max_length=7, required=False, help_text="7, 30 (days) or a month, 2026-11.")
    clock = serializers.ChoiceField(Clock.choices, required=False)


class TimelinessBoard(Api):
    @operation(asked=TimelinessQuery, answer=TimelinessAnswer, summary="Whether stages keep their time")
    def get(self, call: Call) -> Json:
        """On-time rate, first pass, times and trend: of the bank for who supervises it, of the branch for its head,
        else of the own clocks."""
        scope, window = Scope.of(call.actor, at=call.at), window_of(call)
        kind = call.asked.get("clock", "")
        live = Live()
        stages = by_stage(scope, window, at=call.at, live=live)
        entry = stages.get(Clock.ENTRY, Tally())
        times = stage_times(scope, window, at=call.at) if scope.person is None else None
        return {
            "at": call.at,
            "first_day": window.first,
            "last_day": window.last,
            "stages": [{"clock": clock, **_tally(tally)} for clock, tally in stages.items()],
            "first_pass": {
                "entered": entry.entered, "first_pass": entry.first_pass, "rate": entry.first_pass_rate,
            },
            "times_until": times.until if times else None,
            "times": [
                {"clock": clock, "part": part, "median": row.median, "p90": row.p90, "clocks": row.clocks}
                for clock, parts in (times.stages.items() if times else ())
                for part, row in sorted(parts.items())
            ],
            "clock": kind or None,
            "branches": _branches(scope, window, kind, call) if kind and scope.person is None else [],
            "people": _people(scope, window, kind, call) if kind and scope == Scope() else [],
            "trend": [
                {"day": day, "in_time": tally.in_time, "late": tally.late, "rate": tally.rate, "breaches": breaches}
                for (day, tally), (_same, breaches) in zip(
                    rate_per_day(scope, at=call.at, live=live), breaches_per_day(scope, at=call.at), strict=True
                )
            ],
        }  # fmt: skip


def window_of(call: Call) -> Window:
    return Window.read(call.asked.get("period", ""), at=call.at)


def _tally(tally: Tally) -> Json:
    return {
        "in_time": tally.in_time, "late": tally.late, "exempt": tally.exempt, "open_overdue": tally.open_overdue,
        "rate": tally.rate,
    }  # fmt: skip


def _branches(scope: Scope, window: Window, kind: str, call: Call) -> list[Json]:
    tallies = by_branch(kind, scope, window, at=call.at)
    codes = dict(Branch.objects.filter(pk__in=tallies).values_list("pk", "code"))
    rows = [{"branch": codes.get(key), **_tally(tally)} for key, tally in tallies.items()]
    return sorted(rows, key=lambda row: row["branch"] or "")


def _people(scope: Scope, window: Window, kind: str, call: Call) -> list[Json]:
    tallies = by_person(kind, scope, window, at=call.at)
    numbers = dict(Employee.objects.filter(pk__in=tallies).values_list("pk", "number"))
    rows = [{"person": numbers[key], **_tally(tally)} for key, tally in tallies.items()]
    return sorted(rows, key=lambda row: row["person"])


class BoardClockAnswer(serializers.Serializer[CaseClock]):
    application = number_of("application")
    clock = serializers.ChoiceField(Clock.choices, source="kind")
    round = serializers.IntegerField()
    started_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    stopped_at = serializers.DateTimeField(allow_null=True)
    outcome = serializers.ChoiceField(Outcome.choices, allow_blank=True)
    branch = code_of("application.branch")
    owner = number_of("owner")


class ClockQuery(TimelinessQuery, Paged):
    verdict = serializers.ChoiceField([(verdict, verdict) for verdict in VERDICTS])
    branch = BranchField(required=False)
    person = EmployeeField(required=False, help_text="For who sees the whole bank.")
    day = serializers.DateField(required=False)


class TimelinessClocks(Api):
    @operation(asked=ClockQuery, answer=paged(BoardClockAnswer), summary="The clocks behind a number")
    def get(self, call: Call) -> Json:
        """Clocks that stopped in the period, the latest first; `open`: those that run past their due time;
        `breached`: those that fell due in it without being done. The
        management reads figures only."""
        asked, scope = call.asked, Scope.of(call.actor, at=call.at)
        if scope.person is None and not call.roles & OPENS_CASES:
            return listed(call, CaseClock.objects.none(), LATEST)
        branch = branch_in_sight(call.actor, asked["branch"].code, at=call.at).code if "branch" in asked else ""
        if "person" in asked and scope != Scope():
            raise errors.no_person()
        clocks = clocks_behind(
            scope, window_of(call), at=call.at, verdict=asked["verdict"], kind=asked.get("clock", ""), branch=branch,
            person=asked["person"].number if "person" in asked else "", day=asked.get("day"),
        )  # fmt: skip
        order = BY_DEADLINE if asked["verdict"] in BY_DUE else LATEST
        return listed(call, clocks, order)


class RunAnswer(BoardClockAnswer):
    took = serializers.IntegerField(help_text="Working minutes of the part asked for; clocks by the calendar: minutes.")


class RunQuery(Paged):
    period = serializers.CharField(max_length=7, required=False, help_text="7, 30 (days) or a month, 2026-11.")
    clock = serializers.ChoiceField(Clock.choices)
    part = serializers.ChoiceField(Part.choices)
    branch = BranchField(required=False, help_text="For who sees the whole bank.")


class TimelinessRuns(Api):
    @operation(
        roles="BH TR SUP AUD", asked=RunQuery, answer=paged(RunAnswer), summary="The runs behind a median and a P90"
    )
    def get(self, call: Call) -> Json:
        """Every run that the two are of, the slowest first; days that are over."""
        asked, scope = call.asked, Scope.of(call.actor, at=call.at)
        if "branch" in asked:
            scope = Scope(branch=branch_in_sight(call.actor, asked["branch"].code, at=call.at))
        runs = slowest(scope, window_of(call), kind=asked["clock"], part=asked["part"], at=call.at, **position_of(call))
        return turned(call, runs)


# -- load --------------------------------------------------------------------------------------------------------------
class LoadAnswer(serializers.Serializer[Any]):
    employee = number_of("employee")
    roles = serializers.ListField(child=serializers.CharField())
    held = serializers.IntegerField()
    clocks = serializers.IntegerField(help_text="Running clocks that this person answers for.")
    overdue = serializers.IntegerField()
    due_today = serializers.IntegerField()
    away_until = serializers.DateField(allow_null=True, help_text="The last day of an absence that covers today.")
    planned_minutes = serializers.IntegerField(
        source="planned", allow_null=True, help_text="Where the roster says otherwise than a full day."
    )


class LoadsAnswer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    people = LoadAnswer(many=True)


class LoadQuery(Shape):
    role = choice(str(role) for role in CENTER_ROLES)


class LoadBoard(Api):
    @operation(roles="TR SUP MGT AUD", asked=LoadQuery, answer=LoadsAnswer, summary="Load per person")
    def get(self, call: Call) -> Json:
        """The people of the center with what they hold, answer for, and whether they are here today."""
        role = call.asked.get("role")
        return {"at": call.at, "people": load_of([role] if role else CENTER_ROLES, at=call.at)}


class LoadClocksQuery(Paged):
    person = EmployeeField()
    which = serializers.ChoiceField([(part, part) for part in PARTS if part != "held"], default="clocks")


class LoadClocks(Api):
    @operation(
        roles="TR SUP AUD", asked=LoadClocksQuery, answer=paged(BoardClockAnswer), summary="A person's running clocks"
    )
    def get(self, call: Call) -> Json:
        clocks = running_clocks(at=call.at, part=call.asked["which"]).filter(owner=call.asked["person"])
        return listed(call, clocks.select_related("application__branch", "owner"), BY_DEADLINE)


class HeldQuery(Paged):
    person = EmployeeField()


class LoadHeld(Api):
    @operation(roles="TR SUP AUD", asked=HeldQuery, answer=paged(DueAnswer), summary="The cases that a person holds")
    def get(self, call: Call) -> Json:
        cases = held_cases(at=call.at).filter(claimed_by=call.asked["person"])
        return listed(call, cases.with_people(), BY_DEADLINE)


# -- funnel ------------------------------------------------------------------------------------------------------------
class MonthQuery(Shape):
    period = serializers.CharField(max_length=7, required=False, help_text="A month, 2026-11; the running one.")


class FunnelStep(serializers.Serializer[Any]):
    step = serializers.ChoiceField([(step, step) for step in REACHED])
    cases = serializers.IntegerField()
    of_before = serializers.FloatField(allow_null=True, help_text="Share of the step before.")
    referred = serializers.IntegerField()
    walk_in = serializers.IntegerField()


class FunnelAnswer(serializers.Serializer[Any]):
    period = serializers.CharField()
    steps = FunnelStep(many=True)
    ends = serializers.DictField(child=serializers.IntegerField(), help_text=f"{', '.join(ENDS)}.")


class FunnelBoard(Api):
    @operation(roles="BH TR SUP MGT AUD", asked=MonthQuery, answer=FunnelAnswer, summary="What became of a month")
    def get(self, call: Call) -> Json:
        """Of the cases that began in the month: how far they have come, and how they ended."""
        month = Month.read(call.asked.get("period", ""), at=call.at)
        board = funnel_board(scope=branch_scope(call.actor, call.at), month=month)
        totals = [board.total(step) for step in REACHED]
        return {
            "period": str(month),
            "steps": [
                {
                    "step": step,
                    "cases": totals[place],
                    "of_before": totals[place] / totals[place - 1] if place and totals[place - 1] else None,
                    **{origin.replace("-", "_"): board.steps[origin][step] for origin in ORIGINS},
                }
                for place, step in enumerate(REACHED)
            ],
            "ends": board.ends,
        }

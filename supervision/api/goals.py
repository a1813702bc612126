"""Goals under ``/api/v1/``: targets with what has been reached, and the best of a month or a quarter."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from applications.api.answers import code_of
from ops_center.kernel.errors import Malformed
from ops_center.web.api import Api, Call, Paged, operation, paged
from ops_center.web.shapes import Code, Flag, Shape
from organization.api_shapes import BranchField, EmployeeField
from organization.models import Employee
from organization.services.people import hide_name
from supervision import errors
from supervision.api.cases import CountedCase, counted
from supervision.models import Measure
from supervision.periods import Month, read_span
from supervision.selectors import SEES_EVERY_BRANCH, branch_in_sight, goals
from supervision.selectors.feed import shown_name
from supervision.selectors.leaderboard import BOARDS, PEOPLE, Work, activated_cases, back_office, leaderboard, may_open
from supervision.selectors.leaderboard import Standing as Ranked
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
        month = month_of(call.asked, call)
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
        return {"changed": set_targets(wanted=wanted, month=month_of(facts, call), actor=call.actor, at=call.at)}


class TargetCasesQuery(Paged):
    month = serializers.CharField(max_length=7, required=False, help_text="2026-11; the running one.")
    measure = serializers.ChoiceField(Measure.choices)
    branch = Code(max_length=8, required=False)
    person = Code(max_length=16, required=False)


class TargetCases(Api):
    @operation(roles="EMP", asked=TargetCasesQuery, answer=paged(CountedCase), summary="The cases that a target counts")
    def get(self, call: Call) -> Json:
        """Of a branch or a person in sight; of the whole bank for who sees it."""
        asked, reader = call.asked, call.actor
        branch = branch_in_sight(reader, asked["branch"], at=call.at) if "branch" in asked else None
        person = goals.person_in_sight(reader, asked["person"], at=call.at) if "person" in asked else None
        if branch is None and person is None and not call.roles & SEES_EVERY_BRANCH:
            raise errors.figures_of_the_bank()
        measure, month = Measure(asked["measure"]), month_of(asked, call)
        return counted(call, goals.cases_of(measure, span=month, branch=branch, person=person))


class TargetsCopied(Api):
    @operation(roles="MGT BH", facts=CopyBody, answer=ChangedAnswer, summary="Take over last month's targets")
    def post(self, call: Call) -> Json:
        """Fills in what this month has not; what is set stays."""
        return {"changed": copy_targets(month=month_of(call.facts, call), actor=call.actor, at=call.at)}


def month_of(said: Json, call: Call) -> Month:
    try:
        return Month.read(said.get("month", ""), at=call.at)
    except Malformed as error:
        raise serializers.ValidationError({"month": [str(error.message)]}) from None


# -- the best ----------------------------------------------------------------------------------------------------------
class RankedAnswer(serializers.Serializer[Any]):
    rank = serializers.IntegerField(allow_null=True, help_text="Null: not ranked, the quality is not there.")
    employee = serializers.SerializerMethodField(help_text="Null: a branch, or somebody who hides the name.")
    name = serializers.SerializerMethodField()
    branch = code_of("branch")
    activated = serializers.IntegerField()
    taken_in = serializers.IntegerField()
    return_rate = serializers.FloatField(allow_null=True)
    on_time_rate = serializers.FloatField(allow_null=True, help_text="Sent on the day; not of referrers.")

    def get_employee(self, row: Ranked) -> str | None:
        return _shown_number(row.employee, self.context["call"].actor)

    def get_name(self, row: Ranked) -> str:
        reader = self.context["call"].actor
        return shown_name(row.employee, reader=reader) if row.employee else row.branch.name


class LeaderboardAnswer(serializers.Serializer[Any]):
    board = serializers.ChoiceField([(name, name) for name in BOARDS])
    best = RankedAnswer(many=True)
    own = RankedAnswer(allow_null=True, help_text="The reader's own place; of the branches that of the own one.")


class WorkAnswer(serializers.Serializer[Any]):
    rank = serializers.IntegerField(allow_null=True, help_text="Null: too little work for a rate.")
    employee = serializers.SerializerMethodField(help_text="Null: somebody who hides the name.")
    name = serializers.SerializerMethodField()
    done = serializers.IntegerField()
    on_time_rate = serializers.FloatField()
    error_rate = serializers.FloatField(allow_null=True, help_text="Of who keys only.")

    def get_employee(self, row: Work) -> str | None:
        return _shown_number(row.employee, self.context["call"].actor)

    def get_name(self, row: Work) -> str:
        return shown_name(row.employee, reader=self.context["call"].actor)


class BackOfficeAnswer(serializers.Serializer[Any]):
    best = WorkAnswer(many=True)
    own = WorkAnswer(allow_null=True)
    least = serializers.IntegerField(help_text="Pieces of work from which a person is ranked.")


class LeaderboardsAnswer(serializers.Serializer[Any]):
    period = serializers.CharField()
    boards = LeaderboardAnswer(many=True)
    branches = LeaderboardAnswer()
    back_office = BackOfficeAnswer()


class SpanQuery(Shape):
    period = serializers.CharField(
        max_length=7, required=False, help_text="A month, 2026-11, or a quarter, 2026-Q4; the running month."
    )


class HeroQuery(Paged):
    period = serializers.CharField(max_length=7, required=False)
    board = serializers.ChoiceField([(name, name) for name in BOARDS])
    key = Code(max_length=16, help_text="An employee number, or the code of a branch.")


class HeroCases(Api):
    @operation(asked=HeroQuery, answer=paged(CountedCase), summary="The cards behind a score")
    def get(self, call: Call) -> Json:
        """The own ones, those of the own branch for its head, all for who sees the bank."""
        board, key = call.asked["board"], call.asked["key"]
        if not may_open(board, key, reader=call.actor, roles=call.roles):
            raise errors.no_line()
        return counted(call, activated_cases(board, span=read_span(call.asked.get("period", ""), at=call.at), key=key))


class NameBody(Shape):
    hides = Flag(help_text="Boards and the feed show the last two digits of the number only.")


class NameShown(Api):
    @operation(facts=NameBody, answer=NameBody, summary="Show or hide one's own name on the boards")
    def post(self, call: Call) -> Json:
        """Each decides for oneself."""
        hide_name(employee=call.actor, hides=call.facts["hides"], at=call.at)
        return {"hides": call.facts["hides"]}


class LeaderboardBoard(Api):
    @operation(asked=SpanQuery, answer=LeaderboardsAnswer, summary="The best of a month or a quarter")
    def get(self, call: Call) -> Json:
        """Cards activated in the period, quality beside volume; the back office by punctuality; no worst."""
        span = read_span(call.asked.get("period", ""), at=call.at)
        boards = {name: leaderboard(name, span=span, reader=call.actor) for name in BOARDS}
        shown = {name: {"board": name, "best": board.best, "own": board.own} for name, board in boards.items()}
        return {
            "period": str(span),
            "boards": [shown[name] for name in PEOPLE],
            "branches": shown["branches"],
            "back_office": back_office(span=span, reader=call.actor),
        }


def _shown_number(employee: Employee | None, reader: Employee) -> str | None:
    if employee is None or (employee.hides_name and employee.pk != reader.pk):
        return None
    return employee.number

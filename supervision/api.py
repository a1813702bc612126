"""The API of supervision: breaches with their explanations, urging, and the numbers behind the boards."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers

from applications.api.answers import code_of, number_of
from applications.lifecycle import Clock, Holder, Outcome
from ops_center.kernel.errors import Malformed
from ops_center.web.api import Api, Call, Paged, UploadApi, listed, operation, paged
from ops_center.web.keyset import Keyset
from ops_center.web.shapes import Flag, FreeText, Shape
from organization.api_shapes import BranchField
from organization.models import Employee
from supervision import errors
from supervision.models import Breach, Ground, Justification, JustificationPaper, Standing, Urge
from supervision.periods import Month, read_span
from supervision.selectors import branch_scope
from supervision.selectors.capacity import capacity_board
from supervision.selectors.custody import NamedCharge, with_charges
from supervision.selectors.feed import shown_name
from supervision.selectors.funnel import ENDS, ORIGINS, REACHED, funnel_board
from supervision.selectors.leaderboard import BOARDS, PEOPLE, Work, back_office, leaderboard
from supervision.selectors.leaderboard import Standing as Ranked
from supervision.selectors.overdue import AGES, NO_BRANCH, STAGES, breach_trend, overdue_board
from supervision.services.evidence import add_evidence, read_evidence
from supervision.services.justifications import decide_justification, give_opinion, justify, standing
from supervision.services.urging import urge

NEWEST = Keyset("-id")
PAPERS = Prefetch("justification__papers", JustificationPaper.objects.defer("body"))
Json = dict[str, Any]


# -- breaches ----------------------------------------------------------------------------------------------------------
class EvidenceAnswer(serializers.Serializer[JustificationPaper]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    media_type = serializers.CharField()
    digest = serializers.CharField(help_text="SHA-256 of what is shown.")
    added_at = serializers.DateTimeField()


class JustificationAnswer(serializers.Serializer[Justification]):
    code = serializers.ChoiceField(Ground.choices)
    text = serializers.CharField()
    filed_by = number_of("filed_by")
    filed_at = serializers.DateTimeField()
    decide_by = serializers.DateTimeField()
    opinion_by = number_of("opinion_by")
    opinion_supports = serializers.BooleanField(allow_null=True)
    opinion = serializers.CharField()
    decided_by = number_of("decided_by")
    decided_at = serializers.DateTimeField(allow_null=True)
    accepted = serializers.BooleanField(source="is_accepted", allow_null=True)
    note = serializers.CharField(source="decision")
    evidence = EvidenceAnswer(source="papers.all", many=True)


class ChargeAnswer(serializers.Serializer[NamedCharge]):
    """So many overdue working minutes, and in whose hands the case was; those of a breach add up to all of them."""

    holder = serializers.ChoiceField(
        Holder.choices, allow_blank=True, help_text="Empty: before custody was written down."
    )
    person = number_of("person")
    branch = code_of("branch")
    minutes = serializers.IntegerField()


class BreachAnswer(serializers.Serializer[Breach]):
    """A clock past its due time. `outcome` is the clock's: empty while it runs."""

    id = serializers.IntegerField()
    application = number_of("application")
    clock = serializers.ChoiceField(Clock.choices, source="kind")
    round = serializers.IntegerField(source="clock.round")
    run = serializers.IntegerField(source="clock.run")
    branch = code_of("branch")
    owner = number_of("owner", help_text="Who answered for it when it fell due; null: a branch, or the queue.")
    owner_branch = code_of("owner_branch")
    due_at = serializers.DateTimeField()
    found_at = serializers.DateTimeField()
    stopped_at = serializers.DateTimeField(source="clock.stopped_at", allow_null=True)
    outcome = serializers.ChoiceField(Outcome.choices, source="clock.outcome", allow_blank=True)
    justify_by = serializers.DateTimeField(source="file_by")
    state = serializers.SerializerMethodField()
    justification = JustificationAnswer(source="explanation", allow_null=True)
    settled_at = serializers.DateTimeField(allow_null=True)
    custody = ChargeAnswer(source="charges", many=True, help_text="Who held the case in its overdue minutes.")

    def get_state(self, breach: Breach) -> Standing:
        return standing(breach, self.context["call"].at)


class BreachQuery(Paged):
    application = serializers.CharField(max_length=24, required=False)
    clock = serializers.ChoiceField(Clock.choices, required=False)
    branch = BranchField(required=False)
    mine = serializers.BooleanField(required=False, help_text="Those that I answer for.")
    settled = serializers.BooleanField(required=False)


class GroundField(serializers.ChoiceField):
    """A ground by its code; the bank's own word for it is understood too."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(Ground.choices, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        return str(super().to_internal_value(BANK_WORDS.get(data, data) if isinstance(data, str) else data))


BANK_WORDS = {
    "系统故障": Ground.SYSTEM_FAILURE.value,
    "资料原因已通知": Ground.MATERIAL_NOTIFIED.value,
    "不可抗力": Ground.FORCE_MAJEURE.value,
    "客户要求": Ground.CUSTOMER_REQUEST.value,
    "上级指令": Ground.SUPERIOR_ORDER.value,
    "工作量超限": Ground.WORKLOAD.value,
    "其他": Ground.OTHER.value,
}


class JustifyBody(Shape):
    code = GroundField()
    text = FreeText(max_length=500)


class OpinionBody(Shape):
    supports = Flag()
    text = FreeText(max_length=300, required=False, default="", allow_blank=True)


class DecideBody(Shape):
    accepted = Flag()
    note = FreeText(max_length=300, required=False, default="", allow_blank=True)


class Breaches(Api):
    @operation(asked=BreachQuery, answer=paged(BreachAnswer), summary="Breaches in sight")
    def get(self, call: Call) -> Json:
        """The own ones; a branch head those of the branch; tracker, supervisor and audit all. Newest first."""
        asked, breaches = call.asked, Breach.objects.visible_to(call.actor, call.at)
        if "application" in asked:
            breaches = breaches.filter(application__number=asked["application"].upper())
        if "clock" in asked:
            breaches = breaches.filter(kind=asked["clock"])
        if "branch" in asked:
            breaches = breaches.filter(branch=asked["branch"])
        if asked.get("mine"):
            breaches = breaches.filter(owner=call.actor)
        if "settled" in asked:
            breaches = breaches.filter(settled_at__isnull=not asked["settled"])
        answer = listed(call, breaches.with_facts().prefetch_related(PAPERS), NEWEST)
        with_charges(answer["results"], at=call.at)
        return answer


class OneBreach(Api):
    @operation(answer=BreachAnswer, summary="One breach")
    def get(self, call: Call, breach: int) -> Breach:
        return _seen(call, breach)


class Justify(Api):
    @operation(facts=JustifyBody, answer=BreachAnswer, summary="Explain a breach")
    def post(self, call: Call, breach: int) -> Breach:
        """By who answers for it, once, within two working days of the due time."""
        justify(breach_id=breach, actor=call.actor, at=call.at, **call.facts)
        return _seen(call, breach)


class NewEvidence(Shape):
    file = serializers.FileField(max_length=255, help_text="JPEG, PNG or PDF, at most 10 MB.")


class Evidence(UploadApi):
    @operation(facts=NewEvidence, answer=EvidenceAnswer, status=201, summary="Prove an explanation")
    def post(self, call: Call, breach: int) -> JustificationPaper:
        """One more paper, by who filed the explanation, until it is decided; at most five. Pictures are made anew."""
        return add_evidence(breach_id=breach, upload=call.facts["file"], actor=call.actor, at=call.at)


class OneEvidence(Api):
    @operation(summary="One paper, logged", more_answers={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, call: Call, breach: int, paper: int) -> HttpResponse:
        """The paper in clear, as an attachment, for who may see the breach."""
        found, content = read_evidence(breach_id=breach, paper=paper, actor=call.actor, at=call.at)
        return HttpResponse(
            content,
            content_type=found.media_type,
            headers={
                "Content-Disposition": f'attachment; filename="evidence-{found.pk}"',
                "Content-Security-Policy": "sandbox; default-src 'none'",
            },
        )


class Opinion(Api):
    @operation(roles="BH", facts=OpinionBody, answer=BreachAnswer, summary="The branch head's opinion")
    def post(self, call: Call, breach: int) -> Breach:
        give_opinion(breach_id=breach, actor=call.actor, at=call.at, **call.facts)
        return _seen(call, breach)


class Decide(Api):
    @operation(roles="TR SUP", facts=DecideBody, answer=BreachAnswer, summary="Decide on an explanation")
    def post(self, call: Call, breach: int) -> Breach:
        """By a tracker or a supervisor who neither answers for the breach nor filed the explanation."""
        decide_justification(breach_id=breach, actor=call.actor, at=call.at, **call.facts)
        return _seen(call, breach)


def _seen(call: Call, breach: int) -> Breach:
    breaches = Breach.objects.visible_to(call.actor, call.at).with_facts().prefetch_related(PAPERS)
    found = breaches.filter(pk=breach).first()
    if found is None:
        raise errors.no_breach()
    with_charges([found], at=call.at)
    return found


# -- urging ------------------------------------------------------------------------------------------------------------
class UrgeBody(Shape):
    text = FreeText(max_length=200)


class UrgeAnswer(serializers.Serializer[Urge]):
    application = number_of("application")
    by = number_of("by")
    text = serializers.CharField()
    told = serializers.IntegerField(help_text="How many people were told.")
    at = serializers.DateTimeField()


class Urging(Api):
    @operation(roles="CM CS BH TR SUP", facts=UrgeBody, answer=UrgeAnswer, status=201, summary="Urge a case")
    def post(self, call: Call, number: str) -> Urge:
        """Tells whoever answers for the case's next deadline; without a person, the supervisors."""
        return urge(number=number, actor=call.actor, at=call.at, text=call.facts["text"])


# -- boards ------------------------------------------------------------------------------------------------------------
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
            "trend": {f"{day:%Y-%m-%d}": count for day, count in breach_trend(scope=scope, at=call.at)},
        }


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
        month = _month(call)
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


class QueueAnswer(serializers.Serializer[Any]):
    queue = serializers.CharField(source="queue.name")
    open = serializers.IntegerField()
    claimed = serializers.IntegerField()
    overdue = serializers.IntegerField()
    due_today = serializers.IntegerField()
    done_today = serializers.IntegerField()
    mean_per_day = serializers.FloatField(source="mean", help_text="Of the last five working days.")
    backlog_days = serializers.FloatField(allow_null=True, help_text="Null: nothing was finished in these days.")
    alarm = serializers.BooleanField(source="is_alarm")


class PersonAnswer(serializers.Serializer[Any]):
    employee = number_of("employee")
    roles = serializers.ListField(child=serializers.CharField())
    held = serializers.IntegerField()
    clocks = serializers.IntegerField(help_text="Running clocks that this person answers for.")
    overdue = serializers.IntegerField()
    done_today = serializers.IntegerField()
    done = serializers.IntegerField(help_text="In the last five working days.")


class CapacityAnswer(serializers.Serializer[Any]):
    days = serializers.ListField(child=serializers.DateField())
    queues = QueueAnswer(many=True)
    people = PersonAnswer(many=True)


class CapacityBoard(Api):
    @operation(roles="TR SUP MGT AUD", answer=CapacityAnswer, summary="Backlog and load")
    def get(self, call: Call) -> object:
        """Per queue: open cases ÷ mean of what was finished on the last five working days. Per person: the load."""
        return capacity_board(at=call.at)


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


class LeaderboardBoard(Api):
    @operation(asked=SpanQuery, answer=LeaderboardsAnswer, summary="The best of a month or a quarter")
    def get(self, call: Call) -> Json:
        """Cards activated in the period, quality beside volume; the back office by punctuality; no worst."""
        try:
            span = read_span(call.asked.get("period", ""), at=call.at)
        except Malformed as error:
            raise serializers.ValidationError({"period": [str(error.message)]}) from None
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


def _month(call: Call) -> Month:
    try:
        return Month.read(call.asked.get("period", ""), at=call.at)
    except Malformed as error:
        raise serializers.ValidationError({"period": [str(error.message)]}) from None

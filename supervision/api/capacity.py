"""Backlog and load, the forecast of breaches and questions to the simulation under ``/api/v1/``."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from applications.api.answers import number_of
from ops_center.web.api import Api, Call, Paged, listed, operation, paged
from ops_center.web.keyset import Keyset
from ops_center.web.shapes import FreeText, Shape
from supervision import errors
from supervision.models import SimulationRun
from supervision.selectors.capacity import capacity_board, people_loads
from supervision.selectors.simulations import newest_done, what_ifs
from supervision.services.simulations import ask_what_if, cancel, why_failed

NEWEST = Keyset("-id")
Json = dict[str, Any]


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
        board = capacity_board(at=call.at)
        return {"days": board.days, "queues": board.queues, "people": people_loads(board, at=call.at)}


class ForecastAnswer(serializers.Serializer[Any]):
    """Queues are the columns of `breaches` and `done`, days their rows; a cell of breaches is mean, P10, P90."""

    as_of = serializers.DateTimeField(allow_null=True, help_text="Null: none has been computed yet.")
    days = serializers.ListField(child=serializers.DateField())
    queues = serializers.ListField(child=serializers.CharField())
    late = serializers.ListField(child=serializers.FloatField(), help_text="All together: mean, P10, P90.")
    breaches = serializers.ListField(child=serializers.ListField())
    done = serializers.ListField(child=serializers.ListField())
    loans = serializers.ListField(child=serializers.DictField())
    replications = serializers.IntegerField()


class Forecast(Api):
    @operation(roles="TR SUP MGT AUD", answer=ForecastAnswer, summary="Breaches of the next five working days")
    def get(self, call: Call) -> Json:
        """As the background has computed it last."""
        run = newest_done(SimulationRun.Kind.FORECAST)
        nothing = {"days": [], "queues": [], "late": [], "breaches": [], "done": [], "loans": [], "replications": 0}
        return {**nothing, **(run.outcome if run else {}), "as_of": run and run.asked_at}


class SimulationBody(Shape):
    name = FreeText(max_length=60)
    assumptions = serializers.DictField(
        required=False,
        default=dict,
        help_text="`{arrivals, staff{ROLE: ±n}, limits{CLOCK: n}, absent[{person, from, until}], days, seed, "
        "replications}`; what is left out is as planned.",
    )


class SimulationAnswer(serializers.Serializer[SimulationRun]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    assumptions = serializers.DictField(source="asked")
    asked_by = number_of("asked_by")
    asked_at = serializers.DateTimeField()
    state = serializers.ChoiceField(SimulationRun.State.choices)
    percent = serializers.IntegerField()
    finished_at = serializers.DateTimeField(allow_null=True)
    outcome = serializers.DictField(help_text="`today` and `then`, side by side; empty until it is done.")
    error = serializers.SerializerMethodField()

    def get_error(self, run: SimulationRun) -> str:
        return why_failed(run) if run.state == SimulationRun.State.FAILED else ""


class Simulations(Api):
    @operation(roles="SUP MGT", asked=Paged, answer=paged(SimulationAnswer), summary="Questions to the simulation")
    def get(self, call: Call) -> Json:
        """Newest first."""
        return listed(call, what_ifs(), NEWEST)

    @operation(roles="SUP MGT", facts=SimulationBody, answer=SimulationAnswer, status=202, summary="Ask what if")
    def post(self, call: Call) -> SimulationRun:
        """Computed in the background; 400 with a sentence for each assumption that cannot be."""
        return ask_what_if(name=call.facts["name"], asked=call.facts["assumptions"], actor=call.actor, at=call.at)


class OneSimulation(Api):
    @operation(roles="SUP MGT", answer=SimulationAnswer, summary="One question and its answer")
    def get(self, call: Call, simulation: int) -> SimulationRun:
        run = what_ifs().filter(pk=simulation).first()
        if run is None:
            raise errors.no_simulation()
        return run


class CancelSimulation(Api):
    @operation(roles="SUP MGT", answer=SimulationAnswer, summary="Cancel a question")
    def post(self, call: Call, simulation: int) -> SimulationRun:
        """By who asked it, while it is being computed; the worker stops after the replication that it is in."""
        return cancel(run=simulation, actor=call.actor, at=call.at)

"""Who is at work for how long, and what a piece of work takes, under ``/api/v1/``."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from applications.api.answers import number_of
from applications.lifecycle import QUEUES
from ops_center.clock import local_day
from ops_center.web.api import Api, Call, operation
from ops_center.web.shapes import Code, FreeText, Many, Shape, Whole
from organization.models import Absence
from organization.models.versions import PolicyStatus
from organization.services.versions import LONGEST_NOTE
from supervision.models import StandardMinutes
from supervision.selectors import minutes
from supervision.selectors.roster import Roster, roster
from supervision.services import standards
from supervision.services.roster import MOST_MINUTES, end_absence, enter_absence, plan_days

Json = dict[str, Any]


# -- the roster --------------------------------------------------------------------------------------------------------
class AbsenceAnswer(serializers.Serializer[Absence]):
    id = serializers.IntegerField()
    person = number_of("employee")
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(help_text="The last day, included.")
    note = serializers.CharField()


class EnteredAnswer(AbsenceAnswer):
    held = serializers.IntegerField(help_text="Cases that the person still holds: to be reassigned.")


class PlannedDay(serializers.Serializer[Any]):
    on = serializers.DateField()
    minutes = serializers.IntegerField(allow_null=True, help_text="Null: away.")


class PersonOfRoster(serializers.Serializer[Any]):
    person = serializers.CharField()
    days = PlannedDay(many=True)


class RosterAnswer(serializers.Serializer[Roster]):
    days = serializers.ListField(child=serializers.DateField())
    people = serializers.SerializerMethodField(help_text="Minutes of each day.")
    absences = AbsenceAnswer(many=True)
    left_behind = serializers.SerializerMethodField(help_text="Cases held by people who are away today.")

    @extend_schema_field(PersonOfRoster(many=True))
    def get_people(self, seen: Roster) -> Any:
        numbers = [row.employee.number for row in seen.rows]
        rows = [
            {"person": number, "days": [{"on": on, "minutes": seen.planned.get((number, on))} for on in seen.days]}
            for number in numbers
        ]
        return PersonOfRoster(rows, many=True).data

    def get_left_behind(self, seen: Roster) -> list[str]:
        return [case.number for case in seen.left_behind]


class PlannedBody(Shape):
    person = Code(max_length=16)
    on = serializers.DateField()
    minutes = Whole(max_value=MOST_MINUTES)


class RosterBody(Shape):
    days = Many(child=PlannedBody(), min_length=1)


class ReplannedAnswer(serializers.Serializer[Any]):
    changed = serializers.IntegerField(help_text="How many days are others than before.")


class RosterOfTheCenter(Api):
    @operation(roles="SUP MGT", answer=RosterAnswer, summary="The roster of the center")
    def get(self, call: Call) -> Roster:
        """The next five working days, the running one included."""
        return roster(at=call.at)

    @operation(roles="SUP", facts=RosterBody, answer=ReplannedAnswer, summary="Plan days anew")
    def post(self, call: Call) -> Json:
        """Minutes of people on days that are not over; of a day named twice the last counts."""
        wanted = {(day["person"].upper(), day["on"]): day["minutes"] for day in call.facts["days"]}
        return {"changed": plan_days(wanted=wanted, actor=call.actor, at=call.at)}


class AbsenceBody(Shape):
    person = Code(max_length=16)
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(help_text="The last day, included.")
    note = FreeText(max_length=80, required=False, default="", allow_blank=True)


class Absences(Api):
    @operation(roles="SUP", facts=AbsenceBody, answer=EnteredAnswer, status=201, summary="Enter an absence")
    def post(self, call: Call) -> Absence:
        """From today on; what the person holds stays there until it is reassigned."""
        said = dict(call.facts)
        row, held = enter_absence(person=said.pop("person").upper(), actor=call.actor, at=call.at, **said)
        row.held = held.count()  # type: ignore[attr-defined]
        return row


class EndOfAbsence(Api):
    @operation(roles="SUP", answer=AbsenceAnswer, summary="Take an absence out")
    def post(self, call: Call, absence: int) -> Absence:
        """From today on; the days that are over stay."""
        return end_absence(absence=absence, actor=call.actor, at=call.at)


# -- standard minutes --------------------------------------------------------------------------------------------------
class StandardVersion(serializers.Serializer[StandardMinutes]):
    id = serializers.IntegerField(source="pk")
    queue = serializers.ChoiceField([(name, name) for name in QUEUES])
    minutes = serializers.DecimalField(max_digits=5, decimal_places=1)
    starts_on = serializers.DateField()
    status = serializers.ChoiceField(PolicyStatus.choices)
    note = serializers.CharField()
    drafted_by = number_of("drafted_by")
    drafted_at = serializers.DateTimeField()
    approved_by = number_of("approved_by")
    approved_at = serializers.DateTimeField(allow_null=True)


class StandardAnswer(serializers.Serializer[minutes.Standard]):
    queue = serializers.CharField(source="queue.name")
    minutes = serializers.FloatField()
    source = serializers.ChoiceField(["agreed", "measured", "assumed"])  # type: ignore[assignment]
    measured = serializers.FloatField(source="measured.minutes", default=None, allow_null=True)
    pieces = serializers.IntegerField(source="measured.pieces", default=None, allow_null=True)


class StandardsAnswer(serializers.Serializer[Any]):
    standards = StandardAnswer(many=True)
    drafts = StandardVersion(many=True)
    past = StandardVersion(many=True, help_text="Approved, the newest day first.")


class MinutesBody(Shape):
    queue = serializers.ChoiceField([(name, name) for name in QUEUES])
    minutes = serializers.DecimalField(max_digits=5, decimal_places=1)
    starts_on = serializers.DateField()
    note = FreeText(max_length=LONGEST_NOTE, help_text="What changes and why.")


class Standards(Api):
    @operation(roles="SUP MGT AUD", answer=StandardsAnswer, summary="Standard minutes per piece of work")
    def get(self, call: Call) -> Json:
        """What holds for each queue today and where it comes from; what waits for the second person."""
        return {
            "standards": list(minutes.standards(local_day(call.at)).values()),
            "drafts": minutes.drafts(),
            "past": minutes.versions()[: minutes.SHOWN],
        }

    @operation(roles="MGT", facts=MinutesBody, answer=StandardVersion, status=201, summary="Draft standard minutes")
    def post(self, call: Call) -> StandardMinutes:
        """In force from a day ahead, once a second person approves."""
        return standards.draft_minutes(actor=call.actor, at=call.at, **call.facts)


class ApproveStandard(Api):
    @operation(roles="MGT", answer=StandardVersion, summary="Approve standard minutes")
    def post(self, call: Call, version: int) -> StandardMinutes:
        """By a second person."""
        return standards.approve_minutes(version=version, actor=call.actor, at=call.at)


class DiscardStandard(Api):
    @operation(roles="MGT", answer=StandardVersion, summary="Discard drafted standard minutes")
    def post(self, call: Call, version: int) -> StandardMinutes:
        """A draft is never changed: discard it and draft anew."""
        return standards.discard_minutes(version=version, actor=call.actor, at=call.at)

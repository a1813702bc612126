"""What is not paid for now: the list, its release, and what HR decides about people who have left."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from incentives import errors
from incentives.api.fields import Yuan, number_of
from incentives.lifecycle import HoldCause
from incentives.models import Hold
from incentives.selectors.holds import Leaver, leavers, open_holds
from incentives.services.holds import release_each
from incentives.services.leavers import decide_leaver
from ops_center.web.api import Api, Call, Paged, listed, operation, paged
from ops_center.web.keyset import Keyset
from ops_center.web.shapes import Flag, FreeText, Many, Shape, Whole
from organization.models import Employee

NEWEST = Keyset("-id")


class AskedHolds(Paged):
    cause = serializers.ChoiceField(HoldCause.choices, required=False)


class Releases(Shape):
    entries = Many(child=Whole(min_value=1), min_length=1)
    reason = FreeText(max_length=300)


class LeaverDecision(Shape):
    pay = Flag(help_text="False: voided, its shares go to the pool.")
    reason = FreeText(max_length=300)


class HoldAnswer(serializers.Serializer[Hold]):
    entry = serializers.IntegerField(source="entry_id")
    application = serializers.CharField(source="entry.assessment.application.number")
    role = serializers.CharField(source="entry.role")
    payee = number_of("entry.payee")
    amount = Yuan(source="entry.amount_fen")
    cause = serializers.ChoiceField(HoldCause.choices)
    reason = serializers.CharField()
    by = number_of("by")
    at = serializers.DateTimeField()


class ReleasedRow(serializers.Serializer[Any]):
    subject = serializers.CharField()
    done = serializers.BooleanField()
    code = serializers.CharField(source="refusal.code", default=None, allow_null=True)
    detail = serializers.CharField(source="sentence")


class LeaverAnswer(serializers.Serializer[Leaver]):
    person = serializers.CharField(source="person.number")
    name = serializers.CharField(source="person.name")
    left_on = serializers.DateField(source="person.left_on", allow_null=True)
    entries = serializers.IntegerField()
    total = Yuan(source="total_fen")
    since = serializers.DateTimeField()


class DecidedLeaver(serializers.Serializer[Any]):
    person = serializers.CharField()
    entries = serializers.IntegerField()


class Holds(Api):
    @operation(roles="TR SUP MGT AUD", asked=AskedHolds, answer=paged(HoldAnswer), summary="Entries on hold")
    def get(self, call: Call) -> dict[str, Any]:
        """Newest first. Shares that wait for their payee by a rule are entries in state HELD without a hold."""
        return listed(call, open_holds(call.asked.get("cause", "")), NEWEST)


class ReleaseMany(Api):
    @operation(roles="AUD SUP", facts=Releases, answer=ReleasedRow, many=True, summary="Release several entries")
    def post(self, call: Call) -> list[Any]:
        """Each answers for itself."""
        return list(release_each(actor=call.actor, at=call.at, **call.facts))


class Leavers(Api):
    @operation(roles="HR SUP AUD", answer=LeaverAnswer, many=True, summary="People who have left with unpaid rewards")
    def get(self, call: Call) -> list[Leaver]:
        return leavers()


def _leaver(call: Call, number: str) -> Employee:
    found: Employee | None = Employee.objects.filter(number=number).first()
    if found is None:
        raise errors.not_found()
    return found


class DecideLeaver(Api):
    @operation(
        roles="HR",
        facts=LeaverDecision,
        sight=_leaver,
        answer=DecidedLeaver,
        summary="Pay or void what a leaver earned",
    )
    def post(self, call: Call, number: str) -> dict[str, Any]:
        """All that is held for the person, in one decision."""
        entries = decide_leaver(
            person=number, is_paid=call.facts["pay"], reason=call.facts["reason"], actor=call.actor, at=call.at
        )
        return {"person": number, "entries": entries}

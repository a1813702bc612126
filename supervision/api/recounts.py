"""How far the clocks are that a change of the calendar or an outage concerns: a part of the answers about either."""

from __future__ import annotations

from rest_framework import serializers

from applications.lifecycle import Clock
from applications.models import Recount, StaleClock


class BrokenAnswer(serializers.Serializer[StaleClock]):
    case = serializers.CharField(source="clock.application.number")
    clock = serializers.ChoiceField(Clock.choices, source="clock.kind")
    since = serializers.DateTimeField(source="broken_at")
    error = serializers.CharField(help_text="Its kind.")


class RecountAnswer(serializers.Serializer[Recount]):
    begun_at = serializers.DateTimeField(help_text="When the change took effect.")
    total = serializers.IntegerField(help_text="Clocks that it concerns.")
    done = serializers.IntegerField(help_text="Of these, reckoned anew. No clock is called overdue before.")
    moved = serializers.IntegerField(help_text="Deadlines that moved.")
    overdue = serializers.IntegerField(help_text="Of these, overdue by it.")
    relieved = serializers.IntegerField(help_text="Overdue until then, and not any more.")
    exempt = serializers.IntegerField(help_text="Stopped late, and exempt by it.")
    broken = BrokenAnswer(many=True, help_text="Clocks that cannot be reckoned. They are tried again each minute.")
    finished_at = serializers.DateTimeField(allow_null=True)

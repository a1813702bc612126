"""How far the clocks are that a change of the calendar or an outage concerns: a part of the answers about either."""

from __future__ import annotations

from rest_framework import serializers

from applications.models import Recount


class RecountAnswer(serializers.Serializer[Recount]):
    begun_at = serializers.DateTimeField(help_text="When the change took effect.")
    total = serializers.IntegerField(help_text="Clocks that it concerns.")
    done = serializers.IntegerField(help_text="Of these, reckoned anew. No clock is called overdue before.")
    moved = serializers.IntegerField(help_text="Deadlines that moved.")
    overdue = serializers.IntegerField(help_text="Of these, overdue by it.")
    relieved = serializers.IntegerField(help_text="Overdue until then, and not any more.")
    exempt = serializers.IntegerField(help_text="Stopped late, and exempt by it.")
    finished_at = serializers.DateTimeField(allow_null=True)

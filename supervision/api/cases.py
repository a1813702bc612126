"""The cases behind a figure: without a client, newest first."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from applications.api.answers import code_of, number_of
from applications.lifecycle import State
from applications.models import Application
from applications.querysets import ApplicationQuerySet
from ops_center.web.api import Call, listed
from ops_center.web.keyset import Keyset

NEWEST = Keyset("-id")


class CountedCase(serializers.Serializer[Application]):
    number = serializers.CharField()
    state = serializers.ChoiceField(State.choices)
    round = serializers.IntegerField()
    product = serializers.CharField(source="product.code")
    branch = code_of("branch")
    referrer = number_of("referrer")
    collector = number_of("collector")
    taken_in_at = serializers.DateTimeField(allow_null=True)
    activated_at = serializers.DateTimeField(allow_null=True)


def counted(call: Call, cases: ApplicationQuerySet) -> dict[str, Any]:
    return listed(call, cases.with_people(), NEWEST)

"""Whether the product lives and does its work, for the load balancer and whoever is on call. No sign-in, no secrets.

A process that is up may be deaf; so readiness asks what was *done*: when the sweep last finished, and how long the
oldest activation has waited for its rewards.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from redis import Redis
from redis.exceptions import RedisError
from rest_framework import serializers
from rest_framework.response import Response

from applications.models import StaleClock
from incentives.services.accrual import oldest_unassessed
from ops_center.web.api import Api, Call, operation
from organization.services.jobs import HEARTBEAT, SILENCE, last_finished

_started = monotonic()  # of this process: a new installation has not swept yet


class HealthAnswer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(["ok"])


class ReadyAnswer(serializers.Serializer[Any]):
    ready = serializers.BooleanField()
    database = serializers.ChoiceField(["ok", "down"])
    broker = serializers.ChoiceField(["ok", "down"])
    last_sweep_at = serializers.DateTimeField(allow_null=True, help_text="By the application's clock.")
    last_sweep_age = serializers.IntegerField(allow_null=True, help_text="Seconds since the last finished sweep.")
    oldest_pending_event_age = serializers.IntegerField(
        allow_null=True, help_text="Seconds that the oldest activation has waited for its rewards; null: none waits."
    )
    broken_clocks = serializers.IntegerField(
        help_text="Clocks that a change of the calendar or an outage concerns and that cannot be reckoned."
    )


class Health(Api):
    authentication_classes = ()

    @operation(public=True, answer=HealthAnswer, summary="The process lives")
    def get(self, call: Call) -> dict[str, str]:
        return {"status": "ok"}


class Ready(Api):
    authentication_classes = ()

    @operation(public=True, answer=ReadyAnswer, more_answers={503: ReadyAnswer}, summary="The product does its work")
    def get(self, call: Call) -> Response:
        """503 when the database or the broker is away, or when no sweep has finished for five minutes."""
        facts = readiness(at=call.at)
        return Response(ReadyAnswer(facts).data, status=200 if facts["ready"] else 503)


def readiness(*, at: datetime) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "database": "ok",
        "broker": "ok" if _broker_answers() else "down",
        "last_sweep_at": None,
        "last_sweep_age": None,
        "oldest_pending_event_age": None,
        "broken_clocks": 0,
    }
    try:
        swept_at = last_finished(HEARTBEAT)
        waiting_since = oldest_unassessed(at=at)
        facts["broken_clocks"] = StaleClock.objects.broken().count()
    except DatabaseError:
        return {**facts, "database": "down", "ready": False}
    if waiting_since is not None:
        facts["oldest_pending_event_age"] = int((at - waiting_since).total_seconds())
    silent = timedelta(seconds=monotonic() - _started)
    if swept_at is not None:
        facts["last_sweep_at"] = swept_at
        facts["last_sweep_age"] = max(int((at - swept_at).total_seconds()), 0)
        silent = min(silent, at - swept_at)
    return {**facts, "ready": facts["broker"] == "ok" and silent <= SILENCE}


def _broker_answers() -> bool:
    try:
        with Redis.from_url(settings.CELERY_BROKER_URL, socket_connect_timeout=1, socket_timeout=1) as broker:
            return bool(broker.ping())
    except RedisError:
        return False

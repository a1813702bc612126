"""The periodic jobs under ``/api/v1/``: for who watches over the bank's machinery."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rest_framework import serializers

from ops_center.jobs_page import WATCHERS, JobLine, lines_of
from ops_center.web.api import Api, Call, operation
from organization.services.jobs import silent_since


class JobAnswer(serializers.Serializer[JobLine]):
    name = serializers.CharField(source="job.name")
    words = serializers.CharField()
    every_seconds = serializers.SerializerMethodField()
    started_at = serializers.DateTimeField(source="passes.last.started_at", default=None, allow_null=True)
    ended_at = serializers.DateTimeField(source="passes.last.ended_at", default=None, allow_null=True)
    error = serializers.CharField(source="passes.last.error", default="", help_text="Of the last pass, by its kind.")
    last_good_at = serializers.DateTimeField(source="passes.last_good_at", allow_null=True)
    hits = serializers.IntegerField(source="passes.hits", allow_null=True, help_text="Of the last pass; null: it runs.")
    hits_of_the_day = serializers.IntegerField(source="passes.hits_of_the_day", help_text="In the last 24 hours.")
    next_at = serializers.DateTimeField(allow_null=True)
    is_late = serializers.BooleanField()

    def get_every_seconds(self, line: JobLine) -> int:
        return int(line.job.every.total_seconds())


class JobsAnswer(serializers.Serializer[Any]):
    silent_since = serializers.DateTimeField(allow_null=True, help_text="Of the search for overdue cases; null: well.")
    jobs = JobAnswer(many=True)


class Jobs(Api):
    @operation(roles=" ".join(WATCHERS), answer=JobsAnswer, summary="The periodic jobs")
    def get(self, call: Call) -> dict[str, Any]:
        """In the order of a pass."""
        silent: datetime | None = silent_since(call.at)
        return {"silent_since": silent, "jobs": lines_of(call.at)}

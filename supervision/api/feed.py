"""The success feed under ``/api/v1/``: what was reached, and the words that people add to it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from applications.api.answers import code_of
from ops_center.web.api import Api, Call, Paged, listed, operation, paged
from ops_center.web.keyset import Keyset
from ops_center.web.shapes import FreeText, Shape
from supervision import errors
from supervision.models import Broadcast
from supervision.selectors.feed import Success, feed, told
from supervision.services.broadcasts import LONGEST_WORD, cheer, say_motto

NEWEST = Keyset("-at", "-id")


class FeedQuery(Paged):
    reason = serializers.ChoiceField(Broadcast.Reason.choices, required=False)
    mine = serializers.BooleanField(required=False, help_text="My own successes.")


class SentenceBody(Shape):
    text = FreeText(max_length=LONGEST_WORD, allow_blank=True, help_text="Empty takes it back.")


class SuccessAnswer(serializers.Serializer[Success]):
    id = serializers.IntegerField(source="row.pk")
    reason = serializers.ChoiceField(Broadcast.Reason.choices, source="row.reason")
    text = serializers.CharField(help_text="In the reader's language; never a client, never a case.")
    branch = code_of("row.branch")
    at = serializers.DateTimeField(source="row.at")
    motto = serializers.CharField(source="row.motto", help_text="By the person.")
    cheer = serializers.CharField(source="row.cheer", help_text="By the head of the branch.")
    is_mine = serializers.BooleanField()
    may_cheer = serializers.BooleanField()


class Feed(Api):
    @operation(roles="EMP", asked=FeedQuery, answer=paged(SuccessAnswer), summary="The success feed")
    def get(self, call: Call) -> dict[str, Any]:
        """Of the whole bank, newest first."""
        rows = feed()
        if "reason" in call.asked:
            rows = rows.filter(reason=call.asked["reason"])
        if call.asked.get("mine"):
            rows = rows.filter(person=call.actor)
        page = listed(call, rows, NEWEST)
        return page | {"results": [told(row, reader=call.actor, at=call.at) for row in page["results"]]}


def _told(call: Call, broadcast: int) -> Success:
    row = feed().filter(pk=broadcast).first()
    if row is None:
        raise errors.no_success()
    return told(row, reader=call.actor, at=call.at)


class Motto(Api):
    @operation(roles="EMP", facts=SentenceBody, sight=_told, answer=SuccessAnswer, summary="Say one's own sentence")
    def post(self, call: Call, broadcast: int) -> Success:
        """By the person whose success it is."""
        say_motto(broadcast=broadcast, actor=call.actor, at=call.at, **call.facts)
        return _told(call, broadcast)


class Cheer(Api):
    @operation(roles="BH", facts=SentenceBody, sight=_told, answer=SuccessAnswer, summary="Add a word of the head")
    def post(self, call: Call, broadcast: int) -> Success:
        """By the head of the branch."""
        cheer(broadcast=broadcast, actor=call.actor, at=call.at, **call.facts)
        return _told(call, broadcast)

"""One's own news under ``/api/v1/inbox/``, when one wants to be told, and the letters that leave the house."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from ops_center.clock import local_day
from ops_center.web.api import Api, Call, Paged, listed, operation, paged
from ops_center.web.keyset import Keyset
from ops_center.web.shapes import Flag, Shape
from organization.messages import Phrasebook
from organization.models import Channel, Delivery, Message, NewsPreference
from organization.services import inbox, letters, telling

NEWEST, LATEST = Keyset("-at", "-id"), Keyset("-due_at", "-id")
WATCHERS = " ".join(letters.WATCHERS)
Json = dict[str, Any]


# -- the inbox ---------------------------------------------------------------------------------------------------------
class InboxQuery(Paged):
    unread = serializers.BooleanField(required=False)


class MessageAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    kind = serializers.CharField()
    text = serializers.CharField(help_text="In the reader's language.")
    about = serializers.CharField(help_text="The path of the page that it is about.")
    at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True)


class ReadAnswer(serializers.Serializer[Any]):
    read = serializers.IntegerField(help_text="How many were unread before.")


class Inbox(Api):
    @operation(asked=InboxQuery, answer=paged(MessageAnswer), summary="One's own messages")
    def get(self, call: Call) -> Json:
        """Newest first."""
        rows = Message.objects.filter(employee=call.actor)
        if "unread" in call.asked:
            rows = rows.filter(read_at__isnull=call.asked["unread"])
        page = listed(call, rows, NEWEST)
        return page | {"results": _told(page["results"])}


def _told(rows: Iterable[Message]) -> list[Json]:
    """Messages with their words: those of the day on which they were written."""
    book, names = Phrasebook.read(), ("id", "kind", "about", "at", "read_at")
    return [
        {name: getattr(row, name) for name in names} | {"text": book.words(row.kind, row.facts, on=local_day(row.at))}
        for row in rows
    ]


class ReadAll(Api):
    @extend_schema(operation_id="inbox_read_all")
    @operation(answer=ReadAnswer, summary="Mark all messages as read")
    def post(self, call: Call) -> Json:
        return {"read": inbox.mark_read(employee=call.actor, at=call.at)}


class ReadOne(Api):
    @operation(answer=MessageAnswer, summary="Mark a message as read")
    def post(self, call: Call, message: int) -> Json:
        """Read again, it keeps the time of the first reading."""
        inbox.own_message(message, employee=call.actor)
        inbox.mark_read(employee=call.actor, at=call.at, message_id=message)
        return _told([inbox.own_message(message, employee=call.actor)])[0]


# -- when one wants to be told -----------------------------------------------------------------------------------------
class PreferenceBody(Shape):
    quiet_from = serializers.TimeField(help_text="Equal to `quiet_to`: no quiet hours.")
    quiet_to = serializers.TimeField()
    digest_at = serializers.TimeField(help_text="The letter of the day, on working days; outside the quiet hours.")
    by_mail = Flag()


class PreferenceAnswer(serializers.Serializer[NewsPreference]):
    quiet_from = serializers.TimeField(format="%H:%M")
    quiet_to = serializers.TimeField(format="%H:%M")
    digest_at = serializers.TimeField(format="%H:%M")
    by_mail = serializers.BooleanField()
    may_be_told = serializers.SerializerMethodField(help_text="Whether news would come by themselves now.")

    def get_may_be_told(self, row: NewsPreference) -> bool:
        call: Call = self.context["call"]
        return telling.may_be_told(call.at, call.actor)


class Preferences(Api):
    @operation(answer=PreferenceAnswer, summary="When one wants to be told")
    def get(self, call: Call) -> NewsPreference:
        """What one has chosen, or what holds without a choice."""
        return telling.preference_of(call.actor, on=local_day(call.at))

    @operation(facts=PreferenceBody, answer=PreferenceAnswer, summary="Choose when to be told")
    def post(self, call: Call) -> NewsPreference:
        """Holds from now on. Mail needs a mail address in the house."""
        return telling.choose(actor=call.actor, **call.facts)


# -- letters -----------------------------------------------------------------------------------------------------------
class LetterQuery(Paged):
    show = serializers.ChoiceField([(room, room) for room in letters.ROOMS], required=False, default="given-up")


class LetterAnswer(serializers.Serializer[Delivery]):
    id = serializers.IntegerField()
    channel = serializers.ChoiceField(Channel.choices)
    person = serializers.CharField(source="employee.number", default=None, allow_null=True, help_text="Null: a group.")
    subject = serializers.CharField()
    due_at = serializers.DateTimeField()
    tries = serializers.IntegerField()
    sent_at = serializers.DateTimeField(allow_null=True)
    given_up_at = serializers.DateTimeField(allow_null=True)
    error = serializers.CharField(help_text="What went wrong last, by its technical name.")


class Letters(Api):
    @operation(roles=WATCHERS, asked=LetterQuery, answer=paged(LetterAnswer), summary="Letters out of the house")
    def get(self, call: Call) -> Json:
        """What was given up, is tried again, waits, or was sent; the latest first."""
        return listed(call, letters.letters_in(call.asked["show"]), LATEST)


class SendAgain(Api):
    @operation(roles=WATCHERS, answer=LetterAnswer, summary="Send a letter again")
    def post(self, call: Call, letter: int) -> Delivery:
        """Only what was given up (409): anything else is sent or tried again by itself."""
        return letters.send_again(delivery=letter, actor=call.actor, at=call.at)

"""The words of messages under ``/api/v1/templates/``: drafted by one of the management, approved by a second."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from ops_center.web.api import Api, Call, operation
from ops_center.web.shapes import FreeText, Shape, Text
from organization.messages import WORDS, facts_of
from organization.models import MessageTemplate
from organization.models.versions import PolicyStatus
from organization.services import templates
from organization.services.versions import LONGEST_NOTE

READERS = "MGT AUD"
KINDS, LANGUAGES = [(kind, kind) for kind in WORDS], [(code, code) for code, _name in settings.LANGUAGES]
Json = dict[str, Any]


class TemplatesQuery(Shape):
    language = serializers.ChoiceField(LANGUAGES, required=False, default=settings.LANGUAGE_CODE)


class WordsBody(Shape):
    kind = serializers.ChoiceField(KINDS)
    language = serializers.ChoiceField(LANGUAGES)
    text = Text(max_length=templates.LONGEST, help_text="With the facts of the kind by name: %(number)s.")


class TemplateBody(WordsBody):
    starts_on = serializers.DateField(help_text="Tomorrow at the earliest.")
    note = FreeText(max_length=LONGEST_NOTE, help_text="What changes and why.")


class TemplateRow(serializers.Serializer[MessageTemplate]):
    id = serializers.IntegerField(source="pk")
    kind = serializers.CharField()
    language = serializers.CharField()
    text = serializers.CharField()
    starts_on = serializers.DateField()
    status = serializers.ChoiceField(PolicyStatus.choices)
    note = serializers.CharField()
    drafted_by = serializers.CharField(source="drafted_by.number", default=None, allow_null=True)
    drafted_at = serializers.DateTimeField()
    approved_by = serializers.CharField(source="approved_by.number", default=None, allow_null=True)
    approved_at = serializers.DateTimeField(allow_null=True)


class TemplateAnswer(TemplateRow):
    before = serializers.SerializerMethodField(help_text="The words that it follows, with example facts.")
    after = serializers.SerializerMethodField(help_text="These words, with example facts.")

    def get_before(self, row: MessageTemplate) -> str:
        return templates.words_before(row)

    def get_after(self, row: MessageTemplate) -> str:
        return templates.preview(row.kind, row.language, row.text)


class KindAnswer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    text = serializers.CharField(help_text="As it holds today.")
    is_own = serializers.BooleanField(help_text="The bank's own words, not the product's.")
    facts = serializers.ListField(child=serializers.CharField())


class WordsAnswer(serializers.Serializer[Any]):
    language = serializers.CharField()
    words = KindAnswer(many=True)
    drafts = TemplateRow(many=True, help_text="In both languages; they wait for the second person.")


class SeenAnswer(serializers.Serializer[Any]):
    seen = serializers.CharField(help_text="As a reader would see them, with example facts.")


class Templates(Api):
    @extend_schema(operation_id="templates_list")
    @operation(roles=READERS, asked=TemplatesQuery, answer=WordsAnswer, summary="The words of messages")
    def get(self, call: Call) -> Json:
        """Every kind with the words that hold today in one language."""
        language = call.asked["language"]
        return {
            "language": language,
            "words": [
                {"kind": kind, "text": text, "is_own": is_own, "facts": sorted(facts_of(kind))}
                for kind, text, is_own in templates.words_in_force(language, at=call.at)
            ],
            "drafts": templates.drafts(),
        }

    @operation(roles="MGT", facts=TemplateBody, answer=TemplateAnswer, status=201, summary="Draft words of a message")
    def post(self, call: Call) -> MessageTemplate:
        """400 with the sentence when they would lose what the reader acts by, or name what the message does not
        carry."""
        return templates.draft_template(actor=call.actor, at=call.at, **call.facts)


class TemplatePreview(Api):
    @operation(roles="MGT", facts=WordsBody, answer=SeenAnswer, summary="Words as a reader would see them")
    def post(self, call: Call) -> Json:
        """Writes nothing."""
        return {"seen": templates.preview(**call.facts)}


class OneTemplate(Api):
    @operation(roles=READERS, answer=TemplateAnswer, summary="One version of the words")
    def get(self, call: Call, template: int) -> MessageTemplate:
        return templates.version_of(template)


class ApproveTemplate(Api):
    @operation(roles="MGT", answer=TemplateAnswer, summary="Approve drafted words")
    def post(self, call: Call, template: int) -> MessageTemplate:
        """By a second person; earlier messages keep their words."""
        return templates.approve_template(template=template, actor=call.actor, at=call.at)


class DiscardTemplate(Api):
    @operation(roles="MGT", answer=TemplateAnswer, summary="Discard drafted words")
    def post(self, call: Call, template: int) -> MessageTemplate:
        """A draft is never changed: discard it and draft anew."""
        return templates.discard_template(template=template, actor=call.actor, at=call.at)

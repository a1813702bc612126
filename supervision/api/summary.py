"""The personal summary of a month under ``/api/v1/``: figures that are filled in, five blocks that one writes."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ops_center.web.api import Api, Call, Paged, operation, paged
from ops_center.web.shapes import FreeText, Shape, Whole
from supervision.api.cases import CountedCase, counted
from supervision.api.goals import month_of
from supervision.models import MonthSummary
from supervision.selectors.summary import LABELS, Summary, summary_cases, summary_of
from supervision.services.summaries import MOST_LETTERS, save_summary

MONTH = "2026-11; the running one."


class MonthQuery(Shape):
    month = serializers.CharField(max_length=7, required=False, help_text=MONTH)


class FigureQuery(Paged):
    month = serializers.CharField(max_length=7, required=False, help_text=MONTH)
    figure = serializers.ChoiceField([(name, name) for name in LABELS])


class SummaryBody(Shape):
    """All five blocks as they shall stand; an empty one is empty."""

    month = serializers.CharField(max_length=7, required=False, help_text=MONTH)
    version = Whole(required=False, help_text="As it was read; 0: nothing had been written.")

    def get_fields(self) -> dict[str, Any]:
        blocks = {block: FreeText(max_length=MOST_LETTERS, allow_blank=True) for block in MonthSummary.BLOCKS}
        return super().get_fields() | blocks


class PersonalSummaryAnswer(serializers.Serializer[Summary]):
    month = serializers.CharField()
    figures = serializers.DictField(child=serializers.IntegerField(), help_text=f"{', '.join(LABELS)}.")
    texts = serializers.DictField(child=serializers.CharField(), help_text=f"{', '.join(MonthSummary.BLOCKS)}.")
    version = serializers.IntegerField(help_text="0: nothing has been written.")
    saved_at = serializers.DateTimeField(source="written.saved_at", default=None, allow_null=True)


class PersonalSummary(Api):
    @operation(asked=MonthQuery, answer=PersonalSummaryAnswer, summary="One's own month")
    def get(self, call: Call) -> Summary:
        """Nobody reads another person's."""
        return summary_of(call.actor, month=month_of(call.asked, call))

    @operation(facts=SummaryBody, answer=PersonalSummaryAnswer, versioned=True, summary="Write one's own month")
    def post(self, call: Call) -> Summary:
        """Saved in another window meanwhile: 412, and nothing is overwritten."""
        texts = dict(call.facts)
        texts.pop("month", None)
        month = month_of(call.facts, call)
        save_summary(person=call.actor, month=month, texts=texts, version=call.seen, at=call.at)
        return summary_of(call.actor, month=month)


class SummaryCases(Api):
    @operation(asked=FigureQuery, answer=paged(CountedCase), summary="The cases behind a figure of one's own month")
    def get(self, call: Call) -> dict[str, Any]:
        return counted(call, summary_cases(call.actor, month=month_of(call.asked, call), name=call.asked["figure"]))

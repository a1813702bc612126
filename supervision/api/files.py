"""Reports as files under ``/api/v1/``: asked for, followed while they are written, fetched."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from rest_framework import serializers

from ops_center.web.api import Api, Call, Paged, listed, operation, paged
from ops_center.web.keyset import Keyset
from ops_center.web.shapes import Code, FreeText, Shape, Text
from supervision import errors
from supervision.forms.reports import FileForm
from supervision.models import ReportRun
from supervision.services.report_files import FORMATS, MEDIA_TYPES, TAKERS, ask_report, file_of

NEWEST = Keyset("-id")
TAKE = " ".join(TAKERS)


class FileBody(Shape):
    """What a page asks with: the report, and the filters that it was drawn with."""

    report = Code(max_length=40)
    form = serializers.ChoiceField([(form, form) for form in FORMATS])
    purpose = FreeText(
        max_length=100, required=False, default="", allow_blank=True, help_text="Where people are named."
    )

    def get_fields(self) -> dict[str, Any]:
        own = super().get_fields()
        filters = {name: field for name, field in FileForm.base_fields.items() if name not in own}
        return own | {
            name: Text(max_length=getattr(field, "max_length", None) or 40, required=False, allow_blank=True)
            for name, field in filters.items()
        }


class ReportFileAnswer(serializers.Serializer[ReportRun]):
    id = serializers.IntegerField()
    report = serializers.CharField()
    form = serializers.CharField(source="asked.form")
    asked_at = serializers.DateTimeField()
    state = serializers.ChoiceField(ReportRun.State.choices)
    done_rows = serializers.IntegerField()
    total_rows = serializers.IntegerField()
    finished_at = serializers.DateTimeField(allow_null=True)
    name = serializers.CharField(help_text="Empty until it is done.")
    sha256 = serializers.CharField(source="digest")
    error = serializers.CharField()


class ReportFiles(Api):
    @operation(roles=TAKE, asked=Paged, answer=paged(ReportFileAnswer), summary="One's own report files")
    def get(self, call: Call) -> dict[str, Any]:
        """Newest first; kept for 30 days."""
        return listed(call, ReportRun.objects.filter(asked_by=call.actor).defer("body"), NEWEST)

    @operation(roles=TAKE, facts=FileBody, answer=ReportFileAnswer, status=202, summary="Ask for a report as a file")
    def post(self, call: Call) -> ReportRun:
        """Written in the background; recorded in the audit log. A branch head's is of the own branch; a collector takes
        the own cases (`report`: `cases`, with the filters of the list)."""
        said = dict(call.facts)
        report, form, purpose = said.pop("report"), said.pop("form"), said.pop("purpose")
        return ask_report(report=report, asked=said, form=form, purpose=purpose, actor=call.actor, at=call.at)


class OneReportFile(Api):
    @operation(roles=TAKE, answer=ReportFileAnswer, summary="How far a file is")
    def get(self, call: Call, file: int) -> ReportRun:
        found = ReportRun.objects.filter(pk=file, asked_by=call.actor).defer("body").first()
        if found is None:
            raise errors.no_report_file()
        return found


class ReportFileContent(Api):
    @operation(
        roles=TAKE,
        summary="The file itself, logged",
        more_answers={(200, media): bytes for media in MEDIA_TYPES.values()},
    )
    def get(self, call: Call, file: int) -> HttpResponse:
        """The same bytes at every download; 404 until it is written."""
        run = file_of(run=file, actor=call.actor, at=call.at)
        return HttpResponse(
            bytes(run.body or b""),
            content_type=MEDIA_TYPES[run.asked["form"]],
            headers={"Content-Disposition": f'attachment; filename="{run.name}"'},
        )

"""Payout batches, their sheets, and what the payroll answered."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from incentives import errors
from incentives.api.fields import Yuan, number_of
from incentives.downloads import MEDIA_TYPES, file_response
from incentives.lifecycle import Sheet
from incentives.models import PayoutBatch, PayoutBuild, PayoutFile, PayoutReturn, PayoutReturnRow
from incentives.selectors.batches import Control, Payments, SheetSum, batches, control_of, payments_of, returns_of
from incentives.services import payouts
from incentives.services.returns import take_return
from ops_center.web.api import Api, Call, Paged, UploadApi, listed, operation, paged
from ops_center.web.keyset import Keyset
from ops_center.web.shapes import Code, Many, Shape

NEWEST_ROW = Keyset("-id")
LISTED = 500  # unknown rows in one answer; a file with more has another fault than its rows


class NewPayout(Shape):
    confirmations = Many(child=Code(), min_length=1)


class Paid(Shape):
    paid_on = serializers.DateField(required=False)


class SheetAnswer(serializers.Serializer[SheetSum]):
    sheet = serializers.ChoiceField(Sheet.choices)
    entries = serializers.IntegerField()
    total = Yuan(source="total_fen")


class ControlAnswer(serializers.Serializer[Control]):
    """The totals bar: sheets + held + voided = confirmed, difference 0.00."""

    sheets = SheetAnswer(many=True)
    exported = Yuan(source="exported_fen")
    held = Yuan(source="held_fen")
    voided = Yuan(source="voided_fen")
    confirmed = Yuan(source="confirmed_fen")
    difference = Yuan(source="difference_fen")


class FileAnswer(serializers.Serializer[Any]):
    sheet = serializers.ChoiceField(Sheet.choices)
    format = serializers.ChoiceField(PayoutFile.Format.choices)
    sha256 = serializers.CharField(source="digest")
    size = serializers.IntegerField()


class BuildAnswer(serializers.Serializer[PayoutBuild]):
    """How far the files are: they follow the frozen lines in the background."""

    percent = serializers.IntegerField()
    finished = serializers.BooleanField(source="is_finished")


class PaymentsAnswer(serializers.Serializer[Payments]):
    """HR's sheet, netted with a floor: due + brought = paid + carried; nobody pays the bank."""

    payees = serializers.IntegerField()
    paid = Yuan(source="paid_fen")
    brought = Yuan(source="brought_fen")
    carried = Yuan(source="carried_fen")
    open = serializers.IntegerField(help_text="Payees about whom no return file has said anything yet.")
    refused = serializers.IntegerField()
    bounced = serializers.IntegerField(help_text="Answered as paid, and returned by the bank later.")


class PayoutAnswer(serializers.Serializer[PayoutBatch]):
    id = serializers.IntegerField()
    confirmations = serializers.SerializerMethodField()
    made_by = number_of("made_by")
    made_at = serializers.DateTimeField()
    total = Yuan(source="total_fen")
    paid_on = serializers.DateField(allow_null=True)
    paid_by = number_of("paid_by")
    build = BuildAnswer()
    control = serializers.SerializerMethodField()
    payments = serializers.SerializerMethodField()
    files = serializers.SerializerMethodField()

    def get_confirmations(self, batch: PayoutBatch) -> list[str]:
        return [confirmation.no for confirmation in batch.confirmations.all()]

    @extend_schema_field(ControlAnswer)
    def get_control(self, batch: PayoutBatch) -> Any:
        return ControlAnswer(control_of(batch)).data

    @extend_schema_field(PaymentsAnswer)
    def get_payments(self, batch: PayoutBatch) -> Any:
        return PaymentsAnswer(payments_of(batch)).data

    @extend_schema_field(FileAnswer(many=True))
    def get_files(self, batch: PayoutBatch) -> Any:
        return FileAnswer(list(batch.files.defer("content")), many=True).data


class UnknownRow(serializers.Serializer[Any]):
    line = serializers.IntegerField()
    number = serializers.CharField()
    finding = serializers.CharField()


class ReturnAnswer(serializers.Serializer[PayoutReturn]):
    """A return file and what became of its rows; nothing is guessed."""

    id = serializers.IntegerField()
    file_name = serializers.CharField()
    sha256 = serializers.CharField(source="digest")
    uploaded_by = number_of("uploaded_by")
    uploaded_at = serializers.DateTimeField()
    paid = serializers.IntegerField()
    refused = serializers.IntegerField()
    bounced = serializers.IntegerField(help_text="Answered as paid before, and returned by the bank now.")
    done_before = serializers.IntegerField()
    unknown = serializers.IntegerField()
    unknown_rows = serializers.SerializerMethodField()

    @extend_schema_field(UnknownRow(many=True))
    def get_unknown_rows(self, file: PayoutReturn) -> Any:
        unknown = file.rows.filter(fate=PayoutReturnRow.Fate.UNKNOWN)
        return UnknownRow(list(unknown[:LISTED]), many=True).data


class ReturnFile(Shape):
    file = serializers.FileField(max_length=120, help_text="CSV (UTF-8) or XLSX: 工号, 实发金额, 结果, 原因")


def _seen(call: Call, batch: int) -> PayoutBatch:
    found = batches().filter(pk=batch).first()
    if found is None:
        raise errors.not_found()
    return found


class Payouts(Api):
    @operation(roles="HR AUD", asked=Paged, answer=paged(PayoutAnswer), summary="Payout batches")
    def get(self, call: Call) -> dict[str, Any]:
        """Newest first."""
        return listed(call, batches(), NEWEST_ROW)

    @operation(roles="HR", facts=NewPayout, answer=PayoutAnswer, status=201, summary="Make a payout batch")
    def post(self, call: Call) -> PayoutBatch:
        """What is left of these documents; what is held at this moment comes with a later batch. The files of a small
        batch are ready with the answer; of a large one `build` says how far they are."""
        return payouts.make_payout(actor=call.actor, at=call.at, **call.facts)


class OnePayout(Api):
    @operation(roles="HR AUD", answer=PayoutAnswer, summary="One payout batch")
    def get(self, call: Call, batch: int) -> PayoutBatch:
        """With its control totals and the digests of its files."""
        return _seen(call, batch)


class PayoutSheet(Api):
    @operation(
        roles="HR AUD VND",
        summary="A sheet of a batch",
        more_answers={(200, media): bytes for media in MEDIA_TYPES.values()},
    )
    def get(self, call: Call, batch: int, sheet: Sheet, form: str) -> HttpResponse:
        """The same bytes at every download; 409 while it is being written."""
        return file_response(payouts.download(batch=batch, sheet=sheet, form=form, actor=call.actor, at=call.at))


class PayoutPaid(Api):
    @operation(roles="HR", facts=Paid, sight=_seen, answer=PayoutAnswer, summary="Mark a batch as paid")
    def post(self, call: Call, batch: int) -> PayoutBatch:
        """On the day named, or today."""
        return payouts.mark_paid(batch=batch, actor=call.actor, at=call.at, **call.facts)


class PayoutReturns(UploadApi):
    @operation(roles="HR AUD", asked=Paged, answer=paged(ReturnAnswer), summary="The return files of a batch")
    def get(self, call: Call, batch: int) -> dict[str, Any]:
        """Newest first, with how many rows had which fate, and the unknown ones by line."""
        return listed(call, returns_of(_seen(call, batch)), NEWEST_ROW)

    @operation(roles="HR", facts=ReturnFile, sight=_seen, answer=ReturnAnswer, status=201, summary="Load a return file")
    def post(self, call: Call, batch: int) -> PayoutReturn:
        """What the payroll says became of each payment. What it refuses, or returns after it was paid, comes again with
        the next batch; a row that fits no payment changes nothing. The same file counts once."""
        upload = call.facts["file"]
        file = take_return(batch=batch, name=upload.name, content=upload.read(), actor=call.actor, at=call.at)
        return returns_of(file.batch).get(pk=file.pk)

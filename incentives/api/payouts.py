"""Payout batches and their sheets."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from incentives import errors
from incentives.api.fields import Yuan, number_of
from incentives.downloads import MEDIA_TYPES, file_response
from incentives.lifecycle import Sheet
from incentives.models import PayoutBatch, PayoutFile
from incentives.selectors.batches import Control, SheetSum, batches, control_of
from incentives.services import payouts
from ops_center.web.api import Api, Call, Paged, listed, operation, paged
from ops_center.web.keyset import Keyset
from ops_center.web.shapes import Code, Many, Shape

NEWEST_ROW = Keyset("-id")


class NewPayout(Shape):
    confirmations = Many(child=Code(), min_length=1)


class Paid(Shape):
    paid_on = serializers.DateField(required=False)


class SheetAnswer(serializers.Serializer[SheetSum]):
    sheet = serializers.ChoiceField(Sheet.choices)
    entries = serializers.IntegerField()
    total = Yuan(source="total_fen")


class ControlAnswer(serializers.Serializer[Control]):
    """The totals bar: sheets + held = confirmed, difference 0.00."""

    sheets = SheetAnswer(many=True)
    exported = Yuan(source="exported_fen")
    held = Yuan(source="held_fen")
    confirmed = Yuan(source="confirmed_fen")
    difference = Yuan(source="difference_fen")


class FileAnswer(serializers.Serializer[Any]):
    sheet = serializers.ChoiceField(Sheet.choices)
    format = serializers.ChoiceField(PayoutFile.Format.choices)
    sha256 = serializers.CharField(source="digest")
    size = serializers.IntegerField()


class PayoutAnswer(serializers.Serializer[PayoutBatch]):
    id = serializers.IntegerField()
    confirmations = serializers.SerializerMethodField()
    made_by = number_of("made_by")
    made_at = serializers.DateTimeField()
    total = Yuan(source="total_fen")
    paid_on = serializers.DateField(allow_null=True)
    paid_by = number_of("paid_by")
    control = serializers.SerializerMethodField()
    files = serializers.SerializerMethodField()

    def get_confirmations(self, batch: PayoutBatch) -> list[str]:
        return [confirmation.no for confirmation in batch.confirmations.all()]

    @extend_schema_field(ControlAnswer)
    def get_control(self, batch: PayoutBatch) -> Any:
        return ControlAnswer(control_of(batch)).data

    @extend_schema_field(FileAnswer(many=True))
    def get_files(self, batch: PayoutBatch) -> Any:
        return FileAnswer(list(batch.files.defer("content")), many=True).data


class Payouts(Api):
    @operation(roles="HR AUD", asked=Paged, answer=paged(PayoutAnswer), summary="Payout batches")
    def get(self, call: Call) -> dict[str, Any]:
        """Newest first."""
        return listed(call, batches(), NEWEST_ROW)

    @operation(roles="HR", facts=NewPayout, answer=PayoutAnswer, status=201, summary="Make a payout batch")
    def post(self, call: Call) -> PayoutBatch:
        """Once per document; what is held at this moment comes with a later batch."""
        return payouts.make_payout(actor=call.actor, at=call.at, **call.facts)


class OnePayout(Api):
    @operation(roles="HR AUD", answer=PayoutAnswer, summary="One payout batch")
    def get(self, call: Call, batch: int) -> PayoutBatch:
        """With its control totals and the digests of its files."""
        found = batches().filter(pk=batch).first()
        if found is None:
            raise errors.not_found()
        return found


class PayoutSheet(Api):
    @operation(
        roles="HR AUD",
        summary="A sheet of a batch",
        more_answers={(200, media): bytes for media in MEDIA_TYPES.values()},
    )
    def get(self, call: Call, batch: int, sheet: Sheet, form: str) -> HttpResponse:
        """The same bytes at every download."""
        return file_response(payouts.download(batch=batch, sheet=sheet, form=form, actor=call.actor, at=call.at))


class PayoutPaid(Api):
    @operation(roles="HR", facts=Paid, answer=PayoutAnswer, summary="Mark a batch as paid")
    def post(self, call: Call, batch: int) -> PayoutBatch:
        """On the day named, or today."""
        return payouts.mark_paid(batch=batch, actor=call.actor, at=call.at, **call.facts)

"""What the API shows of the money: yuan as decimal strings, people by employee number, cases by number."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from applications.lifecycle import Performance
from incentives import selectors
from incentives.lifecycle import ConfirmationState, EntryKind, EntryState, PayeeKind, Sheet
from incentives.models import Confirmation, PayoutBatch, PayoutFile, RewardEntry
from incentives.services.pricing import Division
from ops_center.kernel.money import yuan


@extend_schema_field({"type": "string", "pattern": r"^-?\d+\.\d{2}$", "example": "25.00"})
class Yuan(serializers.IntegerField):
    """Fen shown as yuan: ``25.00``."""

    def to_representation(self, value: int) -> Any:
        return yuan(value)


def number_of(source: str) -> serializers.CharField:
    return serializers.CharField(source=f"{source}.number", default=None, allow_null=True, read_only=True)


# -- entries -----------------------------------------------------------------------------------------------------------
class EntryAnswer(serializers.Serializer[RewardEntry]):
    id = serializers.IntegerField()
    application = serializers.CharField(source="assessment.application.number")
    role = serializers.ChoiceField(Performance.choices)
    kind = serializers.ChoiceField(EntryKind.choices)
    sequence = serializers.IntegerField()
    amount = Yuan(source="amount_fen")
    payee = serializers.SerializerMethodField(help_text="An employee number, or POOL, HELD, CUSTOMER.")
    state = serializers.ChoiceField(EntryState.choices)
    why = serializers.CharField(help_text="Why the share went elsewhere than usual; empty otherwise.")
    policy_version = serializers.CharField(source="assessment.policy.version")
    at = serializers.DateTimeField()

    def get_payee(self, entry: RewardEntry) -> str:
        is_paid = entry.payee_kind == PayeeKind.EMPLOYEE
        return entry.payee.number if is_paid and entry.payee else entry.payee_kind


class RegisteredRow(serializers.Serializer[Any]):
    application = serializers.CharField()
    done = serializers.BooleanField()
    code = serializers.CharField(source="refusal.code", default=None, allow_null=True)
    detail = serializers.CharField(source="sentence")


class RegisteredAnswer(serializers.Serializer[Any]):
    registered = serializers.IntegerField()
    results = RegisteredRow(many=True)


# -- documents ---------------------------------------------------------------------------------------------------------
class ConfirmationRow(serializers.Serializer[Confirmation]):
    no = serializers.CharField()
    period = serializers.CharField()
    branches = serializers.SerializerMethodField(help_text="Empty: all.")
    state = serializers.ChoiceField(ConfirmationState.choices)
    cases = serializers.IntegerField(source="case_count")
    entries = serializers.IntegerField(source="entry_count")
    total = Yuan(source="total_fen")
    drafted_by = number_of("drafted_by")
    drafted_at = serializers.DateTimeField()
    certified_by = number_of("certified_by")
    certified_at = serializers.DateTimeField(allow_null=True)
    check_code = serializers.CharField()

    def get_branches(self, confirmation: Confirmation) -> list[str]:
        return [branch.code for branch in confirmation.branches.all()]


class RoleSumAnswer(serializers.Serializer[selectors.RoleSum]):
    role = serializers.ChoiceField(Performance.choices)
    entries = serializers.IntegerField()
    total = Yuan(source="total_fen")


class PayeeSumAnswer(serializers.Serializer[selectors.PayeeSum]):
    payee = serializers.SerializerMethodField()
    entries = serializers.IntegerField()
    total = Yuan(source="total_fen")

    def get_payee(self, row: selectors.PayeeSum) -> str:
        return row.person.number if row.person else row.payee_kind


class DocumentTables(serializers.Serializer[selectors.Document]):
    total_in_capitals = serializers.CharField(source="in_capitals")
    by_role = RoleSumAnswer(many=True)
    by_payee = PayeeSumAnswer(many=True)
    registrars = serializers.SerializerMethodField()
    policy_versions = serializers.ListField(child=serializers.CharField(), source="versions")

    def get_registrars(self, document: selectors.Document) -> list[str]:
        return [person.number for person in document.registrars]


class ConfirmationAnswer(ConfirmationRow):
    """The document as it stands on paper."""

    tables = serializers.SerializerMethodField()

    @extend_schema_field(DocumentTables)
    def get_tables(self, confirmation: Confirmation) -> Any:
        return DocumentTables(selectors.document_of(confirmation)).data


# -- payouts -----------------------------------------------------------------------------------------------------------
class SheetAnswer(serializers.Serializer[selectors.SheetSum]):
    sheet = serializers.ChoiceField(Sheet.choices)
    entries = serializers.IntegerField()
    total = Yuan(source="total_fen")


class ControlAnswer(serializers.Serializer[selectors.Control]):
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
        return ControlAnswer(selectors.control_of(batch)).data

    @extend_schema_field(FileAnswer(many=True))
    def get_files(self, batch: PayoutBatch) -> Any:
        return FileAnswer(list(batch.files.defer("content")), many=True).data


# -- prices ------------------------------------------------------------------------------------------------------------
class ShareAnswer(serializers.Serializer[Any]):
    role = serializers.ChoiceField(Performance.choices)
    amount = Yuan()


class DivisionAnswer(serializers.Serializer[Division]):
    shares = serializers.SerializerMethodField()
    sum = Yuan(source="total_fen")
    policy_version = serializers.CharField(source="policy.version")

    @extend_schema_field(ShareAnswer(many=True))
    def get_shares(self, division: Division) -> Any:
        return ShareAnswer([{"role": role, "amount": amount} for role, amount in division.shares], many=True).data

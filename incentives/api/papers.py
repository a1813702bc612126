"""Registrations and confirmation documents."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers

from applications.lifecycle import Performance
from incentives import errors
from incentives.api.fields import Yuan, number_of
from incentives.downloads import pdf_response
from incentives.lifecycle import ConfirmationState, EntryKind, Proof
from incentives.models import Bounty, Confirmation
from incentives.selectors.papers import Document, PayeeSum, RoleSum, document_of, documents_for
from incentives.selectors.registration import ToRegister, to_register, with_evidence
from incentives.services import confirmations, printing, registration
from ops_center.web.api import Api, Call, Paged, listed, operation, paged
from ops_center.web.keyset import Keyset
from ops_center.web.shapes import Code, FreeText, Many, Shape

NEWEST_ROW, OLDEST_CASE = Keyset("-id"), Keyset("at", "application_id")
DOCUMENT_READERS = "TR SUP MGT HR AUD"


class Chosen(Shape):
    applications = Many(child=Code(), min_length=1)
    despite = Many(
        child=Code(), required=False, default=list,
        help_text="Those of them that were looked into although the card system's file differs.",
    )  # fmt: skip


class AskedToRegister(Paged):
    branch = Code(required=False)


class ToRegisterRow(serializers.Serializer[ToRegister]):
    application = serializers.CharField(source="case.number")
    branch = serializers.CharField(source="case.branch.code", default=None, allow_null=True)
    bounty = Yuan(source="assessment.bounty_fen")
    activated_at = serializers.DateTimeField(source="case.activated_at")
    channel = serializers.CharField(help_text="Empty: reported by the card system.")
    card_system = serializers.ChoiceField(Proof.choices, source="evidence.proof")
    finding = serializers.CharField(source="evidence.finding", help_text="What differs.")
    missing_stamps = serializers.ListField(child=serializers.CharField())
    is_coached = serializers.BooleanField()
    due_at = serializers.DateTimeField(source="assessment.due_at", allow_null=True)


class ChosenDrafts(Shape):
    numbers = Many(child=Code(), min_length=1)


class DiscardReason(Shape):
    reason = FreeText(max_length=300)


class CertifiedRow(serializers.Serializer[Any]):
    no = serializers.CharField(source="subject")
    done = serializers.BooleanField()
    code = serializers.CharField(source="refusal.code", default=None, allow_null=True)
    detail = serializers.CharField(source="sentence")


class CertifiedAnswer(serializers.Serializer[Any]):
    certified = serializers.IntegerField()
    results = CertifiedRow(many=True)


class NewConfirmation(Shape):
    period = serializers.CharField(max_length=8, help_text="2026-11, or a week: 2026-W47.")
    branches = Many(child=Code(), required=False, default=list)


class RegisteredRow(serializers.Serializer[Any]):
    application = serializers.CharField(source="subject")
    done = serializers.BooleanField()
    code = serializers.CharField(source="refusal.code", default=None, allow_null=True)
    detail = serializers.CharField(source="sentence")


class RegisteredAnswer(serializers.Serializer[Any]):
    registered = serializers.IntegerField()
    results = RegisteredRow(many=True)


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
    discard_reason = serializers.CharField()
    check_code = serializers.CharField()

    def get_branches(self, confirmation: Confirmation) -> list[str]:
        return [branch.code for branch in confirmation.branches.all()]


class RoleSumAnswer(serializers.Serializer[RoleSum]):
    role = serializers.ChoiceField(Performance.choices)
    entries = serializers.IntegerField()
    total = Yuan(source="total_fen")


class KindSums(serializers.Serializer[Any]):
    """Yuan of each kind of entry."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {kind: Yuan(default=0) for kind in EntryKind.values}


class PayeeSumAnswer(serializers.Serializer[PayeeSum]):
    payee = serializers.SerializerMethodField()
    entries = serializers.IntegerField()
    by_kind = KindSums(source="fen_of")
    total = Yuan(source="total_fen")

    def get_payee(self, row: PayeeSum) -> str:
        return row.person.number if row.person else row.payee_kind


class AppliedBounty(serializers.Serializer[Bounty]):
    id = serializers.IntegerField(source="pk")
    product = serializers.CharField(source="product.code")
    amount = Yuan(source="amount_fen")
    starts_on = serializers.DateField()


class DocumentTables(serializers.Serializer[Document]):
    total_in_capitals = serializers.CharField(source="in_capitals")
    by_role = RoleSumAnswer(many=True)
    by_payee = PayeeSumAnswer(many=True)
    registrars = serializers.SerializerMethodField()
    policy_versions = serializers.ListField(child=serializers.CharField(), source="versions")
    bounties = AppliedBounty(many=True)

    def get_registrars(self, document: Document) -> list[str]:
        return [person.number for person in document.registrars]


class ConfirmationAnswer(ConfirmationRow):
    """The document as it stands on paper."""

    tables = serializers.SerializerMethodField()

    @extend_schema_field(DocumentTables)
    def get_tables(self, confirmation: Confirmation) -> Any:
        return DocumentTables(document_of(confirmation)).data


class Registrations(Api):
    @operation(
        roles="TR SUP AUD", asked=AskedToRegister, answer=paged(ToRegisterRow), summary="What waits for registration"
    )
    def get(self, call: Call) -> dict[str, Any]:
        """The longest waiting first, each with its proof, its stamps and its coaching."""
        page = listed(call, to_register(branch=call.asked.get("branch", "")), OLDEST_CASE)
        return page | {"results": with_evidence(page["results"])}

    @operation(roles="TR", facts=Chosen, answer=RegisteredAnswer, status=201, summary="Register activations")
    def post(self, call: Call) -> dict[str, Any]:
        """Each case answers for itself; when not one could be registered, the first refusal is the answer."""
        results = registration.register(actor=call.actor, at=call.at, **call.facts)
        return {"registered": sum(result.done for result in results), "results": results}


class Confirmations(Api):
    @operation(roles=DOCUMENT_READERS, asked=Paged, answer=paged(ConfirmationRow), summary="Confirmation documents")
    def get(self, call: Call) -> dict[str, Any]:
        """Newest first; HR sees the confirmed ones."""
        return listed(call, documents_for(call.roles), NEWEST_ROW)

    @operation(
        roles="TR SUP", facts=NewConfirmation, answer=ConfirmationAnswer, status=201, summary="Draft a confirmation"
    )
    def post(self, call: Call) -> Confirmation:
        """Everything registered up to the end of the period, of the branches named or of all."""
        return confirmations.draft_confirmation(actor=call.actor, at=call.at, **call.facts)


class OneConfirmation(Api):
    @operation(roles=DOCUMENT_READERS, answer=ConfirmationAnswer, summary="One confirmation")
    def get(self, call: Call, no: str) -> Confirmation:
        """With its tables by role and by payee."""
        return _seen(call, no)


def _seen(call: Call, no: str) -> Confirmation:
    found: Confirmation | None = documents_for(call.roles).filter(no=no).first()
    if found is None:
        raise errors.not_found()
    return found


class Certify(Api):
    @operation(roles="TR SUP", answer=ConfirmationAnswer, summary="Certify a confirmation")
    def post(self, call: Call, no: str) -> Confirmation:
        """By somebody who neither registered nor earns from one of its cases; it is locked by the same act."""
        return confirmations.certify(no=no, actor=call.actor, at=call.at)


class CertifyMany(Api):
    @extend_schema(operation_id="confirmations_certify_many")
    @operation(roles="TR SUP", facts=ChosenDrafts, answer=CertifiedAnswer, summary="Certify several confirmations")
    def post(self, call: Call) -> dict[str, Any]:
        """Each for itself; when not one could be certified, the first refusal is the answer."""
        results = confirmations.certify_each(actor=call.actor, at=call.at, **call.facts)
        return {"certified": sum(result.done for result in results), "results": results}


class Discard(Api):
    @operation(roles="TR SUP", facts=DiscardReason, sight=_seen, answer=ConfirmationAnswer, summary="Discard a draft")
    def post(self, call: Call, no: str) -> Confirmation:
        """Its entries wait for the next document; its number stays used."""
        return confirmations.discard_confirmation(no=no, actor=call.actor, at=call.at, **call.facts)


class Paper(Api):
    @operation(roles=DOCUMENT_READERS, summary="A confirmation as PDF", more_answers={(200, "application/pdf"): bytes})
    def get(self, call: Call, no: str) -> HttpResponse:
        """A confirmed one is the same file, byte for byte, on every download; a draft says so on every page."""
        return pdf_response(no, printing.print_confirmation(no=no, actor=call.actor, at=call.at))

"""What the API takes in: the facts of each call, in their contract's names."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from applications.lifecycle import Clock, Stage, State
from applications.models import CustomerGroup, GroupBatch, Product
from applications.models.problem import ContactLog, Party
from applications.services import check, documents
from applications.services.personal import FIELDS as PERSONAL
from applications.sheets import CALL_CHANNELS
from ops_center.kernel.identity import looks_personal, pan_like
from ops_center.web.api import Paged
from ops_center.web.shapes import (
    Agreed,
    Code,
    Flag,
    FreeText,
    IdNumber,
    Instant,
    Many,
    Mobile,
    Named,
    PersonName,
    Shape,
    Text,
    Versioned,
    Whole,
)  # fmt: skip
from organization.api_shapes import BranchField, EmployeeField

NOTE = 300


class ProductField(Named):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(slug_field="code", queryset=Product.objects.all(), **kwargs)


class GroupBatchField(Named):
    """A group batch by its code, open or not: the service says what is against it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(slug_field="code", queryset=GroupBatch.objects.all(), **kwargs)


# -- beginning --------------------------------------------------------------------------------------------------------
class WalkIn(Shape):
    product = ProductField()
    customer_group = serializers.ChoiceField(CustomerGroup.choices)
    customer_name = PersonName()
    mobile = Mobile()
    id_number = IdNumber()
    consent = Agreed()
    referrer = EmployeeField(required=False, allow_null=True)
    group_batch = GroupBatchField(required=False, allow_null=True)


class CaseQuery(Paged):
    """Which cases, and in which order: the filters of the pages' lists (applications.selectors.cases_for)."""

    state = serializers.ChoiceField(State.choices, required=False)
    stage = serializers.ChoiceField(Stage.choices, required=False)
    branch = BranchField(required=False)
    clock = serializers.ChoiceField(Clock.choices, required=False, help_text="The clock that is due next.")
    mine = serializers.BooleanField(required=False, help_text="Referred, collected or held by me.")
    overdue = serializers.BooleanField(required=False)
    search = Code(max_length=24, required=False, help_text="A number of ours; never a client's data.")
    ordering = serializers.ChoiceField(["newest", "due"], required=False, default="newest")

    def validate_search(self, value: str) -> str:
        if looks_personal(value):
            raise serializers.ValidationError(
                _("Only numbers of ours may stand in an address. Look for a client through customers/search/.")
            )
        return value


class ClientQuestion(Shape):
    """Exactly one of the three."""

    id_number = IdNumber(required=False)
    mobile = Mobile(required=False)
    name = PersonName(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError(_("Search by exactly one: ID number, mobile or name."))
        return attrs


# -- the steps --------------------------------------------------------------------------------------------------------
class Nothing(Versioned):
    """No facts."""


class Note(Versioned):
    note = FreeText(max_length=NOTE)


class OptionalNote(Versioned):
    note = FreeText(max_length=NOTE, required=False, allow_blank=True, default="")


class Reason(OptionalNote):
    code = Code(max_length=4)


class StartIntake(Versioned):
    customer_group = serializers.ChoiceField(CustomerGroup.choices)
    customer_name = PersonName()
    mobile = Mobile()
    id_number = IdNumber()
    consent = Agreed()
    group_batch = GroupBatchField(required=False, allow_null=True)


class PackItem(Shape):
    code = Code(max_length=24)
    original_seen = Flag()
    copy = Flag()


class CompleteIntake(Versioned):
    form_no = Code(max_length=24, required=False, allow_blank=True, default="")
    items = Many(child=PackItem())
    witness_person = Flag()
    witness_original = Flag()
    witness_signature = Flag()
    client_signature = Flag()
    credit_auth = Flag()


class HandToBranch(Versioned):
    branch = BranchField()


class SheetAnswer(Shape):
    code = Code(max_length=24)
    answer = serializers.ChoiceField([check.PASS, check.PROBLEM, check.NOT_APPLICABLE])
    note = FreeText(max_length=NOTE, required=False, allow_blank=True, default="")


class WarningAnswer(Shape):
    code = Code(max_length=20)
    note = FreeText(max_length=200)


class PassCheck(Versioned):
    items = Many(child=SheetAnswer())
    warnings = Many(child=WarningAnswer(), required=False, default=list)


class Keyed(serializers.DictField):
    """Field → value as keyed: text, true or false."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=serializers.JSONField(), allow_empty=False, **kwargs)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        values: dict[str, Any] = super().to_internal_value(data)
        wrong = {name: _("Text, true or false.") for name, value in values.items() if not _is_keyed(value)}
        wrong |= {
            name: _("This looks like a card number. The system stores none.")
            for name, value in values.items()
            if isinstance(value, str) and pan_like(value)
        }
        if wrong:
            raise serializers.ValidationError({name: [sentence] for name, sentence in wrong.items()})
        return values


def _is_keyed(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= 200 and value.isprintable()
    return value is None or isinstance(value, bool)


class SubmitEntry(Versioned):
    fields = Keyed()  # type: ignore[assignment]  # the contract's name; the framework keeps its own apart


class Verify(Versioned):
    """REVIEW: `agree`, and remarks by field when not. DOUBLE: the critical fields, keyed blind."""

    agree = Flag(required=False)
    fields = Keyed(required=False)  # type: ignore[assignment]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "agree" not in attrs and "fields" not in attrs:
            raise serializers.ValidationError(_("Say whether the entry agrees, or key the critical fields."))
        return attrs


class Choice(Shape):
    choose = serializers.ChoiceField(["FIRST", "SECOND", "OTHER"])
    value = Text(max_length=200, required=False)


class Arbitrate(Versioned):
    fields = serializers.DictField(child=Choice(), allow_empty=False)  # type: ignore[assignment]
    note = FreeText(max_length=NOTE)


class FileCase(Versioned):
    shelf = Text(max_length=24)
    archive_no = Code(max_length=24, required=False, allow_blank=True, default="")


class MarkIssued(Versioned):
    card_last4 = serializers.RegexField(r"^[0-9]{4}\Z")


class Coach(Versioned):
    has_card = Agreed()
    items = Many(child=Code(max_length=24))
    satisfaction = Whole(min_value=1, max_value=5)
    note = FreeText(max_length=NOTE, required=False, allow_blank=True, default="")
    wished_product = Code(max_length=8, required=False, allow_blank=True, default="")


class Activate(Versioned):
    identity_verified = Agreed()
    channel = serializers.ChoiceField(list(CALL_CHANNELS))
    proof = Text(max_length=200)


class RaiseProblem(OptionalNote):
    code = Code(max_length=4)
    party = serializers.ChoiceField(Party.choices)
    wait_until = serializers.DateField(
        required=False,
        allow_null=True,
        default=None,
        help_text="U03 only: the day until which the client asks to wait.",
    )


class Reply(Versioned):
    answer = FreeText(max_length=NOTE)


class Return(Note):
    codes = Many(child=Code(max_length=4), allow_empty=False)


class Resubmit(Versioned):
    answers = serializers.DictField(child=FreeText(max_length=NOTE), allow_empty=False)


class Withdraw(Note):
    code = Code(max_length=4, required=False, default="U01")


class Reassign(Note):
    to = EmployeeField()


class CorrectStamp(Versioned):
    stamp = Code(max_length=24)
    at = Instant(source="value", help_text="The right time.")
    reason = FreeText(max_length=NOTE)


# -- beside the steps --------------------------------------------------------------------------------------------------
class Reveal(Shape):
    field = serializers.ChoiceField(PERSONAL)
    purpose = Text(max_length=100)


class Contact(Shape):
    channel = serializers.ChoiceField(ContactLog.Channel.choices)
    result = serializers.ChoiceField(ContactLog.Result.choices)
    note = FreeText(max_length=NOTE, required=False, allow_blank=True, default="")
    promised_at = Instant(required=False, allow_null=True)


class NewDocument(Shape):
    file = serializers.FileField(help_text="JPEG, PNG or PDF, at most 10 MB.")
    kind = serializers.ChoiceField(list(documents.KINDS))
    side = serializers.ChoiceField(list(documents.SIDES), required=False, allow_blank=True, default="")


class Decision(Shape):
    note = FreeText(max_length=NOTE, required=False, allow_blank=True, default="")


class Refusal(Shape):
    note = FreeText(max_length=NOTE, help_text="Why; who asked reads it.")


# -- bags --------------------------------------------------------------------------------------------------------------
class OpenBag(Shape):
    branch = BranchField()


class AddFile(Shape):
    application = Code(max_length=16)


class Seal(Versioned):
    seal_no = Code(max_length=32)
    witness = EmployeeField()


class Unseal(Versioned):
    reason = FreeText(max_length=200)
    witness = EmployeeField()


class HandOver(Versioned):
    truck_no = Text(max_length=16)
    escort = Text(max_length=40)


class Receive(Versioned):
    seal_no = Code(max_length=32)
    received = Many(child=Code(max_length=16))
    missing = Many(child=Code(max_length=16), required=False, default=list)
    extra = Many(child=Code(max_length=24), required=False, default=list)


class CloseIncident(Shape):
    finding = FreeText(max_length=200)
    turned_up = Flag(default=False)


# -- questions ---------------------------------------------------------------------------------------------------------
class DeadlineQuestion(Shape):
    clock = serializers.ChoiceField(Clock.choices)
    start = Instant()
    branch = BranchField(required=False)

"""From the lead to the taken-in file (T02-T06, T12, T13) and the start without a referral."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext_lazy as _

from applications.forms.base import Act, Choices, StepForm, note_field, reasons
from applications.lifecycle import Step
from applications.models import ChecklistItem, CustomerGroup, GroupBatch, Product, ReasonCode
from applications.services.intake import checklist_of, person_of
from ops_center.clock import local_day
from organization.models import Branch, Employee

Need = ChecklistItem.Need
WITNESS = ("witness_person", "witness_original", "witness_signature", "client_signature", "credit_auth")


class Accept(StepForm):
    step = Step.ACCEPT


class Release(StepForm):
    step = Step.RELEASE

    code = forms.ChoiceField(label=_("Why"), choices=lambda: reasons(ReasonCode.Effect.RELEASE))
    note = note_field(_("Note"), required=False, rows=2)


def client_fields() -> dict[str, forms.Field]:
    """Name, mobile and ID number as on the ID card; checked while they are typed and again by the service."""
    return {
        "customer_name": forms.CharField(label=_("Name"), max_length=40, help_text=_("As on the ID card.")),
        "mobile": forms.CharField(label=_("Mobile"), max_length=20, widget=_typed("mobile", "tel")),
        "id_number": forms.CharField(label=_("ID number"), max_length=24, widget=_typed("id_number", "text")),
    }


def _typed(check: str, kind: str) -> forms.TextInput:
    widget = forms.TextInput(attrs={"data-check": check, "inputmode": kind, "autocomplete": "off"})
    widget.input_type = "tel" if kind == "tel" else "text"
    return widget


def offer_batches(form: Act) -> None:
    """The open group batches of the person's branch to choose from; no field where there are none."""
    batches = GroupBatch.objects.open().filter(branch=form.actor.branch)
    if batches.exists():
        form.fields["group_batch"] = forms.ModelChoiceField(
            label=_("Group batch (optional)"), queryset=batches, to_field_name="code", required=False,
            empty_label=_("None: an applicant alone"),
            help_text=_("Fills in what the members share; each signs alone."),
            error_messages={"invalid_choice": _("This batch is closed, or of another branch: choose one of the list.")},
        )  # fmt: skip


class StartIntake(StepForm):
    step = Step.START_INTAKE

    customer_group = forms.ChoiceField(label=_("Customer group"))
    consent = forms.BooleanField(label=_("The client agrees to the processing of personal data"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields |= client_fields()
        offer_batches(self)
        self.order_fields(["group_batch", "customer_group", "customer_name", "mobile", "id_number", "consent"])
        self.fields["customer_group"].choices = groups_of(self.case.product)  # type: ignore[attr-defined]
        self.initial.setdefault("customer_group", self.case.customer_group)

    def said(self) -> dict[str, Any]:
        said = super().said()
        person = person_of(
            name=said.pop("customer_name"), mobile_number=said.pop("mobile"), id_number=said.pop("id_number")
        )
        return said | {"person": person}


class WalkIn(Act):
    """A file that begins at the counter: no referral before it, though somebody may have sent the client."""

    slug = "walk-in"
    begun = ""  # the number of the new case

    product = forms.ModelChoiceField(
        label=_("Product"), queryset=Product.objects.filter(is_active=True), to_field_name="code",
        empty_label=_("Choose a product"),
    )  # fmt: skip
    customer_group = forms.ChoiceField(label=_("Customer group"), choices=CustomerGroup.choices)
    referrer = forms.CharField(
        label=_("Referrer's employee number (optional)"), max_length=16, required=False,
        help_text=_("Only if the client names the employee who sent them; otherwise leave it empty."),
    )  # fmt: skip
    consent = forms.BooleanField(label=_("The client agrees to the processing of personal data"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields |= client_fields()
        offer_batches(self)
        self.order_fields(
            ["group_batch", "product", "customer_group", "customer_name", "mobile", "id_number", "referrer", "consent"]
        )

    def clean_referrer(self) -> Employee | None:
        number = str(self.cleaned_data["referrer"]).strip()
        if not number:
            return None
        found: Employee | None = Employee.objects.active().filter(number__iexact=number).first()
        if found is None:
            raise forms.ValidationError(_("No active employee has this number."))
        return found

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        product, group = said.get("product"), said.get("customer_group")
        if product and group and group not in dict(groups_of(product)):
            self.add_error("customer_group", _("This product is not offered to this customer group."))
        return said

    def said(self) -> dict[str, Any]:
        said = super().said()
        person = person_of(
            name=said.pop("customer_name"), mobile_number=said.pop("mobile"), id_number=said.pop("id_number")
        )
        return said | {"person": person}


def groups_of(product: Product) -> Choices:
    """The customer groups that the bank has a checklist for."""
    known = set(ChecklistItem.objects.filter(tier=product.tier).values_list("customer_group", flat=True))
    return [(value, label) for value, label in CustomerGroup.choices if value in known]


@dataclass(frozen=True, slots=True)
class ChecklistRow:
    """One line of the checklist as it is ticked: the original was seen, the copy is in the pack."""

    line: ChecklistItem
    seen: BoundField
    copy: BoundField
    opens_set: bool  # the first of several of which one is enough


class CompleteIntake(StepForm):
    """The whole pack on one page; what is still missing is the service's to say, in one sentence."""

    step = Step.COMPLETE_INTAKE

    form_no = forms.CharField(label=_("Form number (optional)"), max_length=24, required=False)
    witness_person = forms.BooleanField(label=_("I saw the applicant in person"), required=False)
    witness_original = forms.BooleanField(label=_("I saw the original documents"), required=False)
    witness_signature = forms.BooleanField(label=_("I saw the applicant sign"), required=False)
    client_signature = forms.BooleanField(label=_("Application form and contract are signed"), required=False)
    credit_auth = forms.BooleanField(label=_("Credit-inquiry authorisation is signed"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = checklist_of(self.case, on=local_day(self.at))
        for line in self.lines:
            for what, word in (("seen", _("Original seen")), ("copy", _("Copy in the pack"))):
                attrs = {"aria-label": f"{line.label}: {word}", "data-ticked-by": what, "class": "form-check-input"}
                box = forms.CheckboxInput(attrs=attrs)
                if line.need == Need.REQUIRED:
                    box.attrs["data-required"] = ""
                self.fields[f"{what}-{line.code}"] = forms.BooleanField(label=word, required=False, widget=box)

    @property
    def rows(self) -> Iterator[ChecklistRow]:
        """Required lines first, then the sets of which one is enough, then what may be left out."""
        order = [Need.REQUIRED, Need.ONE_OF, Need.OPTIONAL]
        known: set[str] = set()
        for line in sorted(self.lines, key=lambda line: (order.index(Need(line.need)), line.one_of)):
            opens_set = bool(line.one_of) and line.one_of not in known
            known.add(line.one_of)
            yield ChecklistRow(line, self[f"seen-{line.code}"], self[f"copy-{line.code}"], opens_set)

    @property
    def witness(self) -> list[BoundField]:
        return [self[name] for name in WITNESS]

    def said(self) -> dict[str, Any]:
        said = self.cleaned_data
        return {
            "items": [
                {"code": line.code, "original_seen": said[f"seen-{line.code}"], "copy": said[f"copy-{line.code}"]}
                for line in self.lines
            ],
            "form_no": said["form_no"],
            **{name: said[name] for name in WITNESS},
        }


class HandToBranch(StepForm):
    step = Step.HAND_TO_BRANCH

    branch = forms.ModelChoiceField(
        label=_("Branch"), queryset=Branch.objects.filter(kind=Branch.Kind.BRANCH, is_active=True),
        to_field_name="code", empty_label=_("Choose a branch"),
    )  # fmt: skip


class ConfirmHandToBranch(StepForm):
    step = Step.CONFIRM_HAND_TO_BRANCH


class EIntake(StepForm):
    step = Step.E_INTAKE


class SelfRoute(StepForm):
    step = Step.SELF_ROUTE


class HandToCenter(StepForm):
    step = Step.HAND_TO_CENTER

    note = note_field(_("Why"), rows=2)

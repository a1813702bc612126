"""A new referral: twenty seconds on a phone, the rest is optional."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from applications.forms.base import Act
from applications.models import Application, CustomerGroup, Product
from applications.models.case import ReferrerType
from applications.services.intake import person_of
from ops_center.kernel.errors import Malformed
from referrals.models import Relation
from referrals.services import Sender

SENT_BY = [
    (ReferrerType.EMPLOYEE.value, _("I myself")),
    (ReferrerType.RETIREE.value, _("A retired colleague")),
    (ReferrerType.CUSTOMER.value, _("A client of the bank")),
]


def _number(check: str) -> forms.TextInput:
    return forms.TextInput(attrs={"data-check": check, "inputmode": "tel", "autocomplete": "off"})


class AgainForm(Act):
    """Another card for the client of a coaching call, whose data are known. ``number`` is the new case's."""

    slug = "again"
    number = ""

    product = forms.ModelChoiceField(
        label=_("Product"), queryset=Product.objects.none(), to_field_name="code", empty_label=_("Choose a product")
    )
    consent = forms.BooleanField(
        label=_("The client agrees that the bank uses name and mobile to get in touch about this card.")
    )

    def __init__(self, *args: Any, case: Application, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.case = case
        others = Product.objects.filter(is_active=True).exclude(pk=case.product_id)
        self.fields["product"].queryset = others  # type: ignore[attr-defined]
        self.initial.setdefault("product", case.coaching.wished_product)


class ReferralForm(Act):
    """Who, which card, and the client's consent. ``number`` is the case's, once it has been made."""

    slug = "referral"
    number = ""

    customer_name = forms.CharField(
        label=_("Client's name"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )
    mobile = forms.CharField(label=_("Client's mobile"), max_length=20, widget=_number("mobile"))
    product = forms.ModelChoiceField(
        label=_("Product"),
        queryset=Product.objects.filter(is_active=True),
        to_field_name="code",
        empty_label=_("Choose a product"),
    )
    consent = forms.BooleanField(
        label=_("The client agrees that the bank uses name and mobile to get in touch about this card.")
    )
    id_number = forms.CharField(
        label=_("ID number (optional)"), max_length=24, required=False, widget=_number("id_number")
    )
    customer_group = forms.ChoiceField(
        label=_("What the client does (optional)"),
        required=False,
        choices=[("", _("Not known yet")), *CustomerGroup.choices],
    )
    relation = forms.ChoiceField(label=_("How you know the client"), choices=Relation.choices, initial=Relation.NONE)
    campaign = forms.CharField(label=_("Campaign code (optional)"), max_length=20, required=False)
    referrer_type = forms.ChoiceField(label=_("Who sends the client"), choices=SENT_BY, initial=ReferrerType.EMPLOYEE)
    sender_code = forms.CharField(
        label=_("Number of the retiree, or code of a client who has sent others before"), max_length=16, required=False
    )
    sender_name = forms.CharField(label=_("Name of the client who sends"), max_length=40, required=False)
    sender_mobile = forms.CharField(
        label=_("Mobile of the client who sends"), max_length=20, required=False, widget=_number("mobile")
    )

    def clean(self) -> dict[str, Any]:
        """Name and numbers as the service reads them, so that everything that is wrong is said at once."""
        said = super().clean() or {}
        try:
            said["person"] = person_of(
                name=said.get("customer_name", ""),
                mobile_number=said.get("mobile", ""),
                id_number=said.get("id_number", ""),
                id_required=False,
            )
        except Malformed as no:
            for name in no.errors.keys() - self.errors.keys():
                self.add_error(name, [str(line) for line in no.errors[name]])
        return said

    def said(self) -> dict[str, Any]:
        said = super().said()
        sender = Sender(**{name: said.pop(f"sender_{name}") for name in ("code", "name", "mobile")})
        for name in ("customer_name", "mobile", "id_number"):
            del said[name]
        return said | {"sender": sender}

    def field_of(self, fact: str) -> str:
        return "sender_code" if fact == "external_referrer" else fact

    @property
    def is_detailed(self) -> bool:
        """Whether the optional part has to be open: something in it is wrong or filled in."""
        names = ("id_number", "customer_group", "campaign", "sender_code", "sender_name", "sender_mobile")
        return any(self[name].errors or self[name].value() for name in names)

"""The forms of the money. Amounts are typed in yuan, shares in per cent; services get fen and basis points."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext_lazy as _

from applications.forms.base import Act
from applications.lifecycle import Path, Performance
from applications.models import Product
from incentives.lifecycle import PRICED_ROLES, CustomerMode
from incentives.models import SplitPolicy
from organization.models import Branch

COLLECTING = (Branch.Kind.BRANCH, Branch.Kind.CARD_CENTER)  # where collectors sit: a case is its collector's branch's
DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def yuan_field(label: Any, **kwargs: Any) -> forms.DecimalField:
    return forms.DecimalField(label=label, min_value=Decimal("0"), max_digits=9, decimal_places=2, **kwargs)


def percent_field(label: Any) -> forms.DecimalField:
    return forms.DecimalField(
        label=label, min_value=Decimal("0"), max_value=Decimal("100"), max_digits=5, decimal_places=2
    )


class DraftConfirmation(Act):
    slug = "draft"

    period = forms.CharField(
        label=_("Period"), max_length=8, help_text=_("A month such as 2026-11, or a week: 2026-W47.")
    )
    branches = forms.ModelMultipleChoiceField(
        label=_("Branches"),
        queryset=Branch.objects.filter(kind__in=COLLECTING, is_active=True),
        to_field_name="code",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Choose none for all branches."),
    )

    def said(self) -> dict[str, Any]:
        branches = [branch.code for branch in self.cleaned_data["branches"]]
        return {"period": self.cleaned_data["period"], "branches": branches}


class MarkPaid(Act):
    slug = "paid"

    paid_on = forms.DateField(label=_("Paid on"), widget=DAY)


class ReturnFile(Act):
    slug = "return"

    file = forms.FileField(
        label=_("Return file of the payroll"), max_length=120, widget=forms.FileInput(attrs={"accept": ".csv,.xlsx"})
    )


class DraftBounty(Act):
    slug = "bounty"

    product = forms.ModelChoiceField(
        label=_("Product"), queryset=Product.objects.filter(is_active=True), to_field_name="code", empty_label=None
    )
    amount = yuan_field(_("Bounty in yuan"))
    starts_on = forms.DateField(label=_("In force from"), widget=DAY, help_text=_("Tomorrow at the earliest."))

    def said(self) -> dict[str, Any]:
        return {
            "product": self.cleaned_data["product"].code,
            "amount_fen": int(self.cleaned_data["amount"] * 100),
            "starts_on": self.cleaned_data["starts_on"],
        }


class DraftSplit(Act):
    """The split table as it is typed: a field per path and role. What does not sum to 100 % comes back with its sum."""

    slug = "split"

    starts_on = forms.DateField(label=_("In force from"), widget=DAY, help_text=_("Tomorrow at the earliest."))
    second_keyer = percent_field(_("Second keyer's part of the entry share, %"))
    customer_mode = forms.ChoiceField(label=_("Customer reward"), choices=CustomerMode.choices)
    customer_amount = yuan_field(_("Fixed customer reward, yuan"))

    def __init__(self, *args: Any, base: SplitPolicy | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for path in Path.values:
            for role in PRICED_ROLES:
                share = percent_field(f"{role.label}, {path}")
                share.widget.attrs["class"] = "form-control num"
                self.fields[f"{path}-{role}"] = share
        if base is not None:
            self.initial = {**self._of(base), **self.initial}

    @staticmethod
    def _of(base: SplitPolicy) -> dict[str, Any]:
        terms = base.terms
        shares = {f"{path}-{role}": terms.columns[path].get(role, 0) for path in Path.values for role in PRICED_ROLES}
        typed = {name: Decimal(share) / 100 for name, share in shares.items()}
        return typed | {
            "second_keyer": Decimal(terms.second_keyer_bp) / 100,
            "customer_mode": terms.customer_mode,
            "customer_amount": Decimal(terms.customer_fen) / 100,
        }

    def table(self) -> Iterator[tuple[Performance, list[BoundField]]]:
        """A row per role, a field per path."""
        for role in PRICED_ROLES:
            yield role, [self[f"{path}-{role}"] for path in Path.values]

    def feet(self) -> Iterator[tuple[str, list[str]]]:
        """Per path what the service said about its sum."""
        said: dict[str, list[Any]] = getattr(self.refusal, "errors", {})
        for path in Path.values:
            yield path, [str(line) for line in said.get(path, [])]

    def said(self) -> dict[str, Any]:
        typed = self.cleaned_data
        return {
            "columns": {
                path: {role: int(typed[f"{path}-{role}"] * 100) for role in PRICED_ROLES} for path in Path.values
            },
            "starts_on": typed["starts_on"],
            "second_keyer_bp": int(typed["second_keyer"] * 100),
            "customer_mode": typed["customer_mode"],
            "customer_fen": int(typed["customer_amount"] * 100),
        }

"""The forms of the money. Amounts are typed in yuan, shares in per cent; services get fen and basis points."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import chain
from typing import Any, ClassVar

from django import forms
from django.forms.boundfield import BoundField
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from applications.forms.base import Act
from applications.forms.versions import DAY, DraftVersion
from applications.lifecycle import Path, Performance
from applications.models import Product
from incentives.lifecycle import PRICED_ROLES, CustomerMode, Trigger
from incentives.models import Bounty, SplitPolicy
from incentives.selectors.preview import may_be_tried
from ops_center.kernel.errors import Malformed
from ops_center.kernel.money import yuan
from ops_center.web.notes import no_personal_numbers
from organization.models import Branch

COLLECTING = (Branch.Kind.BRANCH, Branch.Kind.CARD_CENTER)  # where collectors sit: a case is its collector's branch's


def yuan_field(label: Any, **kwargs: Any) -> forms.DecimalField:
    return forms.DecimalField(label=label, min_value=Decimal("0"), max_digits=9, decimal_places=2, **kwargs)


def percent_field(label: Any, **kwargs: Any) -> forms.DecimalField:
    return forms.DecimalField(
        label=label, min_value=Decimal("0"), max_value=Decimal("100"), max_digits=5, decimal_places=2, **kwargs
    )


class Reason(forms.Form):
    """Why somebody does something to the money: one field beside a button."""

    reason = forms.CharField(
        max_length=300,
        validators=[no_personal_numbers],
        error_messages={"required": _("Give the reason."), "max_length": _("At most 300 characters: say it shorter.")},
    )

    @classmethod
    def read(cls, typed: QueryDict) -> dict[str, Any]:
        """What was typed, by the names of the service; Malformed with the sentences where it does not fit."""
        form = cls(typed)
        if not form.is_valid():
            lines = {name: list(map(str, said)) for name, said in form.errors.items()}
            raise Malformed(f"bad_{next(iter(lines))}", " ".join(chain(*lines.values())), lines)
        return form.said()

    def said(self) -> dict[str, Any]:
        return self.cleaned_data


class _Decision(Reason):
    """Two buttons: which of them was pressed is never guessed."""

    decision = forms.ChoiceField(
        error_messages=dict.fromkeys(("required", "invalid_choice"), _("Decide one or the other."))
    )
    answers: ClassVar[dict[str, bool]]
    fact: ClassVar[str]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["decision"].choices = [(word, word) for word in self.answers]  # type: ignore[attr-defined]

    def said(self) -> dict[str, Any]:
        return {self.fact: self.answers[self.cleaned_data["decision"]], "reason": self.cleaned_data["reason"]}


class DecideLeaver(_Decision):
    answers = {"pay": True, "void": False}
    fact = "is_paid"


class DecideRequests(_Decision):
    """An approval needs no words; who refuses is asked for them by the service."""

    answers = {"approve": True, "refuse": False}
    fact = "approve"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = False


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


class DraftPrices(DraftVersion):
    """Prices may be tried out: where, beside from which day."""

    is_pilot = forms.BooleanField(label=_("A pilot: only for the branches chosen"), required=False)
    branches = forms.ModelMultipleChoiceField(
        label=_("Branches of the pilot"),
        queryset=Branch.objects.filter(kind__in=COLLECTING, is_active=True),
        to_field_name="code",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    @staticmethod
    def again(base: Bounty | SplitPolicy) -> dict[str, Any]:
        where = [branch.code for branch in base.branches.all()]
        return DraftVersion.again(base) | {"is_pilot": base.is_pilot, "branches": where}

    def said(self) -> dict[str, Any]:
        typed = self.cleaned_data
        return {
            "starts_on": typed["starts_on"],
            "is_pilot": typed["is_pilot"],
            "branches": [branch.code for branch in typed["branches"]],
            "note": typed["note"],
        }


class DraftBounty(DraftPrices):
    slug = "bounty"

    product = forms.ModelChoiceField(
        label=_("Product"), queryset=Product.objects.filter(is_active=True), to_field_name="code", empty_label=None
    )
    amount_fen = yuan_field(_("Bounty in yuan"))
    trigger = forms.ChoiceField(label=_("Earned by"), choices=Trigger.choices)
    spend_days = forms.IntegerField(
        label=_("Days for the first spend"),
        min_value=1,
        initial=90,
        help_text=_("From the activation; asked for a spend only."),
    )

    @staticmethod
    def typed(base: Bounty) -> dict[str, Any]:
        return {
            "product": base.product.code,
            "amount_fen": Decimal(base.amount_fen) / 100,
            "trigger": base.trigger,
            "spend_days": base.spend_days,
        }

    def said(self) -> dict[str, Any]:
        return super().said() | {
            "product": self.cleaned_data["product"].code,
            "amount_fen": int(self.cleaned_data["amount_fen"] * 100),
            "trigger": self.cleaned_data["trigger"],
            "spend_days": self.cleaned_data["spend_days"],
        }


class DraftSplit(DraftPrices):
    """The split table as it is typed: a field per path and role. What does not sum to 100 % comes back with its sum."""

    slug = "split"

    second_keyer_bp = percent_field(_("Second keyer's part of the entry share, %"))
    bonus_bp = percent_field(_("Bonus for being in time, per cent of the share"))
    penalty_bp = percent_field(_("Penalty for being late, per cent of the share"))
    penalty_cap_bp = percent_field(
        _("Penalties of a month at most, per cent of its rewards"),
        help_text=_("Of all branches: a pilot cannot change it."),
    )
    customer_mode = forms.ChoiceField(label=_("Customer reward"), choices=CustomerMode.choices)
    customer_fen = yuan_field(_("Fixed customer reward, yuan"))
    cross_sell_fen = yuan_field(_("Reward per other product sold, yuan"))
    reversal_days = forms.IntegerField(label=_("Claw-back window, days from the activation"), min_value=0)
    unused_days = forms.IntegerField(label=_("Claw-back when cancelled unused, days"), min_value=0)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for path in Path.values:
            for role in PRICED_ROLES:
                share = percent_field(f"{role.label}, {path}")
                share.widget.attrs |= {"class": "form-control num", "data-summed": path}
                self.fields[f"{path}-{role}"] = share

    @staticmethod
    def typed(base: SplitPolicy) -> dict[str, Any]:
        columns = base.terms.columns
        parts = {f"{path}-{role}": columns[path].get(role, 0) for path in Path.values for role in PRICED_ROLES}
        terms = {name: term if _is_said_as_is(name) else Decimal(term) / 100
                 for name, term in base.special_terms.items()}  # fmt: skip
        return terms | {name: Decimal(share) / 100 for name, share in parts.items()}

    def table(self) -> Iterator[tuple[Performance, list[BoundField]]]:
        """A row per role, a field per path."""
        for role in PRICED_ROLES:
            yield role, [self[f"{path}-{role}"] for path in Path.values]

    def feet(self) -> Iterator[tuple[str, list[str]]]:
        """Per path what the service said about its sum."""
        said: dict[str, list[Any]] = getattr(self.refusal, "errors", {})
        for path in Path.values:
            yield path, [str(line) for line in said.get(path, [])]

    def special_terms(self) -> list[BoundField]:
        return [self[name] for name in SplitPolicy.SPECIAL_TERMS]

    def said(self) -> dict[str, Any]:
        typed = self.cleaned_data
        terms = {name: typed[name] if _is_said_as_is(name) else int(typed[name] * 100)
                 for name in SplitPolicy.SPECIAL_TERMS}  # fmt: skip
        columns = {path: {role: int(typed[f"{path}-{role}"] * 100) for role in PRICED_ROLES} for path in Path.values}
        return super().said() | terms | {"columns": columns}


def _is_said_as_is(term: str) -> bool:
    """Days and words; basis points are typed in per cent, fen in yuan."""
    return not term.endswith(("_bp", "_fen"))


class _Splits(forms.ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: SplitPolicy) -> str:
        return f"{obj.version} · {obj.starts_on.isoformat()}"


class _Bounties(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Bounty) -> str:
        return f"{obj.product.name} {yuan(obj.amount_fen)} · {obj.starts_on.isoformat()}"


class AskPreview(Act):
    """Which versions that are not in force yet are tried out on which month."""

    slug = "preview"

    month = forms.ChoiceField(label=_("Month"))
    split = _Splits(
        label=_("Split table"),
        queryset=SplitPolicy.objects.prefetch_related("shares", "branches"),
        to_field_name="number",
        required=False,
        empty_label=_("as it was"),
    )
    bounties = _Bounties(
        label=_("Bounties"),
        queryset=Bounty.objects.select_related("product").prefetch_related("branches"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, months: list[str], on: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["month"].choices = [(month, month) for month in months]  # type: ignore[attr-defined]
        for name in ("split", "bounties"):
            field = self.fields[name]
            field.queryset = field.queryset.filter(may_be_tried(on))  # type: ignore[attr-defined]

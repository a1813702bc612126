"""After the issue: contacts, coaching, activation (T22-T24, T38)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from applications.forms.base import CaseForm, StepForm, note_field
from applications.lifecycle import Step
from applications.models import ContactLog, Product
from applications.sheets import CALL_CHANNELS, COACHING
from organization.roles import Role

SCORES = [(5, _("5 very satisfied")), (4, "4"), (3, "3"), (2, "2"), (1, _("1 not at all"))]


class LogContact(CaseForm):
    """One try to reach the client, whatever came of it."""

    slug = "log-contact"
    roles = frozenset({Role.CM, Role.BH, Role.CS, Role.AS, Role.TR})
    title = _("Record a contact")

    channel = forms.ChoiceField(
        label=_("Channel"), choices=ContactLog.Channel.choices, initial=ContactLog.Channel.PHONE
    )
    result = forms.ChoiceField(
        label=_("Result"), choices=ContactLog.Result.choices, widget=forms.RadioSelect,
        initial=ContactLog.Result.REACHED,
    )  # fmt: skip
    promised_at = forms.DateTimeField(
        label=_("Agreed time"), required=False,
        help_text=_("Only with “agreed on a time”; you are reminded 30 minutes before."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )  # fmt: skip
    note = note_field(_("Note (optional)"), required=False, rows=2)

    @property
    def facts(self) -> dict[str, Any]:
        facts = super().facts
        del facts["version"]  # a contact changes nothing that somebody else could be looking at
        return facts


class _Coaching(StepForm):
    step = Step.COACH

    has_card = forms.BooleanField(label=_("The client holds the card"), required=False)
    items = forms.MultipleChoiceField(
        label=_("Gone through"), choices=COACHING.items(), required=False, widget=forms.CheckboxSelectMultiple
    )
    satisfaction = forms.ChoiceField(label=_("Satisfaction"), choices=SCORES, required=False, widget=forms.RadioSelect)
    wished_product = forms.ChoiceField(label=_("Wishes another card (optional)"), required=False)
    note = note_field(_("Note (optional)"), required=False, rows=2)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cards = Product.objects.filter(is_active=True).exclude(pk=self.case.product_id).values_list("code", "name")
        self.fields["wished_product"].choices = [("", _("No wish")), *cards]  # type: ignore[attr-defined]

    def said(self) -> dict[str, Any]:
        said = super().said()
        return said | {"satisfaction": int(said["satisfaction"] or 0)}


class Coach(_Coaching):
    step = Step.COACH


class LateCoach(_Coaching):
    step = Step.LATE_COACH

    def said(self) -> dict[str, Any]:
        return super().said() | {"late": True}


class Activate(StepForm):
    step = Step.ACTIVATE

    identity_verified = forms.BooleanField(label=_("Identity verified, contract signed"), required=False)
    channel = forms.ChoiceField(label=_("Channel"), choices=CALL_CHANNELS.items())
    proof = forms.CharField(
        label=_("Proof"), max_length=200, help_text=_("How the identity was verified: which questions, which record.")
    )


class RefuseCard(StepForm):
    step = Step.REFUSE_CARD

    note = note_field(_("What the client said"))

"""The forms of corrections. Amounts are typed in yuan, with a sign; services get fen."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from applications.forms.base import Act, note_field, person_field
from applications.lifecycle import Performance
from incentives.lifecycle import Ground
from incentives.models import Assessment
from incentives.reference import OTHER_PRODUCTS
from incentives.services.requests import payees_of


def signed_yuan_field(label: Any, **kwargs: Any) -> forms.DecimalField:
    return forms.DecimalField(label=label, max_digits=9, decimal_places=2, **kwargs)


class CorrectionForm(Act):
    """Something that is begun about the money of one case."""

    title: ClassVar[str | Promise]
    consequence: ClassVar[str | Promise]
    button: ClassVar[str | Promise]

    def __init__(self, *args: Any, assessment: Assessment, **kwargs: Any) -> None:
        self.assessment = assessment
        super().__init__(*args, **kwargs)

    @property
    def facts(self) -> dict[str, Any]:
        facts = super().facts
        del facts["version"]  # nothing of the case is changed that somebody else could be looking at
        return {"case": self.assessment.application.number, **facts}


class AskReversal(CorrectionForm):
    slug = "reversal"
    title = _("Claw back the rewards")
    consequence = _(
        "A supervisor decides. Once approved, every line of the case that stands is taken back by a negative line; the "
        "payees are told."
    )
    button = _("Ask for the claw-back")

    ground = forms.ChoiceField(label=pgettext_lazy("claw-back", "Ground"), choices=Ground.choices)
    payee = person_field(_("Person at fault"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        payee = self.fields["payee"]
        payee.required, payee.queryset = False, payees_of(self.assessment)  # type: ignore[attr-defined]
        payee.help_text = _("Only for an upheld complaint: then only this person's lines are taken back.")
        self.fields["reason"] = note_field(_("Reason"))


class AskAdjustment(CorrectionForm):
    slug = "adjustment"
    title = _("Correct a reward")
    consequence = _("A supervisor decides. Once approved, the amount comes with the next document; the shares stay.")
    button = _("Ask for the correction")

    payee = person_field(_("Payee"))
    role = forms.ChoiceField(label=_("Role"), choices=Performance.choices)
    amount = signed_yuan_field(_("Amount in yuan"), help_text=_("With a minus sign for a deduction: -4.00."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["payee"].queryset = payees_of(self.assessment).exclude(pk=self.actor.pk)  # type: ignore[attr-defined]
        self.fields["reason"] = note_field(_("Reason"))

    def said(self) -> dict[str, Any]:
        said = super().said()
        return said | {"amount_fen": int(said.pop("amount") * 100)}


class ReportCrossSell(CorrectionForm):
    slug = "cross-sell"
    title = _("Other product sold")
    consequence = _("A tracker or a supervisor confirms it, then its fixed reward is yours. Each counts once.")
    button = _("Report the sale")

    product = forms.ChoiceField(label=_("Product"), choices=[(name, name) for name in OTHER_PRODUCTS])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["note"] = note_field(_("Note (optional)"), required=False, rows=2)


class DisputeForm(Act):
    """What is wrong with an own amount."""

    slug = "dispute"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"] = note_field(_("What is wrong with it"))


class DecideDispute(Act):
    """The answer to a dispute; with an amount, a correction is asked for at once."""

    slug = "answer"
    ANSWERS = (("yes", _("Upheld")), ("no", pgettext_lazy("dispute", "Rejected")))

    accepted = forms.ChoiceField(label=pgettext_lazy("dispute", "Answer"), choices=ANSWERS, widget=forms.RadioSelect)
    amount = signed_yuan_field(
        _("Correction in yuan (optional)"), required=False, help_text=_("Only if upheld; another supervisor approves.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["note"] = note_field(_("What the person is told"))

    def said(self) -> dict[str, Any]:
        said = super().said()
        amount: Decimal | None = said.pop("amount")
        return said | {"accepted": said["accepted"] == "yes", "amount_fen": int(amount * 100) if amount else None}

"""What people say about a breach or a case. A form reads; what may be said is asked by the service."""

from __future__ import annotations

from typing import Any, TypeVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ops_center.kernel.errors import Malformed
from ops_center.web.notes import no_personal_numbers
from ops_center.web.pages import StaffRequest
from supervision.models import Ground

F = TypeVar("F", bound=forms.Form)


def said(form_class: type[F], request: StaffRequest) -> dict[str, Any]:
    """What was filled in, by field. Malformed (400) with a sentence per field when something is missing."""
    form = form_class(request.POST)
    if not form.is_valid():
        raise Malformed("malformed", _("Something is missing or too long."), form.errors)
    return form.cleaned_data


class JustifyForm(forms.Form):
    code = forms.ChoiceField(label=gettext_lazy("Ground"), choices=[("", "—"), *Ground.choices])
    text = forms.CharField(
        label=gettext_lazy("Explanation"),
        max_length=500,
        validators=[no_personal_numbers],
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("What happened, when, and who can confirm it. No client data."),
    )


class OpinionForm(forms.Form):
    supports = forms.TypedChoiceField(
        label=gettext_lazy("Opinion"),
        choices=[("yes", gettext_lazy("I support it")), ("no", gettext_lazy("I do not support it"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    text = forms.CharField(
        label=gettext_lazy("Remark"),
        max_length=300,
        required=False,
        validators=[no_personal_numbers],
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class DecideForm(forms.Form):
    accepted = forms.TypedChoiceField(
        label=gettext_lazy("Decision"),
        choices=[
            ("yes", gettext_lazy("Accept: no deduction")),
            ("no", gettext_lazy("Do not accept: the delay counts")),
        ],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    note = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        validators=[no_personal_numbers],
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class UrgeForm(forms.Form):
    text = forms.CharField(label=gettext_lazy("Message"), max_length=200, validators=[no_personal_numbers])

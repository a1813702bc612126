"""What people say about a breach or a case. A form reads; what may be said is asked by the service."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from ops_center.web.notes import no_personal_numbers
from organization.models import Employee
from supervision.models import Ground


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True
    template_name = "django/forms/widgets/file.html"


class EvidenceField(forms.FileField):
    """Any number of pictures and PDFs, as a list; what is kept of them is the service's question."""

    def __init__(self, **kwargs: Any) -> None:
        accepted = {"accept": "image/jpeg,image/png,application/pdf"}
        super().__init__(max_length=255, widget=ManyFiles(attrs=accepted), **kwargs)

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        one = super().clean
        files = data if isinstance(data, list | tuple) else [data]
        return [one(file, initial) for file in files if file or self.required]


class EvidenceForm(forms.Form):
    evidence = EvidenceField(label=gettext_lazy("Evidence"))


class JustifyForm(forms.Form):
    code = forms.ChoiceField(label=gettext_lazy("Ground"), choices=[("", "—"), *Ground.choices])
    text = forms.CharField(
        label=gettext_lazy("Explanation"),
        max_length=500,
        validators=[no_personal_numbers],
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("What happened, when, and who can confirm it. No client data."),
    )
    evidence = EvidenceField(
        label=gettext_lazy("Evidence"),
        required=False,
        help_text=gettext_lazy(
            "Up to five pictures or PDFs of at most 10 MB each. More can be added until the decision."
        ),
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


class KeyedRadios(forms.RadioSelect):
    """The choices are pressed by Alt+1, Alt+2 … too; those that are ``shut`` cannot be chosen."""

    shut: frozenset[str] = frozenset()

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(*args, **kwargs)
        option["attrs"]["data-key"] = f"Alt+{int(option['index']) + 1}"
        if option["value"] in self.shut:
            option["attrs"]["disabled"] = True
        return option


class DecideForm(forms.Form):
    accepted = forms.TypedChoiceField(
        label=gettext_lazy("Decision"),
        choices=[
            ("yes", gettext_lazy("Accept: no deduction")),
            ("no", gettext_lazy("Do not accept: the delay counts")),
        ],
        coerce=lambda value: value == "yes",
        widget=KeyedRadios,
    )
    note = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        validators=[no_personal_numbers],
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, may_accept: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_accept:
            self.fields["accepted"].widget.shut = frozenset({"yes"})


class UrgeForm(forms.Form):
    text = forms.CharField(label=gettext_lazy("Message"), max_length=200, validators=[no_personal_numbers])


class ReassignForm(forms.Form):
    to = forms.ModelChoiceField(
        label=gettext_lazy("Give them to"),
        queryset=Employee.objects.active().with_standing(),
        to_field_name="number",
        error_messages={"required": gettext_lazy("Choose who takes the cases.")},
    )
    note = forms.CharField(
        label=gettext_lazy("Why they move"),
        max_length=300,
        validators=[no_personal_numbers],
        error_messages={"required": gettext_lazy("Say why the case moves: the reason stands in its history.")},
    )

"""What people choose about their news, and how the management words messages."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from applications.forms.base import Act, note_field
from organization.messages import WORDS
from organization.services.templates import LONGEST


def time_field(label: Any) -> forms.TimeField:
    return forms.TimeField(label=label, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))


class Preferences(Act):
    """When and how one person wants to be told."""

    slug = "preferences"

    quiet_from = time_field(_("Quiet from"))
    quiet_to = time_field(_("Quiet until"))
    by_mail = forms.BooleanField(label=_("Letters by e-mail too"), required=False)
    digest_at = time_field(_("Letter of the day at"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["quiet_from"].help_text = _(
            "In these hours, on free days and while you are absent nothing comes by itself; the inbox keeps it for you."
        )
        self.fields["digest_at"].help_text = _("On working days, in your hours: what is due, overdue and unread.")

    @property
    def facts(self) -> dict[str, Any]:
        return {"actor": self.actor, **self.said()}


class DraftTemplate(Act):
    """The bank's own words of one kind of message."""

    slug = "template"

    kind = forms.ChoiceField(
        label=_("Kind of message"), widget=forms.HiddenInput, choices=[(kind, kind) for kind in WORDS]
    )
    language = forms.ChoiceField(label=_("Language"), widget=forms.HiddenInput, choices=settings.LANGUAGES)
    text = forms.CharField(label=_("Words"), max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 3}))
    starts_on = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    note = note_field(_("What changes and why"))

    def __init__(self, *args: Any, earliest: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["starts_on"].widget.attrs["min"] = earliest.isoformat()
        self.fields["starts_on"].help_text = _("Tomorrow at the earliest. Earlier messages keep their words.")

    @property
    def facts(self) -> dict[str, Any]:
        return {"actor": self.actor, "at": self.at, **self.said()}

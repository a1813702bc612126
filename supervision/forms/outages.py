"""What the supervisor types when a system was down. What may be declared is asked by the service."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from applications.forms.base import Act
from applications.lifecycle import State
from ops_center.web.notes import no_personal_numbers
from supervision.services.outages import MAY_STAND_STILL


def _moment(label: Any, help_text: Any = "") -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, widget=widget, help_text=help_text)


class DeclareOutage(Act):
    slug = "outage"

    since = _moment(_("From"), _("At most seven days back."))
    until = _moment(_("Until"), _("Ahead, if it still lasts: the supervisor can end it earlier."))
    reason = forms.CharField(label=_("What was down"), max_length=200, validators=[no_personal_numbers])
    states = forms.MultipleChoiceField(
        label=_("Only cases that were"), required=False, widget=forms.CheckboxSelectMultiple,
        choices=[(state.value, State(state).label) for state in MAY_STAND_STILL],
        help_text=_("None marked: all cases stood still."),
    )  # fmt: skip

    def window(self) -> dict[str, Any]:
        """What the preview asks for."""
        return {name: self.cleaned_data[name] for name in ("since", "until", "states")}

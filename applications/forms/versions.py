"""What is typed whenever a rule of the bank changes. A form reads; what may be said is asked by the service."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from applications.forms.base import Act, note_field
from organization.models.versions import PolicyStatus, Version

DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class DraftVersion(Act):
    """What every new version says: from which day, and what changes and why."""

    starts_on = forms.DateField(label=_("In force from"), widget=DAY, help_text=_("Tomorrow at the earliest."))

    def __init__(self, *args: Any, base: Version | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["note"] = note_field(_("What changes and why"), rows=2)
        if base is not None:
            again = self.again(base) if base.status == PolicyStatus.DISCARDED else {}
            self.initial = {**again, **self.typed(base), **self.initial}

    @staticmethod
    def typed(base: Any) -> dict[str, Any]:
        """How a version would have been typed."""
        return {}

    @staticmethod
    def again(base: Any) -> dict[str, Any]:
        """What else was typed of a draft that was taken back."""
        return {"starts_on": base.starts_on, "note": base.note}

"""Pages of the paper."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from applications.forms.base import CaseForm
from applications.services.documents import KINDS, SIDES
from organization.roles import Role


class AddDocument(CaseForm):
    """One page, as a photograph, a scan or a PDF."""

    slug = "add-document"
    roles = frozenset({Role.CM, Role.BH, Role.CS, Role.TR})
    title = _("Add a page")

    kind = forms.ChoiceField(label=_("What it shows"), choices=KINDS.items())
    side = forms.ChoiceField(label=_("Side"), choices=[("", "—"), *SIDES.items()], required=False)
    file = forms.FileField(
        label=_("Photograph, scan or PDF"), max_length=120,
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,application/pdf"}),
    )  # fmt: skip

    @property
    def facts(self) -> dict[str, Any]:
        facts = super().facts
        del facts["version"]  # a page more harms nobody who works on the case
        upload = facts.pop("file")
        return facts | {"content": upload, "size": upload.size}

"""What every form of this app is read with."""

from __future__ import annotations

from typing import Any, TypeVar

from django import forms
from django.utils.translation import gettext as _

from ops_center.kernel.errors import Malformed
from ops_center.web.pages import StaffRequest

F = TypeVar("F", bound=forms.Form)


def said(form_class: type[F], request: StaffRequest) -> dict[str, Any]:
    """What was filled in, by field. Malformed (400) with a sentence per field when something is missing."""
    form = form_class(request.POST, request.FILES)
    if not form.is_valid():
        raise Malformed("malformed", _("Something is missing or too long."), form.errors)
    return form.cleaned_data

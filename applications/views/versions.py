"""How a rule of the bank is drafted, and taken back, on a page: one way for all (organization/services/versions.py)."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from applications.forms.versions import DraftVersion
from applications.views.door import attempt, go
from ops_center.web.pages import StaffRequest
from organization.models.versions import Version


def draft_version(
    request: StaffRequest,
    form_class: type[DraftVersion],
    template: str,
    draft: Callable[..., object],
    *,
    base: Version | None,
    onward: str,
) -> HttpResponse:
    """The form begun from the version that it follows, or from one that was taken back; then ``onward``."""
    if request.method != "POST":
        return render(request, template, {"form": form_class(base=base, actor=request.actor, at=request.at)})
    form = form_class(request.POST, actor=request.actor, at=request.at)
    status = attempt(form, lambda form: draft(actor=request.actor, at=request.at, **form.said()))
    if status:
        return render(request, template, {"form": form}, status=status)
    messages.success(request, _("Drafted. It takes effect once a second person of the management approves it."))
    return go(request, onward)


def discarded(request: StaffRequest, *, anew: str, onward: str) -> HttpResponse:
    """A draft is never changed: it is taken back, and drafted anew from what it said."""
    messages.success(request, _("Discarded."))
    return go(request, anew if "anew" in request.POST else onward)

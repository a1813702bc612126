"""Holds: the buttons on the trace of an entry."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from applications.views.door import go
from incentives.services import holds
from ops_center.kernel.errors import Malformed
from ops_center.web.pages import StaffRequest, staff
from organization.roles import Role


class Reason(forms.Form):
    """Why an entry is held or released."""

    reason = forms.CharField(
        max_length=300,
        error_messages={
            "required": gettext_lazy("Give the reason."),
            "max_length": gettext_lazy("At most 300 characters: say it shorter."),
        },
    )


def reason_in(request: StaffRequest) -> str:
    """The reason that was typed; Malformed when it is missing or too long."""
    form = Reason(request.POST)
    if not form.is_valid():
        lines = form.errors["reason"]
        raise Malformed("bad_reason", " ".join(map(str, lines)), {"reason": list(lines)})
    return str(form.cleaned_data["reason"])


@staff(Role.AUD)
@require_POST
def hold(request: StaffRequest, entry: int) -> HttpResponse:
    holds.hold(entry=entry, reason=reason_in(request), actor=request.actor, at=request.at)
    messages.success(request, _("The entry is held: it is neither certified nor exported until it is released."))
    return go(request, reverse("reward-trace", args=[entry]))


@staff(Role.AUD, Role.SUP)
@require_POST
def release(request: StaffRequest, entry: int) -> HttpResponse:
    holds.release(entry=entry, reason=reason_in(request), actor=request.actor, at=request.at)
    messages.success(request, _("The entry is released."))
    return go(request, reverse("reward-trace", args=[entry]))

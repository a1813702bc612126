"""Holds: the buttons on the trace of an entry."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from applications.views.door import go
from incentives.services import holds
from ops_center.web.pages import StaffRequest, staff
from organization.roles import Role


@staff(Role.AUD)
@require_POST
def hold(request: StaffRequest, entry: int) -> HttpResponse:
    holds.hold(entry=entry, reason=request.POST.get("reason", ""), actor=request.actor, at=request.at)
    messages.success(request, _("The entry is held: it is neither certified nor exported until it is released."))
    return go(request, reverse("reward-trace", args=[entry]))


@staff(Role.AUD, Role.SUP)
@require_POST
def release(request: StaffRequest, entry: int) -> HttpResponse:
    holds.release(entry=entry, reason=request.POST.get("reason", ""), actor=request.actor, at=request.at)
    messages.success(request, _("The entry is released."))
    return go(request, reverse("reward-trace", args=[entry]))

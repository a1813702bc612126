"""Standard minutes: what holds for each queue and where it comes from, drafts, and the second person's word."""

from __future__ import annotations

from decimal import Decimal

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from applications.lifecycle import QUEUES
from applications.views.door import attempt, go
from ops_center.clock import local_day
from ops_center.web.keyset import read_query
from ops_center.web.pages import StaffRequest, staff
from organization.roles import Role
from supervision.forms.capacity import DraftMinutes
from supervision.selectors.minutes import SHOWN, drafts, standards, versions
from supervision.services.standards import approve_minutes, discard_minutes, draft_minutes
from supervision.views.asked import one_of


@staff(Role.SUP, Role.MGT, Role.AUD)
@require_http_methods(["GET", "HEAD", "POST"])
def standard_minutes(request: StaffRequest) -> HttpResponse:
    """GET what holds, with a draft begun from what was measured; POST a draft of the management."""
    asked = read_query(request.GET, known=("queue",))
    holding = standards(local_day(request.at))
    chosen = holding.get(one_of(asked, "queue", QUEUES))
    initial = {}
    if chosen is not None:
        minutes = chosen.measured.minutes if chosen.measured else chosen.minutes
        initial = {"queue": chosen.queue.name, "minutes": Decimal(str(minutes))}
        if chosen.measured:
            initial["note"] = _("Measured: the median of %(pieces)s pieces of the last 13 weeks.") % {
                "pieces": chosen.measured.pieces
            }
    form = DraftMinutes(request.POST or None, initial=initial, actor=request.actor, at=request.at)
    status = 200
    if request.method == "POST":
        status = attempt(form, lambda form: draft_minutes(actor=request.actor, at=request.at, **form.said()))
        if not status:
            messages.success(request, _("Drafted; a second person of the management approves it."))
            return redirect("standard-minutes")
    facts = {
        "standards": list(holding.values()),
        "drafts": [(row, QUEUES[row.queue].label) for row in drafts()],
        "past": [(row, QUEUES[row.queue].label) for row in versions()[:SHOWN]],
        "form": form,
        "is_management": Role.MGT in request.roles,
        "me": request.actor,
        "is_open": chosen is not None or bool(status != 200),
    }
    return render(request, "supervision/standard_minutes.html", facts, status=status)


@staff(Role.MGT)
@require_POST
def approve_standard(request: StaffRequest, pk: int) -> HttpResponse:
    approve_minutes(version=pk, actor=request.actor, at=request.at)
    messages.success(request, _("Approved."))
    return go(request, reverse("standard-minutes"))


@staff(Role.MGT)
@require_POST
def discard_standard(request: StaffRequest, pk: int) -> HttpResponse:
    discard_minutes(version=pk, actor=request.actor, at=request.at)
    messages.success(request, _("Discarded."))
    return go(request, reverse("standard-minutes"))

"""Outages: those that were declared, the preview of one, its declaration, its early end, its withdrawal."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from applications.lifecycle import State
from applications.models import CaseClock, Outage
from applications.services.outages import Plan
from applications.views.door import attempt, go
from ops_center.web.keyset import Keyset, read_query
from ops_center.web.pages import StaffRequest, staff
from organization.roles import Role
from supervision.forms.outages import DeclareOutage
from supervision.services import outages as services

READERS = (Role.SUP, Role.TR, Role.MGT, Role.AUD)
NEWEST = Keyset("-since", "-id")
SHOWN = 50  # clocks of a preview that are named


@staff(*READERS)
@require_GET
def outage_list(request: StaffRequest) -> HttpResponse:
    asked = read_query(request.GET, known=())
    page = NEWEST.page_of(Outage.objects.select_related("declared_by", "withdrawn_by", "recount"), asked)
    rows = [(outage, [State(state).label for state in outage.states]) for outage in page]
    may_declare = Role.SUP in request.roles
    facts = {"rows": rows, "next": page.next, "may_declare": may_declare, "now": request.at}
    return render(request, "supervision/outages.html", facts)


@staff(Role.SUP)
@require_http_methods(["GET", "HEAD", "POST"])
def new_outage(request: StaffRequest) -> HttpResponse:
    """First what it would do, then the act: both from the same form, and nothing typed is lost in between."""
    if request.method != "POST":
        return render(
            request, "supervision/new_outage.html", {"form": DeclareOutage(actor=request.actor, at=request.at)}
        )
    form = DeclareOutage(request.POST, actor=request.actor, at=request.at)
    if "declare" not in request.POST:
        plans: list[Plan] = []
        status = attempt(form, lambda form: plans.append(services.preview_outage(at=request.at, **form.window())))
        facts = {"form": form} | (_effect(plans[0]) if plans else {})
        return render(request, "supervision/new_outage.html", facts, status=status or 200)
    status = attempt(form, lambda form: services.declare_outage(actor=request.actor, at=request.at, **form.said()))
    if status:
        return render(request, "supervision/new_outage.html", {"form": form}, status=status)
    messages.success(request, _("Declared: the clocks stand still for it, and trackers and management are told."))
    return go(request, reverse("outages"))


@staff(Role.SUP)
@require_POST
def end_outage(request: StaffRequest, pk: int) -> HttpResponse:
    services.end_outage(outage=pk, actor=request.actor, at=request.at)
    messages.success(request, _("Ended: what stood still runs on from now."))
    return go(request, reverse("outages"))


@staff(Role.SUP)
@require_POST
def withdraw_outage(request: StaffRequest, pk: int) -> HttpResponse:
    services.withdraw_outage(outage=pk, actor=request.actor, at=request.at)
    messages.success(request, _("Withdrawn: no clock stands still for it, and trackers and management are told."))
    return go(request, reverse("outages"))


def _effect(plan: Plan) -> dict[str, object]:
    """The figures of a preview and the first clocks behind them: what is overdue no more, then what moves."""
    relieved = {one.run.pk for one in plan.relieved}
    moved = sorted(plan.found, key=lambda one: (not one.has_moved, one.run.due_at, one.run.pk))
    shown = sorted(moved, key=lambda one: one.run.pk not in relieved)[:SHOWN]
    clocks = CaseClock.objects.select_related("application__branch", "owner", "owner_branch").in_bulk(
        [one.run.pk for one in shown]
    )
    return {
        "plan": plan, "relieved": relieved, "rows": [(clocks[one.run.pk], one.due_at) for one in shown],
        "more": len(plan.found) - len(shown), "now": plan.at,
    }  # fmt: skip

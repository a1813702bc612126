"""Bounties and split tables: in force, ahead, past, and drafts that wait for a second person."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from applications.views.door import attempt, go
from incentives.forms import DraftBounty, DraftSplit
from incentives.selectors.prices import bounty_versions, split_in_force, split_versions
from incentives.services import policies
from incentives.services.pricing import PriceBook
from ops_center.clock import local_day
from ops_center.web.pages import StaffRequest, staff
from organization.roles import Role


@staff()
@require_GET
def policy_list(request: StaffRequest) -> HttpResponse:
    """Open to everybody: people must know the price before they work. The buttons are the management's."""
    today = local_day(request.at)
    facts = {
        "in_force": split_in_force(today),
        "splits": split_versions(),
        "bounties": bounty_versions(),
        "today": today,
        "is_management": Role.MGT in request.roles,
        "me": request.actor,
    }
    return render(request, "incentives/policies.html", facts)


@staff(Role.MGT)
@require_http_methods(["GET", "HEAD", "POST"])
def new_split(request: StaffRequest) -> HttpResponse:
    """A new version starts from the one in force; a column that is not 100 % comes back with its sum."""
    base = PriceBook.read().policy(on=local_day(request.at))
    if request.method != "POST":
        form = DraftSplit(base=base, actor=request.actor, at=request.at)
        return render(request, "incentives/new_split.html", {"form": form})
    form = DraftSplit(request.POST, actor=request.actor, at=request.at)
    status = attempt(form, lambda form: policies.draft_split(actor=request.actor, at=request.at, **form.said()))
    if status:
        return render(request, "incentives/new_split.html", {"form": form}, status=status)
    messages.success(request, _("Drafted. It takes effect once a second person of the management approves it."))
    return go(request, reverse("policy-list"))


@staff(Role.MGT)
@require_http_methods(["GET", "HEAD", "POST"])
def new_bounty(request: StaffRequest) -> HttpResponse:
    if request.method != "POST":
        form = DraftBounty(actor=request.actor, at=request.at, initial={"product": request.GET.get("product", "")})
        return render(request, "incentives/new_bounty.html", {"form": form})
    form = DraftBounty(request.POST, actor=request.actor, at=request.at)
    status = attempt(form, lambda form: policies.draft_bounty(actor=request.actor, at=request.at, **form.said()))
    if status:
        return render(request, "incentives/new_bounty.html", {"form": form}, status=status)
    messages.success(request, _("Drafted. It takes effect once a second person of the management approves it."))
    return go(request, reverse("policy-list"))


@staff(Role.MGT)
@require_POST
def approve_split(request: StaffRequest, number: int) -> HttpResponse:
    policy = policies.approve_split(number=number, actor=request.actor, at=request.at)
    messages.success(
        request,
        _("%(version)s is approved: in force from %(day)s.")
        % {"version": policy.version, "day": policy.starts_on.isoformat()},
    )
    return go(request, reverse("policy-list"))


@staff(Role.MGT)
@require_POST
def discard_split(request: StaffRequest, number: int) -> HttpResponse:
    policies.discard_split(number=number, actor=request.actor, at=request.at)
    return go(request, reverse("policy-list"))


@staff(Role.MGT)
@require_POST
def approve_bounty(request: StaffRequest, bounty: int) -> HttpResponse:
    row = policies.approve_bounty(bounty=bounty, actor=request.actor, at=request.at)
    messages.success(request, _("The bounty is approved: in force from %(day)s.") % {"day": row.starts_on.isoformat()})
    return go(request, reverse("policy-list"))


@staff(Role.MGT)
@require_POST
def discard_bounty(request: StaffRequest, bounty: int) -> HttpResponse:
    policies.discard_bounty(bounty=bounty, actor=request.actor, at=request.at)
    return go(request, reverse("policy-list"))

"""Limits of clocks and times of branches: drafts that wait for a second person, in force, ahead, past, and what each
would mean for the clocks that run now."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from applications.models import ClockPolicy
from applications.services.remeasure import Moves
from applications.views.door import go
from applications.views.versions import discarded, draft_version
from ops_center.clock import local_day
from ops_center.web.keyset import page_size, read_query
from ops_center.web.pages import StaffRequest, staff
from organization.models import Branch, BranchTimes
from organization.roles import Role
from organization.services import versions
from organization.services.versions import Standing
from supervision.forms.policies import DraftClock, DraftTimes
from supervision.selectors.policies import (
    BY_DUE,
    SEES_DRAFTS,
    SHOWN,
    VersionOf,
    branch_versions,
    came_with,
    clock_versions,
    clocks_of,
    moves_of,
)  # fmt: skip
from supervision.services import policies
from supervision.views.asked import key_in, one_of

TRIED = (Standing.DRAFT, Standing.AHEAD)  # only what is not in force yet is tried out on what runs


@staff()
@require_GET
def clock_policy_list(request: StaffRequest) -> HttpResponse:
    """Open to everybody: people must know by what they are measured. Drafts and buttons are the management's."""
    read_query(request.GET, known=())
    on = local_day(request.at)
    clocks, branches = clock_versions(on).open_to(request.roles), branch_versions(on).open_to(request.roles)
    facts = {
        "clocks": clocks,
        "branches": branches,
        "drafts": [*clocks.drafts, *branches.drafts],
        "ahead": [*clocks.ahead, *branches.ahead],
        "past": [*clocks.past, *(version for version in branches.past if version.row.pk)],
        **_reader(request),
    }
    return render(request, "supervision/clock_policies.html", facts)


@staff()
@require_GET
def clock_policy(request: StaffRequest, policy: int) -> HttpResponse:
    return _version(request, clock_versions(local_day(request.at)).open_to(request.roles).find(policy))


@staff()
@require_GET
def branch_times(request: StaffRequest, times: int) -> HttpResponse:
    return _version(request, branch_versions(local_day(request.at)).open_to(request.roles).find(times))


def _version(request: StaffRequest, version: VersionOf[Any] | None) -> HttpResponse:
    """One version; of one that is not in force yet, management and audit see what it would mean for what runs now."""
    asked = read_query(request.GET, known=("show",))
    if version is None:
        raise versions.no_version()
    facts: dict[str, Any] = {"version": version, **_reader(request)}
    if version.standing in TRIED and not request.roles.isdisjoint(SEES_DRAFTS):
        facts |= preview_facts(moves_of(version.row, at=request.at), asked)
    return render(request, "supervision/clock_policy.html", facts)


def preview_facts(moves: Moves, asked: dict[str, str]) -> dict[str, Any]:
    """The figures of a preview, and one page of the clocks behind the one that was asked for."""
    show = one_of(asked, "show", SHOWN) or "moved"
    page = BY_DUE.page_of(clocks_of(moves, show, asked, size=page_size(asked.get("page_size"))), asked)
    due = {one.run.pk: one.due_at for one in moves.moved}
    return {"moves": moves, "show": show, "rows": [(clock, due[clock.pk]) for clock in page], "page": page}


def _reader(request: StaffRequest) -> dict[str, Any]:
    return {"me": request.actor, "is_management": Role.MGT in request.roles, "now": request.at}


def _all() -> str:
    return reverse("clock-policy-list")


# -- drafting ----------------------------------------------------------------------------------------------------------
@staff(Role.MGT)
@require_http_methods(["GET", "HEAD", "POST"])
def new_clock_policy(request: StaffRequest) -> HttpResponse:
    """From the version named: the one in force, or one that was taken back."""
    base = ClockPolicy.objects.filter(pk=key_in(request.GET, "from")).first()
    return draft_version(
        request, DraftClock, "supervision/new_clock_policy.html", policies.draft_clock_policy, base=base, onward=_all()
    )


@staff(Role.MGT)
@require_http_methods(["GET", "HEAD", "POST"])
def new_branch_times(request: StaffRequest) -> HttpResponse:
    """From the version named, or from what stands with the branch named."""
    base = BranchTimes.objects.select_related("branch").filter(pk=key_in(request.GET, "from")).first()
    branch = Branch.objects.filter(code=request.GET.get("branch", "")).first()
    if base is None and branch is not None:
        base = came_with(branch)
    return draft_version(
        request, DraftTimes, "supervision/new_branch_times.html", policies.draft_branch_times, base=base, onward=_all()
    )


# -- deciding ----------------------------------------------------------------------------------------------------------
@staff(Role.MGT)
@require_POST
def approve_clock_policy(request: StaffRequest, policy: int) -> HttpResponse:
    return _approved(request, policies.approve_clock_policy(policy=policy, actor=request.actor, at=request.at))


@staff(Role.MGT)
@require_POST
def approve_branch_times(request: StaffRequest, times: int) -> HttpResponse:
    return _approved(request, policies.approve_branch_times(times=times, actor=request.actor, at=request.at))


def _approved(request: StaffRequest, row: ClockPolicy | BranchTimes) -> HttpResponse:
    said = _("Approved: in force from %(day)s. Cases that have been taken in before keep the version of their day.")
    messages.success(request, said % {"day": row.starts_on.isoformat()})
    return go(request, _all())


@staff(Role.MGT)
@require_POST
def discard_clock_policy(request: StaffRequest, policy: int) -> HttpResponse:
    policies.discard_clock_policy(policy=policy, actor=request.actor, at=request.at)
    return discarded(request, anew=f"{reverse('clock-policy-new')}?from={policy}", onward=_all())


@staff(Role.MGT)
@require_POST
def discard_branch_times(request: StaffRequest, times: int) -> HttpResponse:
    policies.discard_branch_times(times=times, actor=request.actor, at=request.at)
    return discarded(request, anew=f"{reverse('branch-times-new')}?from={times}", onward=_all())

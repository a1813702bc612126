"""绩效登记: activations that wait, each with its proof; the tracker registers the chosen."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from incentives.results import RowResult
from incentives.selectors.registration import to_register, waiting_by_branch, with_evidence
from incentives.services import registration
from ops_center.web.keyset import Keyset, read_query
from ops_center.web.pages import StaffRequest, staff
from organization.roles import Role

OLDEST = Keyset("at", "application_id")


@staff(Role.TR, Role.SUP, Role.AUD)
@require_GET
def registration_list(request: StaffRequest) -> HttpResponse:
    """The longest waiting first, as many as can be registered in one go."""
    return draw(request)


@staff(Role.TR)
@require_POST
def register(request: StaffRequest) -> HttpResponse:
    """The chosen cases; each answers for itself. What the card system contradicts has a tick of its own."""
    despite = request.POST.getlist("despite")
    results = registration.register(
        applications=[*request.POST.getlist("application"), *despite],
        despite=despite,
        actor=request.actor,
        at=request.at,
    )
    return draw(request, results=results)


def draw(request: StaffRequest, *, results: list[RowResult] | None = None) -> HttpResponse:
    asked = read_query(request.GET, known=("branch",))
    branch = asked.get("branch", "")
    waiting = to_register(branch=branch)
    page = OLDEST.page(waiting, size=registration.MOST, after=asked.get("after"), before=asked.get("before"))
    facts: dict[str, Any] = {
        "rows": with_evidence(page),
        "next": page.next,
        "branches": waiting_by_branch(),
        "branch": branch,
        "waiting": waiting.count(),
        "may_register": Role.TR in request.roles,
        "results": results,
        "refused": [result for result in results or () if not result.done],
        "now": request.at,
    }
    is_part = request.htmx and results is not None
    return render(
        request, "incentives/partials/_to_register.html" if is_part else "incentives/registrations.html", facts
    )

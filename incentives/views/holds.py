"""Holds: the list of what is not paid for now, the buttons on the trace of an entry, and what HR decides."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from applications.views.door import go
from incentives.forms import DecideLeaver, Reason
from incentives.lifecycle import HoldCause
from incentives.results import RowResult
from incentives.selectors import holds as lists
from incentives.services import holds, leavers
from ops_center.kernel.errors import Malformed
from ops_center.web.keyset import Keyset, Page, read_query
from ops_center.web.pages import StaffRequest, staff
from organization.roles import Role
from supervision.views.case_list import opens_cases

READERS = (Role.TR, Role.SUP, Role.MGT, Role.AUD)
NEWEST, OLDEST = Keyset("-id"), Keyset("at", "id")
RULE = "rule"  # the list of what waits for its payee by a rule


@staff(*READERS)
@require_GET
def hold_list(request: StaffRequest) -> HttpResponse:
    """What is held, why, since when, until when, and whose way out it is."""
    return draw(request)


def draw(request: StaffRequest, *, results: list[RowResult] | None = None) -> HttpResponse:
    asked = read_query(request.GET, known=("cause",))
    cause = asked.get("cause", "")
    if cause and cause != RULE and cause not in HoldCause.values:
        sentence = _("There is no such cause.")
        raise Malformed("bad_query", sentence, {"cause": sentence})
    order, rows = (OLDEST, lists.waiting_by_rule()) if cause == RULE else (NEWEST, lists.open_holds(cause))
    page: Page[Any] = order.page_of(rows, asked)
    facts = {
        "cause": cause,
        "causes": [("", _("On hold")), *lists.causes(), (RULE, _("Waits by rule"), lists.waiting_by_rule().count())],
        "is_by_rule": cause == RULE,
        "rows": [lists.as_waiting(row) for row in page] if cause == RULE else lists.as_held(page, actor=request.actor),
        "next": page.next,
        "opens_cases": opens_cases(request),
        "releases": not request.roles.isdisjoint(holds.RELEASERS),
        "results": results,
        "refused": [result for result in results or () if not result.done],
    }
    is_part = request.htmx and results is not None
    return render(request, "incentives/partials/_held.html" if is_part else "incentives/holds.html", facts)


@staff(*holds.RELEASERS)
@require_POST
def release_many(request: StaffRequest) -> HttpResponse:
    """The chosen entries; each answers for itself."""
    chosen = [int(key) for key in request.POST.getlist("entry") if key.isascii() and key.isdecimal() and len(key) < 13]
    results = holds.release_each(entries=chosen, **Reason.read(request.POST), actor=request.actor, at=request.at)
    return draw(request, results=results)


@staff(Role.AUD)
@require_POST
def hold(request: StaffRequest, entry: int) -> HttpResponse:
    cause = request.GET.get("cause") or HoldCause.AUDIT
    holds.hold(entry=entry, **Reason.read(request.POST), cause=cause, actor=request.actor, at=request.at)
    messages.success(request, _("The entry is held: it is neither certified nor exported until it is released."))
    return go(request, reverse("reward-trace", args=[entry]))


@staff(*holds.RELEASERS)
@require_POST
def release(request: StaffRequest, entry: int) -> HttpResponse:
    holds.release(entry=entry, **Reason.read(request.POST), actor=request.actor, at=request.at)
    messages.success(request, _("The entry is released."))
    return go(request, reverse("reward-trace", args=[entry]))


# -- who has left ------------------------------------------------------------------------------------------------------
@staff(Role.HR, Role.SUP, Role.AUD)
@require_GET
def leaver_list(request: StaffRequest) -> HttpResponse:
    """Whose rewards wait because the person has left; HR decides."""
    read_query(request.GET, known=())
    facts = {"leavers": lists.leavers(), "decides": Role.HR in request.roles}
    return render(request, "incentives/leavers.html", facts)


@staff(Role.HR)
@require_POST
def decide_leaver(request: StaffRequest, number: str) -> HttpResponse:
    said = DecideLeaver.read(request.POST)
    done = leavers.decide_leaver(person=number, actor=request.actor, at=request.at, **said)
    word = _("%(count)s entries are released for payment.") if said["is_paid"] else _("%(count)s entries are voided.")
    messages.success(request, word % {"count": done})
    return go(request, reverse("leaver-list"))

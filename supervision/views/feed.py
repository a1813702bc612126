"""The success feed: what was reached, and the words that people add to it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from ops_center.web.keyset import Keyset, read_query
from ops_center.web.pages import StaffRequest, staff
from organization.roles import Role
from supervision.forms.base import said
from supervision.forms.goals import SentenceForm
from supervision.models import Broadcast
from supervision.selectors.feed import feed, told
from supervision.services.broadcasts import cheer, say_motto

NEWEST = Keyset("-at", "-id")


@staff(Role.EMP)
@require_GET
def success_feed(request: StaffRequest) -> HttpResponse:
    """All of the bank, of one reason, or the own ones."""
    asked = read_query(request.GET, known=("reason", "mine"))
    rows = feed()
    if reason := asked.get("reason"):
        rows = rows.filter(reason=reason)
    if asked.get("mine"):
        rows = rows.filter(person=request.actor)
    page = NEWEST.page_of(rows, asked)
    facts = {
        "page": page,
        "rows": [told(row, reader=request.actor, at=request.at) for row in page],
        "reasons": [("", _("All")), *Broadcast.Reason.choices],
        "mine": [("", _("The whole bank")), ("1", _("My own"))],
    }
    return render(request, "supervision/feed.html", facts)


@staff(Role.EMP)
@require_POST
def motto(request: StaffRequest, pk: int) -> HttpResponse:
    say_motto(broadcast=pk, actor=request.actor, at=request.at, **said(SentenceForm, request))
    messages.success(request, _("Your sentence stands in the feed."))
    return redirect("feed")


@staff(Role.BH)
@require_POST
def word(request: StaffRequest, pk: int) -> HttpResponse:
    cheer(broadcast=pk, actor=request.actor, at=request.at, **said(SentenceForm, request))
    messages.success(request, _("Your word stands in the feed."))
    return redirect("feed")

"""Breaches: the list, one with its explanation, and the acts on it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from applications.lifecycle import Clock
from applications.services.clocks import explain
from applications.views.door import go
from ops_center.kernel.errors import Malformed
from ops_center.web.keyset import Keyset, page_size, read_query
from ops_center.web.pages import StaffRequest, staff
from organization.models import Employee
from organization.roles import Role
from supervision import errors
from supervision.forms import DecideForm, JustifyForm, OpinionForm, said
from supervision.models import Breach, Standing
from supervision.querysets import BreachQuerySet
from supervision.services.justifications import (
    DECIDERS,
    decide_justification,
    give_opinion,
    is_concerned,
    justify,
    may_explain,
    may_give_opinion,
    standing,
)  # fmt: skip

NEWEST, BY_WINDOW = Keyset("-id"), Keyset("file_by", "id")
FILTERS = ("show", "clock", "branch")


@staff()
@require_GET
def breach_list(request: StaffRequest) -> HttpResponse:
    """What waits for this person first: to explain, to give an opinion on, to decide; else all in sight."""
    asked = read_query(request.GET, known=FILTERS)
    rooms = _rooms(request)
    show = asked.get("show") or next((name for name, _label, count in rooms if count), "all")
    found = _shown(request, show)
    if clock := asked.get("clock"):
        found = found.filter(kind=_one_of(clock, Clock.values, "clock"))
    if branch := asked.get("branch"):
        found = found.filter(branch__code=branch)
    order = NEWEST if show in ("all", "open") else BY_WINDOW
    page = order.page(
        found.with_facts(),
        size=page_size(asked.get("page_size")),
        after=asked.get("after"),
        before=asked.get("before"),
    )
    rows = [{"breach": breach, "standing": standing(breach, request.at)} for breach in page]
    facts = {"rows": rows, "next": page.next, "show": show, "rooms": rooms, "now": request.at, "clocks": Clock.choices}
    return render(request, "supervision/breaches.html", facts)


@staff()
@require_GET
def one_breach(request: StaffRequest, pk: int) -> HttpResponse:
    breach = _find(request, pk)
    return render(request, "supervision/breach.html", acts_on(breach, request.actor, request))


@staff()
@require_POST
def justify_breach(request: StaffRequest, pk: int) -> HttpResponse:
    facts = said(JustifyForm, request)
    filed = justify(breach_id=pk, actor=request.actor, at=request.at, **facts)
    messages.success(
        request,
        _("Your explanation is filed; it will be decided by %(due)s.")
        % {"due": f"{filed.decide_by.astimezone(request.at.tzinfo):%m-%d %H:%M}"},
    )
    return go(request, reverse("breach", args=[pk]))


@staff(Role.BH)
@require_POST
def opinion_on_breach(request: StaffRequest, pk: int) -> HttpResponse:
    give_opinion(breach_id=pk, actor=request.actor, at=request.at, **said(OpinionForm, request))
    messages.success(request, _("Your opinion is noted."))
    return go(request, reverse("breach", args=[pk]))


@staff(*DECIDERS)
@require_POST
def decide_breach(request: StaffRequest, pk: int) -> HttpResponse:
    decide_justification(breach_id=pk, actor=request.actor, at=request.at, **said(DecideForm, request))
    messages.success(request, _("Decided; the performer has been told."))
    return go(request, f"{reverse('breach-list')}?show=decide")


def acts_on(breach: Breach, actor: Employee, request: StaffRequest) -> dict[str, Any]:
    """One breach with the forms that are open to this person now."""
    at, filed, stands = request.at, breach.explanation, standing(breach, request.at)
    undecided = filed is not None and filed.decided_at is None
    is_decider = bool(request.roles & set(DECIDERS)) and not is_concerned(breach, actor)
    return {
        "breach": breach,
        "standing": stands,
        "now": at,
        "why": explain(breach.clock),
        "justify": JustifyForm() if stands == Standing.TO_EXPLAIN and may_explain(breach, actor, at) else None,
        "opinion": OpinionForm()
        if filed and undecided and filed.filed_by_id != actor.pk and may_give_opinion(breach, actor, at)
        else None,
        "decide": DecideForm() if undecided and is_decider else None,
    }


def _find(request: StaffRequest, pk: int) -> Breach:
    breach = Breach.objects.visible_to(request.actor, request.at).with_facts().filter(pk=pk).first()
    if breach is None:
        raise errors.no_breach()
    return breach


def _rooms(request: StaffRequest) -> list[tuple[str, str, int | None]]:
    """What this person comes for, with how much waits; the counts are of work that is open, never of everything."""
    rooms: list[tuple[str, str, int | None]] = [
        ("mine", _("To explain"), _shown(request, "mine").count()),
    ]
    if Role.BH in request.roles:
        rooms.append(("opinion", _("To give an opinion on"), _shown(request, "opinion").count()))
    if request.roles & set(DECIDERS):
        rooms.append(("decide", _("To decide"), _shown(request, "decide").count()))
    return [*rooms, ("open", _("Not settled"), None), ("all", _("All"), None)]


def _shown(request: StaffRequest, show: str) -> BreachQuerySet:
    breaches = Breach.objects.visible_to(request.actor, request.at)
    actor = request.actor
    match show:
        case "mine":
            return breaches.to_explain(request.at).answered_by(actor, is_head=Role.BH in request.roles)
        case "opinion":
            return breaches.to_decide().filter(justification__opinion_at=None).of_people_in(actor.branch_id)
        case "decide":
            return breaches.to_decide().exclude(owner=actor).exclude(justification__filed_by=actor)
        case "open":
            return breaches.unsettled()
        case "all":
            return breaches
    raise _bad_filter("show")


def _one_of(value: str, known: list[str], name: str) -> str:
    if value not in known:
        raise _bad_filter(name)
    return value


def _bad_filter(name: str) -> Malformed:
    return Malformed("bad_filter", _("This list has no such filter."), {name: _("Choose one of the list.")})

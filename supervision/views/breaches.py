"""Breaches: the list, one with its explanation, and the acts on it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from applications.lifecycle import Clock
from applications.services.documents import JPEG
from applications.services.explanations import explain
from applications.views.door import go
from ops_center.clock import local_day
from ops_center.web.keyset import Keyset, read_query
from ops_center.web.pages import StaffRequest, staff
from organization.roles import Role
from supervision import errors
from supervision.forms.base import said
from supervision.forms.breaches import DecideForm, EvidenceForm, JustifyForm, OpinionForm
from supervision.models import Breach, Ground, Standing
from supervision.querysets import BreachQuerySet
from supervision.selectors import midnight
from supervision.selectors.custody import charges_of_clocks, named
from supervision.services.evidence import MOST_PAPERS, add_evidence, read_evidence
from supervision.services.justifications import (
    DECIDERS,
    decide_justification,
    give_opinion,
    justify,
    may_decide,
    may_explain,
    may_give_opinion,
    standing,
    why_not_accept,
)  # fmt: skip
from supervision.views.asked import branch_named, one_of, unknown

NEWEST, BY_WINDOW, BY_DECISION = Keyset("-id"), Keyset("file_by", "id"), Keyset("justification__decide_by", "id")
ORDERS = {"mine": BY_WINDOW, "opinion": BY_DECISION, "decide": BY_DECISION}
FILTERS = ("show", "clock", "branch", "ground", "person", "due")
DUE = {"late": gettext_lazy("overdue"), "today": gettext_lazy("due today")}
EVIDENCE_SAFE = "sandbox; default-src 'none'"  # nothing in a paper acts, whatever it is


@staff()
@require_GET
def breach_list(request: StaffRequest) -> HttpResponse:
    """What waits for this person first: to explain, to give an opinion on, to decide; else all in sight. What waits for
    a judgement stands beside the list, one at a time."""
    asked = read_query(request.GET, known=FILTERS)
    rooms = _rooms(request)
    show = asked.get("show") or next((name for name, _label, count in rooms if count), "all")
    page = ORDERS.get(show, NEWEST).page_of(_cut(_shown(request, show), asked, request).with_facts(), asked)
    rows = [{"breach": breach, "standing": standing(breach, request.at)} for breach in page]
    facts = {
        "rows": rows, "next": page.next, "show": show, "rooms": rooms, "now": request.at, "asked": asked,
        "clocks": Clock.choices, "grounds": Ground.choices, "dues": DUE.items(),
    }  # fmt: skip
    judges = show in ("decide", "opinion")
    return render(request, "supervision/explanations.html" if judges else "supervision/breaches.html", facts)


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


@staff()
@require_POST
def prove_breach(request: StaffRequest, pk: int) -> HttpResponse:
    """More evidence for an own explanation."""
    for upload in said(EvidenceForm, request)["evidence"]:
        add_evidence(breach_id=pk, upload=upload, actor=request.actor, at=request.at)
    messages.success(request, _("The evidence is with the explanation."))
    return go(request, reverse("breach", args=[pk]))


@staff()
@require_GET
def evidence(request: StaffRequest, pk: int, paper: int) -> HttpResponse:
    """One paper in clear. A picture is shown; a PDF is handed over as a file, never opened inside a page of ours."""
    found, content = read_evidence(breach_id=pk, paper=paper, actor=request.actor, at=request.at)
    way = "inline" if found.media_type == JPEG else "attachment"
    return HttpResponse(
        content,
        content_type=found.media_type,
        headers={
            "Content-Disposition": f'{way}; filename="evidence-{found.pk}"',
            "Content-Security-Policy": EVIDENCE_SAFE,
        },
    )


@staff(Role.BH)
@require_POST
def opinion_on_breach(request: StaffRequest, pk: int) -> HttpResponse:
    give_opinion(breach_id=pk, actor=request.actor, at=request.at, **said(OpinionForm, request))
    messages.success(request, _("Your opinion is noted."))
    return go(request, f"{reverse('breach-list')}?show=opinion")


@staff(*DECIDERS)
@require_POST
def decide_breach(request: StaffRequest, pk: int) -> HttpResponse:
    decide_justification(breach_id=pk, actor=request.actor, at=request.at, **said(DecideForm, request))
    messages.success(request, _("Decided; the performer has been told."))
    return go(request, f"{reverse('breach-list')}?show=decide")


def acts_on(breach: Breach, request: StaffRequest) -> dict[str, Any]:
    """One breach with the forms that are open to this person now."""
    actor, at, filed, stands = request.actor, request.at, breach.explanation, standing(breach, request.at)
    waits = filed is not None and filed.decided_at is None and stands != Standing.LIFTED
    is_filer = filed is not None and filed.filed_by_id == actor.pk
    papers = list(filed.papers.defer("body")) if filed else []
    decides = waits and may_decide(breach, actor, at)
    only_refuse = why_not_accept(filed, actor, at) if filed and decides else None
    return {
        "breach": breach,
        "standing": stands,
        "now": at,
        "why": explain(breach.clock),
        "charges": named(charges_of_clocks([breach.clock_id], at=at)).get(breach.clock_id),
        "papers": papers,
        "most_papers": MOST_PAPERS,
        "justify": JustifyForm() if stands == Standing.TO_EXPLAIN and may_explain(breach, actor, at) else None,
        "prove": EvidenceForm() if waits and is_filer and len(papers) < MOST_PAPERS else None,
        "opinion": OpinionForm() if waits and not is_filer and may_give_opinion(breach, actor, at) else None,
        "decide": DecideForm(may_accept=only_refuse is None) if decides else None,
        "only_refuse": only_refuse,
    }


def find_breach(request: StaffRequest, pk: int) -> Breach:
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
            return breaches.to_explain(request.at).answered_by(actor, request.at)
        case "opinion":
            return breaches.to_decide().filter(justification__opinion_at=None).of_people_in(actor.branch_id)
        case "decide":
            return breaches.to_decide().exclude(owner=actor).exclude(justification__filed_by=actor)
        case "open":
            return breaches.unsettled()
        case "all":
            return breaches
    raise unknown("show")


def _cut(breaches: BreachQuerySet, asked: Mapping[str, str], request: StaffRequest) -> BreachQuerySet:
    """Those of a list that the filters of the address ask for."""
    if clock := one_of(asked, "clock", Clock.values):
        breaches = breaches.filter(kind=clock)
    if branch := branch_named(asked):
        breaches = breaches.filter(branch__code=branch)
    if ground := one_of(asked, "ground", Ground.values):
        breaches = breaches.filter(justification__code=ground)
    if person := asked.get("person"):
        breaches = breaches.filter(justification__filed_by__number__iexact=person)
    match one_of(asked, "due", DUE):
        case "late":
            breaches = breaches.filter(justification__decide_by__lt=request.at)
        case "today":
            tonight = midnight(local_day(request.at) + timedelta(days=1))
            breaches = breaches.filter(justification__decide_by__gte=request.at, justification__decide_by__lt=tonight)
    return breaches

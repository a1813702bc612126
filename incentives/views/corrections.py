"""Corrections: what waits for a decision, what this person asked for, and the forms with which one begins."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from applications.models import Coaching
from applications.views.door import attempt, go
from incentives import errors
from incentives.correction_forms import (
    AskAdjustment,
    AskReversal,
    CorrectionForm,
    DecideDispute,
    DisputeForm,
    ReportCrossSell,
)
from incentives.forms import DecideRequests, Reason
from incentives.lifecycle import Verdict
from incentives.models import Assessment, Dispute, RewardEntry
from incentives.results import RowResult
from incentives.selectors import corrections as lists
from incentives.services import corrections, disputes, voids
from incentives.services.adjustments import ask_adjustment
from incentives.services.cross_sells import OFFICERS, report_cross_sell
from incentives.services.requests import DECIDERS, why_not_decide
from incentives.services.reversals import ask_reversal
from ops_center.web.keyset import read_query
from ops_center.web.pages import StaffRequest, staff
from organization.roles import Role
from supervision.views.case_list import opens_cases

WATCHERS = frozenset({Role.TR, Role.SUP, Role.AUD, Role.MGT})


@staff()
@require_GET
def correction_list(request: StaffRequest) -> HttpResponse:
    """What waits for this person's decision first, then what waits for others, then what this person asked for."""
    read_query(request.GET, known=())
    return draw(request)


def draw(request: StaffRequest, *, results: list[RowResult] | None = None) -> HttpResponse:
    mine, others = lists.waiting(request.actor, request.roles, request.at)
    facts = {
        "mine": mine,
        "others": others,
        "asked": lists.asked_by(request.actor),
        "reviews": lists.to_review(request.at) if Role.AUD in request.roles else [],
        "opens_cases": opens_cases(request),
        "watches": not WATCHERS.isdisjoint(request.roles),
        "certifies": not request.roles.isdisjoint({Role.TR, Role.SUP}),
        "results": results,
        "refused": [result for result in results or () if not result.done],
        "now": request.at,
    }
    is_part = request.htmx and results is not None
    return render(request, "incentives/partials/_to_decide.html" if is_part else "incentives/corrections.html", facts)


@staff(Role.TR, Role.SUP)
@require_POST
def decide(request: StaffRequest) -> HttpResponse:
    """The chosen requests; each answers for itself."""
    results = corrections.decide_each(
        requests=request.POST.getlist("request"),
        **DecideRequests.read(request.POST),
        actor=request.actor,
        at=request.at,
    )
    return draw(request, results=results)


# -- where one begins --------------------------------------------------------------------------------------------------
@staff(Role.AUD)
@require_http_methods(["GET", "HEAD", "POST"])
def new_reversal(request: StaffRequest) -> HttpResponse:
    return begin(request, AskReversal, ask_reversal, _("The claw-back waits for a supervisor."))


@staff(Role.TR)
@require_http_methods(["GET", "HEAD", "POST"])
def new_adjustment(request: StaffRequest) -> HttpResponse:
    return begin(request, AskAdjustment, ask_adjustment, _("The correction waits for a supervisor."))


@staff(*OFFICERS)
@require_http_methods(["GET", "HEAD", "POST"])
def new_cross_sell(request: StaffRequest) -> HttpResponse:
    """Only of a case whose client this officer has coached."""
    number = request.GET.get("application", "")
    if not Coaching.objects.filter(application__number=number, officer=request.actor).exists():
        raise errors.not_found()
    return begin(request, ReportCrossSell, report_cross_sell, _("The sale waits for its confirmation."))


def begin(request: StaffRequest, form_class: type[CorrectionForm], service: Any, word: str) -> HttpResponse:
    """The form over the lines of the case as they stand, and the call of its service."""
    asked = read_query(request.GET, known=("application",))
    assessment = (
        Assessment.objects.select_related("application__product", "application__applicant", "policy")
        .filter(application__number=asked.get("application", ""), verdict=Verdict.EARNED)
        .first()
    )
    if assessment is None:
        raise errors.not_found()
    form = form_class(request.POST or None, assessment=assessment, actor=request.actor, at=request.at)
    status = 200
    if request.method == "POST":
        status = attempt(form, lambda form: service(**form.facts))
        if not status:
            messages.success(request, word)
            return go(request, reverse("correction-list"))
    entries = RewardEntry.objects.visible_to(request.actor, request.at).filter(assessment=assessment).with_trace()
    facts = {"form": form, "case": assessment.application, "entries": entries.order_by("pk")}
    return render(request, "incentives/new_correction.html", facts, status=status)


# -- disputes ----------------------------------------------------------------------------------------------------------
@staff()
@require_http_methods(["GET", "HEAD", "POST"])
def new_dispute(request: StaffRequest, entry: int) -> HttpResponse:
    """有异议: the form for an own entry, as a fragment of the statement or as a page."""
    found = RewardEntry.objects.filter(payee=request.actor, pk=entry).with_trace().first()
    if found is None:
        raise errors.not_found()
    form = DisputeForm(request.POST or None, actor=request.actor, at=request.at)
    status = 200
    if request.method == "POST":
        status = attempt(
            form,
            lambda form: disputes.dispute(entry=entry, actor=request.actor, at=request.at, **form.said()),
        )
        if not status:
            messages.success(request, _("Your dispute is filed; you are told the answer."))
            return go(request, reverse("reward-trace", args=[entry]))
    template = "incentives/partials/_dispute.html" if request.htmx else "incentives/new_dispute.html"
    return render(request, template, {"form": form, "entry": found}, status=status)


@staff(*DECIDERS[Dispute])
@require_http_methods(["GET", "HEAD", "POST"])
def one_dispute(request: StaffRequest, dispute: int) -> HttpResponse:
    """A dispute with its amount, its clock and the answer."""
    row = lists.with_case(Dispute).filter(pk=dispute).first()
    if row is None:
        raise errors.not_found()
    form = DecideDispute(request.POST or None, actor=request.actor, at=request.at)
    status = 200
    if request.method == "POST":
        status = attempt(
            form,
            lambda form: disputes.decide_dispute(dispute=dispute, actor=request.actor, at=request.at, **form.said()),
        )
        if not status:
            messages.success(request, _("Answered; the person has been told."))
            return go(request, reverse("correction-list"))
    facts = {"dispute": row, "form": form, "why_not": why_not_decide(row, actor=request.actor), "now": request.at}
    return render(request, "incentives/dispute.html", facts, status=status)


@staff(Role.AUD)
@require_POST
def void(request: StaffRequest, entry: int) -> HttpResponse:
    voids.void(entry=entry, **Reason.read(request.POST), actor=request.actor, at=request.at)
    messages.success(request, _("The entry is voided."))
    return go(request, reverse("reward-trace", args=[entry]))

"""Acts on the chosen rows of a board. The answer to a page of ours is a line per row; the page stays where it is."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import trigger_client_event

from applications.models import Application
from applications.views.door import go
from ops_center.kernel.errors import Malformed
from ops_center.web.pages import StaffRequest, staff
from ops_center.web.refusals import came_from
from supervision.forms.base import said
from supervision.forms.breaches import ReassignForm, UrgeForm
from supervision.selectors.load import who_could_take
from supervision.services.acts import AT_MOST, Said, reassign_each, urge_each
from supervision.services.urging import MAY_URGE
from supervision.views.case_list import MAY_REASSIGN


@staff(*MAY_URGE)
@require_POST
def urge_cases(request: StaffRequest) -> HttpResponse:
    """Urges every chosen case; each stands for itself, and each refusal is said."""
    text, numbers = said(UrgeForm, request)["text"], _chosen(request)
    results = urge_each(numbers, actor=request.actor, at=request.at, text=text)
    done = sum(result.is_done for result in results)
    return _answer(request, results, ngettext("%(n)s case urged.", "%(n)s cases urged.", done) % {"n": done})


@staff(*MAY_REASSIGN)
@require_POST
def reassign_cases(request: StaffRequest) -> HttpResponse:
    """Gives every chosen case to one person, with a reason."""
    facts, numbers = said(ReassignForm, request), _chosen(request)
    results = reassign_each(
        numbers, to=facts["to"], actor=request.actor, at=request.at, note=facts["note"]
    )  # fmt: skip
    done = sum(result.is_done for result in results)
    told = ngettext("%(n)s case given to %(person)s.", "%(n)s cases given to %(person)s.", done)
    return _answer(request, results, told % {"n": done, "person": facts["to"].name})


@staff(*MAY_REASSIGN)
@require_GET
def takers(request: StaffRequest) -> HttpResponse:
    """Who could take the chosen cases, with what each of them carries and whether they are here."""
    numbers = request.GET.getlist("number")[:AT_MOST]
    cases = list(Application.objects.visible_to(request.actor, request.at).filter(number__in=numbers))
    loads = who_could_take(cases, at=request.at)
    return render(request, "supervision/partials/_takers.html", {"loads": loads, "cases": len(cases)})


def _chosen(request: StaffRequest) -> list[str]:
    numbers = request.POST.getlist("number")
    if not numbers:
        sentence = _("Choose at least one case.")
        raise Malformed("nothing_chosen", sentence, {"number": sentence})
    if len(numbers) > AT_MOST:
        sentence = _("At most %(most)s cases at once. Choose fewer.") % {"most": AT_MOST}
        raise Malformed("too_many_chosen", sentence, {"number": sentence})
    return numbers


def _answer(request: StaffRequest, results: Sequence[Said], good_news: str) -> HttpResponse:
    done = [result.number for result in results if result.is_done]
    refused = [result for result in results if not result.is_done]
    if request.htmx and "on_board" in request.POST:
        facts = {"results": results, "good_news": good_news if done else "", "refused": len(refused)}
        answer = render(request, "supervision/partials/_said.html", facts)
        return trigger_client_event(answer, "acted", {"done": done})
    for result in refused:
        messages.warning(request, f"{result.number}: {result.sentence}")
    if done:
        messages.success(request, good_news)
    back = request.htmx.current_url_abs_path if request.htmx else came_from(request)
    return go(request, back or reverse("board", args=["overdue"]))

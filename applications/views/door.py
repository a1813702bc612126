"""How a page takes a step: the case found in the person's sight, the form read, the service called.

The view of a step is one function with the filled form as its argument and one call of a service in it. What is the
same for all stands here once. GET draws the panel of the step. POST takes it; a refusal or a wrong field draws the
panel again with the sentence and everything that was typed; success goes on: to the case, the queue or the next case.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from applications import errors, rules
from applications.entry_form import example_of
from applications.forms.base import PURPOSES, Act, CaseForm, StepForm
from applications.forms.center import Keying
from applications.lifecycle import QUEUE_OF_STATE, RULES, Queue, Step
from applications.models import Application
from applications.services import claims
from applications.services.personal import FIELDS, may_reveal
from ops_center.clock import local_day
from ops_center.kernel.errors import DomainError
from ops_center.web.keyset import Page
from ops_center.web.pages import StaffRequest, View, staff

# Panels that need the paper and the client beside them: elsewhere stands a button that opens the work page.
ON_THE_WORK_PAGE = frozenset({Step.PASS_CHECK, Step.SUBMIT_ENTRY, Step.VERIFY})

A = TypeVar("A", bound=Act)
C = TypeVar("C", bound=CaseForm)
Take = Callable[[C], object]


def find(request: StaffRequest, number: str) -> Application:
    """The case by its number, if it is this person's to see; OutOfSight otherwise."""
    case = Application.objects.visible_to(request.actor, request.at).with_people().filter(number=number).first()
    if case is None:
        raise errors.out_of_sight()
    return case


def takes(form_class: type[C]) -> Callable[[Take[C]], View[[str]]]:
    """Makes the view of one act on a case out of the call of its service."""

    def decorate(take: Take[C]) -> View[[str]]:
        @staff(*form_class.roles)
        @wraps(take)
        def view(request: StaffRequest, number: str) -> HttpResponseBase:
            if request.method != "POST":
                return draw(request, blank(request, find(request, number), form_class))
            case, in_sight = sought(request, number, form_class)
            fitting = cast(type[C], form_class.of(case))
            form = fitting(request.POST, request.FILES, case=case, actor=request.actor, at=request.at)
            if not in_sight:
                lost(form, take)
            no = attempt(form, take)
            return draw(request, form, status=no) if no else onward(request, form)

        return require_http_methods(["GET", "HEAD", "POST"])(view)

    return decorate


def blank(request: StaffRequest, case: Application, form_class: type[CaseForm]) -> CaseForm:
    """The form of an act that is open to this person now; the first rule that says no is raised."""
    if issubclass(form_class, StepForm):
        if case.state not in RULES[form_class.step].sources:
            raise errors.step_not_open(case, form_class.step)
        rules.require_standing(case, step=form_class.step, actor=request.actor, at=request.at)
    return form_class.of(case)(case=case, actor=request.actor, at=request.at)


def sought(request: StaffRequest, number: str, form_class: type[CaseForm]) -> tuple[Application, bool]:
    """The case, and whether it is in sight. Who worked on it a moment ago and lost it may still ask (domain 0.2)."""
    case = Application.objects.with_people().filter(number=number).first()
    if case is None:
        raise errors.out_of_sight()
    in_sight = Application.objects.visible_to(request.actor, request.at).filter(pk=case.pk).exists()
    if not in_sight and issubclass(form_class, StepForm):
        rules.require_sight(case, step=form_class.step, actor=request.actor, at=request.at)
    return case, in_sight


def lost(form: C, take: Take[C]) -> None:
    """A lost race: the service says who was faster; no panel is drawn, for it would show the case."""
    if form.is_valid():
        take(form)
    raise errors.out_of_sight()


def attempt(form: A, take: Callable[[A], object]) -> int:
    """Takes the act. The status of the refusal that the form now carries; 0 when it was taken."""
    if not form.is_valid():
        return 400
    try:
        take(form)
    except DomainError as no:
        form.refuse(no)
        return no.status
    return 0


def draw(request: StaffRequest, form: CaseForm, *, status: int = 200) -> HttpResponse:
    """The panel by itself for htmx, else on a page of its own."""
    template = form.panel if request.htmx else "applications/step.html"
    if request.htmx and request.method == "GET" and form.slug in ON_THE_WORK_PAGE:
        template = "applications/steps/_open-work.html"
    return render(request, template, facts_of(request, form), status=status)


def facts_of(request: StaffRequest, form: CaseForm) -> dict[str, Any]:
    """What every panel takes. A panel that was drawn on a work page leads on to the next case of its queue."""
    on_work_page = "then" in request.POST
    return {
        "form": form,
        "case": form.case,
        "now": request.at,
        **eyes(request, form.case),
        "queue": queue_of(request, form.case) if on_work_page else None,
        "example": example(form) if on_work_page else {},
    }


def eyes(request: StaffRequest, case: Application) -> dict[str, Any]:
    """Which values of the client this person may open now, and for what."""
    fields = {field for field in FIELDS if may_reveal(case, actor=request.actor, at=request.at, field=field)}
    return {"reveals": fields, "purposes": PURPOSES}


def queue_of(request: StaffRequest, case: Application) -> Queue | None:
    """The queue in which this person works the case. On the own file of Path A, and for who only helps out, there is
    no next one."""
    queue = QUEUE_OF_STATE.get(case.state)
    alone = case.is_self_service and case.collector_id == request.actor.pk
    return queue if queue is not None and queue.role in request.roles and not alone else None


def example(form: CaseForm) -> dict[str, Any]:
    """Demo mode only: a filled form for people who try the product without paper in their hands."""
    if not settings.DEMO or not isinstance(form, Keying):
        return {}
    values = example_of(form.case, on=local_day(form.at))
    return {name: value for name, value in values.items() if name in form.fields}


# -- onward ------------------------------------------------------------------------------------------------------------
def onward(request: StaffRequest, form: CaseForm) -> HttpResponse:
    """After a step: the word of what was done, and the page that comes next, as the pressed button says (``then``)."""
    case, queue = form.case, QUEUE_OF_STATE.get(form.case.state)
    messages.success(request, _("%(number)s: %(act)s – done.") % {"number": case.number, "act": form.title})
    match request.POST.get("then"):
        case "next" if queue is not None:
            return go(request, next_of(request, queue))
        case "queue" if queue is not None:
            return go(request, reverse("queue", args=[queue.name]))
        case "bags":
            return go(request, reverse("bag-list"))
        case "work":
            return go(request, reverse("work", args=[case.number]))
        case _:
            return go(request, home_of(request, case))


def next_of(request: StaffRequest, queue: Queue) -> str:
    """The work page of the next case of a queue, claimed for this person; the queue itself when it gives none."""
    try:
        claim = claims.claim_next(queue=queue.name, actor=request.actor, at=request.at)
    except DomainError as no:
        messages.warning(request, str(no))
        return reverse("queue", args=[queue.name])
    if claim is None:
        messages.info(request, _("Nothing waits in “%(queue)s” now.") % {"queue": queue.label})
        return reverse("queue", args=[queue.name])
    messages.info(request, f"{claim.case.number}: {claim.reason}")
    return reverse("work", args=[claim.case.number])


def home_of(request: StaffRequest, case: Application) -> str:
    """The page of the case while the person still sees it, else the home page."""
    seen = Application.objects.visible_to(request.actor, request.at).filter(pk=case.pk).exists()
    return reverse("application", args=[case.number]) if seen else reverse("home")


def following(request: StaffRequest, page: Page[Any]) -> str:
    """The address of the next page of a list; empty on the last."""
    if page.next is None:
        return ""
    query = request.GET.copy()
    query.pop("before", None)
    query["after"] = page.next
    return f"?{query.urlencode()}"


def go(request: StaffRequest, path: str) -> HttpResponse:
    """To another page; a fragment takes the whole browser along."""
    return HttpResponseClientRedirect(path) if request.htmx else redirect(path)

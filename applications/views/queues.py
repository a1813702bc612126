"""The queues of the center, and the page on which a claimed case is worked."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from applications import entry_form, selectors
from applications.forms import FORMS
from applications.forms.base import CaseForm
from applications.forms.issue import LogContact
from applications.lifecycle import QUEUE_OF_STATE, State, Step
from applications.models import Application
from applications.rules import open_steps
from applications.services import claims, entry
from applications.views import door
from ops_center.kernel.errors import NotAllowed
from ops_center.web.pages import StaffRequest, staff
from organization.roles import Role

SHOWN = 20  # of what waits: the server picks the next case, so nobody needs more of the list
WATCHERS = frozenset({Role.SUP, Role.TR})  # look at a queue without working in it

# The step that a work page is for. What stands beside it is offered by keys and buttons.
WORK: dict[str, Step] = {
    State.RECEIVED: Step.PASS_CHECK,
    State.CHECKED: Step.SUBMIT_ENTRY,
    State.KEYED: Step.VERIFY,
    State.ENTERED: Step.FILE,
}
CALLS = (Step.COACH, Step.LATE_COACH, Step.ACTIVATE)


@staff(Role.CC, Role.EC, Role.ER, Role.TR, Role.AS, Role.SUP)
@require_GET
def queue(request: StaffRequest, name: str) -> HttpResponse:
    """How much waits, what I hold, what I have done today; of what waits only number, product, branch and due."""
    wanted = claims.queue_named(name)
    works_here = wanted.role in request.roles
    if not works_here and request.roles.isdisjoint(WATCHERS):
        raise NotAllowed("not_the_queue", _("“%(queue)s” is not your queue.") % {"queue": wanted.label})
    cases = claims.claimable(queue=wanted, actor=request.actor, at=request.at)
    held = selectors.held_by(request.actor, queue=wanted, at=request.at)
    return render(
        request,
        "applications/queue.html",
        {
            "queue": wanted,
            "works_here": works_here,
            "waiting": selectors.waiting_in(cases, at=request.at),
            "cases": cases[:SHOWN],
            "held": held,
            "most_held": claims.HELD_AT_MOST,
            "day": selectors.day_of_work(employee=request.actor, queue=wanted, at=request.at),
            "calls": selectors.agreed_calls(request.actor, at=request.at) if wanted.role == Role.AS else [],
            "now": request.at,
        },
    )


@staff(Role.CC, Role.EC, Role.ER, Role.TR, Role.AS)
@require_POST
def next_case(request: StaffRequest, name: str) -> HttpResponse:
    """The server gives the next case; its work page opens."""
    wanted = claims.queue_named(name)
    claim = claims.claim_next(queue=wanted.name, actor=request.actor, at=request.at)
    if claim is None:
        messages.info(request, _("Nothing waits in “%(queue)s” now.") % {"queue": wanted.label})
        return door.go(request, reverse("queue", args=[wanted.name]))
    messages.info(request, f"{claim.case.number}: {claim.reason}")
    return door.go(request, reverse("work", args=[claim.case.number]))


@staff()
@require_POST
def give_back(request: StaffRequest, number: str) -> HttpResponse:
    """Ends the own lease: the case waits in its queue again, a draft is kept."""
    case = claims.give_back(case=number, actor=request.actor, at=request.at)
    messages.success(request, _("%(number)s waits in its queue again.") % {"number": case.number})
    wanted = QUEUE_OF_STATE.get(case.state)
    return door.go(request, reverse("queue", args=[wanted.name]) if wanted else reverse("home"))


@staff()
@require_POST
def renew(request: StaffRequest, number: str) -> HttpResponse:
    """Work on the page renews the lease; a lost one is told with the name of who has the case now."""
    until = claims.renew(case=number, actor=request.actor, at=request.at)
    return render(request, "applications/partials/_lease.html", {"until": until})


# -- the work page -----------------------------------------------------------------------------------------------------
@staff(Role.CC, Role.EC, Role.ER, Role.TR, Role.AS, Role.CM)
@require_GET
def work(request: StaffRequest, number: str) -> HttpResponse:
    """The claimed case with everything that its step needs on one page."""
    case = door.find(request, number)
    steps = open_steps(case, actor=request.actor, at=request.at)
    if case.state in (State.ISSUED, State.COLLECTED, State.ACTIVATED):
        return render(request, "applications/work/call.html", call_facts(request, case, steps))
    step = Step.ARBITRATE if case.awaits_arbitration else WORK.get(case.state)
    if step is None:
        return redirect(reverse("application", args=[case.number]))
    form = door.blank(request, case, FORMS[step])
    return render(request, f"applications/work/{step}.html", work_facts(request, case, form, steps))


def work_facts(request: StaffRequest, case: Application, form: CaseForm, steps: list[Step]) -> dict[str, Any]:
    wanted = door.queue_of(request, case)
    return {
        "case": case,
        "form": form,
        "queue": wanted,
        "steps": set(steps),
        "day": selectors.day_of_work(employee=request.actor, queue=wanted, at=request.at) if wanted else None,
        "documents": selectors.pages_of(case),
        "bag_item": case.bag_items.select_related("bag").order_by("-id").first(),
        "example": door.example(form),
        **door.eyes(request, case),
        "now": request.at,
    }


def call_facts(request: StaffRequest, case: Application, steps: list[Step]) -> dict[str, Any]:
    """One page per call: the script, the contact, the coaching and the activation side by side."""
    asked: dict[str, Any] = {"case": case, "actor": request.actor, "at": request.at}
    return {
        "case": case,
        "queue": door.queue_of(request, case),
        "contact_form": LogContact(**asked),
        "forms": [FORMS[step](**asked) for step in CALLS if step in steps],
        "steps": set(steps),
        "contacts": case.contacts.select_related("by")[:5],
        "clocks": case.clocks.filter(stopped_at=None),
        **door.eyes(request, case),
        "now": request.at,
    }


@staff(Role.EC, Role.ER, Role.CM)
@require_POST
def draft(request: StaffRequest, number: str) -> HttpResponse:
    """Keeps what has been typed so far and renews the lease. A lost lease is told; the draft is kept all the same."""
    typed = {name: value for name, value in request.POST.items() if name in entry_form.BY_NAME}
    until = entry.save_draft(case=number, actor=request.actor, at=request.at, fields=typed)
    return render(request, "applications/partials/_draft_kept.html", {"now": request.at, "until": until})

"""Registration and confirmation documents: what waits, what is drafted, the paper itself."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from applications.views.door import attempt, go
from incentives import errors
from incentives.forms import DraftConfirmation
from incentives.models import Confirmation, RewardEntry
from incentives.periods import month_of
from incentives.results import RowResult
from incentives.selectors.papers import document_of, documents_for, to_register
from incentives.services import confirmations, registration
from incentives.services.confirmations import confirmable
from ops_center.web.keyset import Keyset, page_size, read_query
from ops_center.web.pages import StaffRequest, staff
from organization.roles import Role

READERS = (Role.TR, Role.SUP, Role.MGT, Role.HR, Role.AUD)
CENTER = frozenset({Role.TR, Role.SUP, Role.AUD})
SIGNERS = frozenset({Role.TR, Role.SUP})
NEWEST, OLDEST_CASE, LINES = Keyset("-id"), Keyset("at", "application_id"), Keyset("id")


@staff(*READERS)
@require_GET
def confirmation_list(request: StaffRequest) -> HttpResponse:
    """What waits for registration, what waits for a document, and the documents."""
    form = DraftConfirmation(actor=request.actor, at=request.at, initial={"period": month_of(request.at)})
    return draw(request, form=form)


def draw(
    request: StaffRequest,
    *,
    form: DraftConfirmation | None = None,
    results: list[RowResult] | None = None,
    status: int = 200,
) -> HttpResponse:
    asked = read_query(request.GET, known=("list",))
    of_cases = asked.get("list") == "to-register"  # the page has two lists: whose position this is
    position = {name: asked.get(name) for name in ("after", "before")}
    facts: dict[str, Any] = {
        "form": form or DraftConfirmation(actor=request.actor, at=request.at, initial={"period": month_of(request.at)}),
        "may_register": Role.TR in request.roles,
        "may_draft": not SIGNERS.isdisjoint(request.roles),
        "results": results,
        "documents": NEWEST.page(
            documents_for(request.roles),
            size=page_size(asked.get("page_size")),
            **({} if of_cases else position),
        ),
        "now": request.at,
    }
    if not CENTER.isdisjoint(request.roles):
        waiting = to_register()
        facts["to_register"] = OLDEST_CASE.page(
            waiting, size=page_size(asked.get("page_size")), **(position if of_cases else {})
        )
        facts["waiting"] = waiting.count()
        facts["ready"] = confirmable(before=request.at).count()
    template = "incentives/partials/_to_register.html" if request.htmx and results is not None else None
    return render(request, template or "incentives/confirmations.html", facts, status=status)


@staff(Role.TR)
@require_POST
def register(request: StaffRequest) -> HttpResponse:
    """The chosen cases; each answers for itself."""
    chosen = request.POST.getlist("application")
    results = registration.register(applications=chosen, actor=request.actor, at=request.at)
    return draw(request, results=results)


@staff(Role.TR, Role.SUP)
@require_POST
def draft(request: StaffRequest) -> HttpResponse:
    form = DraftConfirmation(request.POST, actor=request.actor, at=request.at)
    drafted: list[Confirmation] = []
    status = attempt(
        form,
        lambda form: drafted.append(
            confirmations.draft_confirmation(actor=request.actor, at=request.at, **form.said())
        ),
    )
    if status:
        return draw(request, form=form, status=status)
    messages.success(request, _("%(no)s is drafted.") % {"no": drafted[0].no})
    return go(request, reverse("confirmation", args=[drafted[0].no]))


@staff(*READERS)
@require_GET
def confirmation(request: StaffRequest, no: str) -> HttpResponse:
    """The document as it stands on paper; while it is a draft, with what may be done with it."""
    found = documents_for(request.roles).filter(no=no).first()
    if found is None:
        raise errors.not_found()
    asked = read_query(request.GET, known=())
    entries = RewardEntry.objects.filter(confirmation_line__confirmation=found).with_trace()
    may_decide = found.is_draft and not SIGNERS.isdisjoint(request.roles)
    return render(
        request,
        "incentives/confirmation.html",
        {
            "document": document_of(found),
            "page": LINES.page(entries, size=page_size(asked.get("page_size")), after=asked.get("after")),
            "may_decide": may_decide,
            "why_not": confirmations.why_not_certify(found, actor=request.actor) if may_decide else None,
            "now": request.at,
        },
    )


@staff(Role.TR, Role.SUP)
@require_POST
def certify(request: StaffRequest, no: str) -> HttpResponse:
    done = confirmations.certify(no=no, actor=request.actor, at=request.at)
    messages.success(request, _("%(no)s is certified and locked.") % {"no": done.no})
    return go(request, reverse("confirmation", args=[no]))


@staff(Role.TR, Role.SUP)
@require_POST
def discard(request: StaffRequest, no: str) -> HttpResponse:
    confirmations.discard_confirmation(no=no, reason=request.POST.get("reason", ""), actor=request.actor, at=request.at)
    messages.success(request, _("%(no)s is discarded; its entries wait for the next document.") % {"no": no})
    return go(request, reverse("confirmation-list"))

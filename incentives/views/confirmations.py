"""Confirmation documents: what is drafted, who certifies what, the paper itself."""

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
from incentives.downloads import pdf_response
from incentives.forms import DraftConfirmation, Reason
from incentives.models import Confirmation, RewardEntry
from incentives.periods import month_of
from incentives.results import RowResult
from incentives.selectors.certification import drafts_for, next_draft_for
from incentives.selectors.papers import document_of, documents_for
from incentives.selectors.registration import registered_and_not_certified
from incentives.services import confirmations, printing
from ops_center.web.keyset import Keyset, read_query
from ops_center.web.pages import StaffRequest, staff
from organization.roles import Role

SIGNERS = frozenset({Role.TR, Role.SUP})
NEWEST, LINES = Keyset("-id"), Keyset("id")


@staff(*printing.READERS)
@require_GET
def confirmation_list(request: StaffRequest) -> HttpResponse:
    """The documents, newest first; who may draft one finds the form above."""
    return draw(request)


def draw(request: StaffRequest, *, form: DraftConfirmation | None = None, status: int = 200) -> HttpResponse:
    asked = read_query(request.GET, known=())
    may_draft = not SIGNERS.isdisjoint(request.roles)
    facts: dict[str, Any] = {
        "form": form or DraftConfirmation(actor=request.actor, at=request.at, initial={"period": month_of(request.at)}),
        "may_draft": may_draft,
        "waiting": registered_and_not_certified(request.at) if may_draft else None,
        "documents": NEWEST.page_of(documents_for(request.roles), asked),
    }
    return render(request, "incentives/confirmations.html", facts, status=status)


@staff(*SIGNERS)
@require_GET
def inbox(request: StaffRequest) -> HttpResponse:
    """What waits for certification: what this person may certify first, the others with the reason why not."""
    return draw_inbox(request)


@staff(*SIGNERS)
@require_POST
def certify_many(request: StaffRequest) -> HttpResponse:
    """The chosen drafts; each answers for itself."""
    chosen = request.POST.getlist("no")
    return draw_inbox(request, results=confirmations.certify_each(numbers=chosen, actor=request.actor, at=request.at))


def draw_inbox(request: StaffRequest, *, results: list[RowResult] | None = None) -> HttpResponse:
    is_part = request.htmx and results is not None
    return render(
        request,
        "incentives/partials/_to_certify.html" if is_part else "incentives/certification.html",
        {
            "drafts": drafts_for(request.actor),
            "results": results,
            "refused": [result for result in results or () if not result.done],
        },
    )


@staff(*SIGNERS)
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


@staff(*printing.READERS)
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
            "page": LINES.page_of(entries, asked),
            "may_decide": may_decide,
            "why_not": confirmations.why_not_certify(found, actor=request.actor) if may_decide else None,
            "pulled": confirmations.no_longer_payable(found).count() if found.is_draft else 0,
            "verify_url": printing.verify_url(found) if found.is_confirmed else "",
        },
    )


@staff(*printing.READERS)
@require_GET
def pdf(request: StaffRequest, no: str) -> HttpResponse:
    return pdf_response(no, printing.print_confirmation(no=no, actor=request.actor, at=request.at))


@staff(*SIGNERS)
@require_POST
def certify(request: StaffRequest, no: str) -> HttpResponse:
    """Then on to the next draft that waits for this person; to the document itself when none does."""
    done = confirmations.certify(no=no, actor=request.actor, at=request.at)
    messages.success(request, _("%(no)s is certified and locked.") % {"no": done.no})
    waiting = next_draft_for(request.actor)
    if waiting is not None:
        messages.info(request, _("Next: %(no)s.") % {"no": waiting.no})
    return go(request, reverse("confirmation", args=[waiting.no if waiting else done.no]))


@staff(*SIGNERS)
@require_POST
def discard(request: StaffRequest, no: str) -> HttpResponse:
    confirmations.discard_confirmation(no=no, **Reason.read(request.POST), actor=request.actor, at=request.at)
    messages.success(request, _("%(no)s is discarded; its entries wait for the next document.") % {"no": no})
    return go(request, reverse("confirmation-inbox"))

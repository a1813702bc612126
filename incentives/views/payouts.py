"""Payout batches: HR takes confirmed documents out of the house, fetches the sheets, says when they were paid."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from applications.views.door import attempt, go
from incentives import errors
from incentives.downloads import file_response
from incentives.forms import MarkPaid
from incentives.models import PayoutBatch
from incentives.selectors.batches import batches, control_of
from incentives.selectors.papers import exportable
from incentives.services import payouts
from ops_center.clock import local_day
from ops_center.web.keyset import Keyset, page_size, read_query
from ops_center.web.pages import StaffRequest, staff
from organization.roles import Role

NEWEST = Keyset("-id")


@staff(Role.HR, Role.AUD)
@require_GET
def payout_list(request: StaffRequest) -> HttpResponse:
    """Confirmed and not exported first; then the batches."""
    asked = read_query(request.GET, known=())
    page = NEWEST.page(
        batches(),
        size=page_size(asked.get("page_size")),
        after=asked.get("after"),
        before=asked.get("before"),
    )
    waiting = exportable().select_related("certified_by")
    facts = {"page": page, "waiting": waiting, "may_export": Role.HR in request.roles}
    return render(request, "incentives/payouts.html", facts)


@staff(Role.HR)
@require_POST
def make(request: StaffRequest) -> HttpResponse:
    """One batch over the chosen documents, with its sheets."""
    chosen = request.POST.getlist("confirmation")
    batch = payouts.make_payout(confirmations=chosen, actor=request.actor, at=request.at)
    messages.success(request, _("The batch is made; its sheets are ready to be fetched."))
    return go(request, reverse("payout", args=[batch.pk]))


@staff(Role.HR, Role.AUD)
@require_GET
def payout(request: StaffRequest, batch: int) -> HttpResponse:
    form = MarkPaid(actor=request.actor, at=request.at, initial={"paid_on": local_day(request.at)})
    return draw(request, _find(batch), form=form)


def draw(request: StaffRequest, batch: PayoutBatch, *, form: MarkPaid, status: int = 200) -> HttpResponse:
    facts = {
        "batch": batch,
        "control": control_of(batch),
        "files": batch.files.defer("content"),
        "form": form,
        "may_pay": Role.HR in request.roles and not batch.is_paid,
    }
    return render(request, "incentives/payout.html", facts, status=status)


@staff(Role.HR)
@require_POST
def paid(request: StaffRequest, batch: int) -> HttpResponse:
    form = MarkPaid(request.POST, actor=request.actor, at=request.at)
    status = attempt(
        form, lambda form: payouts.mark_paid(batch=batch, actor=request.actor, at=request.at, **form.said())
    )
    if status:
        return draw(request, _find(batch), form=form, status=status)
    messages.success(request, _("The batch is marked as paid; the payees read it in their inbox."))
    return go(request, reverse("payout", args=[batch]))


@staff(Role.HR, Role.AUD)
@require_GET
def sheet(request: StaffRequest, batch: int, sheet: str, form: str) -> HttpResponse:
    """The same bytes at every download; who took them is recorded."""
    return file_response(payouts.download(batch=batch, sheet=sheet, form=form, actor=request.actor, at=request.at))


def _find(batch: int) -> PayoutBatch:
    found = batches().filter(pk=batch).first()
    if found is None:
        raise errors.not_found()
    return found

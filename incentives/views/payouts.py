"""Payout batches: HR takes confirmed documents out of the house, fetches the sheets, says when they were paid, and
brings back what the payroll answered."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRefresh

from applications.forms.base import Act
from applications.views.door import attempt, go
from incentives import errors
from incentives.downloads import file_response
from incentives.forms import MarkPaid, ReturnFile
from incentives.models import PayoutBatch, PayoutReturnRow
from incentives.selectors.batches import (
    batch_of,
    batches,
    control_of,
    payments_of,
    remarkable_balances,
    returns_of,
    waiting,
)
from incentives.selectors.holds import leavers
from incentives.services import payouts
from incentives.services.returns import take_return
from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed
from ops_center.web.keyset import Keyset, read_query
from ops_center.web.pages import StaffRequest, staff
from organization.roles import Role

NEWEST = Keyset("-id")
BY_LINE = Keyset("line")
SHOWN = 200  # balances on the page; all of them stand in HR's workbook


@staff(Role.HR, Role.AUD)
@require_GET
def payout_list(request: StaffRequest) -> HttpResponse:
    """Confirmed and not exported first; then the batches."""
    asked = read_query(request.GET, known=())
    page = NEWEST.page_of(batches(), asked)
    documents = [(row, payouts.why_not_take(row.document, actor=request.actor)) for row in waiting()]
    facts = {"page": page, "waiting": documents, "leavers": leavers()}
    return render(request, "incentives/payouts.html", facts)


@staff(Role.HR, Role.AUD)
@require_GET
def preview(request: StaffRequest) -> HttpResponse:
    """What would be in a batch of these documents, before the button that makes it."""
    documents = payouts.documents_of(request.GET.getlist("confirmation"))
    draft = batch_of(documents)
    facts = {
        "documents": documents,
        "control": draft.control,
        "why_not": payouts.why_not_export(documents, draft, actor=request.actor),
        "may_export": Role.HR in request.roles,
    }
    return render(request, "incentives/payout_preview.html", facts)


@staff(Role.HR)
@require_POST
def make(request: StaffRequest) -> HttpResponse:
    """One batch over the chosen documents, with its sheets."""
    chosen = request.POST.getlist("confirmation")
    batch = payouts.make_payout(confirmations=chosen, actor=request.actor, at=request.at)
    messages.success(
        request,
        _("The batch is made; its sheets are ready to be fetched.")
        if batch.build.is_finished
        else _("The batch is made; its sheets are being written."),
    )
    return go(request, reverse("payout", args=[batch.pk]))


@staff(Role.HR, Role.AUD)
@require_GET
def payout(request: StaffRequest, batch: int) -> HttpResponse:
    """The batch; while its sheets are being written the page asks every second how far they are."""
    found = _find(batch)
    if request.htmx:
        if found.build.is_finished:
            return HttpResponseClientRefresh()
        return render(request, "incentives/partials/_build.html", {"batch": found})
    return draw(request, found)


def draw(request: StaffRequest, batch: PayoutBatch, *, form: Act | None = None, status: int = 200) -> HttpResponse:
    is_hrs, is_ready = Role.HR in request.roles, batch.build.is_finished
    said: dict[str, Any] = {"actor": request.actor, "at": request.at}
    facts = {
        "batch": batch,
        "control": control_of(batch),
        "files": batch.files.defer("content"),
        "payments": payments_of(batch),
        "balances": remarkable_balances(batch)[:SHOWN],
        "returns": returns_of(batch),
        "pay": form if isinstance(form, MarkPaid) else MarkPaid(**said, initial={"paid_on": local_day(request.at)}),
        "upload": form if isinstance(form, ReturnFile) else ReturnFile(**said),
        "may_pay": is_hrs and is_ready and not batch.is_paid,
        "may_load": is_hrs and is_ready,
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


@staff(Role.HR)
@require_POST
def load_return(request: StaffRequest, batch: int) -> HttpResponse:
    """HR's return file; what became of its rows stands on a page of its own."""
    form = ReturnFile(request.POST, request.FILES, actor=request.actor, at=request.at)
    loaded: list[int] = []

    def load(form: ReturnFile) -> None:
        file = form.cleaned_data["file"]
        taken = take_return(batch=batch, name=file.name, content=file.read(), actor=request.actor, at=request.at)
        loaded.append(taken.pk)

    status = attempt(form, load)
    if status:
        return draw(request, _find(batch), form=form, status=status)
    return go(request, reverse("payout-return", args=[batch, *loaded]))


@staff(Role.HR, Role.AUD)
@require_GET
def one_return(request: StaffRequest, batch: int, file: int) -> HttpResponse:
    """What became of each row."""
    found = returns_of(_find(batch)).filter(pk=file).first()
    if found is None:
        raise errors.not_found()
    asked = read_query(request.GET, known=("fate",))
    rows = found.rows.all()
    if fate := asked.get("fate"):
        if fate not in PayoutReturnRow.Fate.values:
            raise Malformed("bad_query", _("There is no such result."), {"fate": _("There is no such result.")})
        rows = rows.filter(fate=fate)
    page = BY_LINE.page_of(rows, asked)
    fates = [(word.value, word.label, getattr(found, word.value.lower())) for word in PayoutReturnRow.Fate]
    every = ("", _("All"), sum(count for _fate, _label, count in fates))
    facts = {"file": found, "page": page, "fates": [every, *fates]}
    return render(request, "incentives/payout_return.html", facts)


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

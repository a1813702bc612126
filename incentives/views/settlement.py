"""外包结算: the page of who manages the outsourced workers. Cases stand with their number and product only."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from incentives.downloads import file_response
from incentives.lifecycle import EntryState, Sheet
from incentives.periods import month_of, months_before, period_of
from incentives.selectors.settlement import batches_with_vendors, outsourced_entries, workers
from incentives.services.payouts import download
from ops_center.web.keyset import Keyset, read_query
from ops_center.web.pages import StaffRequest, staff
from organization.roles import Role
from supervision.views.asked import one_of

NEWEST = Keyset("-at", "-id")
MONTHS, BATCHES = 6, 12  # so many are shown


@staff(Role.VND)
@require_GET
def settlement(request: StaffRequest) -> HttpResponse:
    """A month by worker and state, the vendor sheets of the batches, and the entries themselves."""
    asked = read_query(request.GET, known=("period", "person", "state"))
    span = period_of(asked.get("period") or month_of(request.at))
    entries = outsourced_entries(span)
    if person := asked.get("person"):
        entries = entries.filter(payee__number=person)
    if state := one_of(asked, "state", EntryState.values):
        entries = entries.in_state(state)
    rows = workers(span)
    states = [state for state in EntryState if any(state in row.states for row in rows)]
    page = NEWEST.page_of(entries.with_trace(), asked)
    facts = {
        "period": span.label,
        "months": months_before(request.at, MONTHS),
        "rows": [(row, [(state, row.states.get(state)) for state in states]) for row in rows],
        "states": states,
        "keyed": sum(row.keyed for row in rows),
        "entries": sum(row.entries for row in rows),
        "total_fen": sum(row.total_fen for row in rows),
        "batches": batches_with_vendors()[:BATCHES],
        "page": page,
    }
    return render(request, "incentives/settlement.html", facts)


@staff(Role.VND)
@require_GET
def sheet(request: StaffRequest, batch: int, form: str) -> HttpResponse:
    """The vendor sheet of a batch, byte for byte as it left the house; who took it is recorded."""
    found = download(batch=batch, sheet=Sheet.VENDOR, form=form, actor=request.actor, at=request.at)
    return file_response(found)

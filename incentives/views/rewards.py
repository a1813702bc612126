"""What everybody sees: the own statement and the trace of an amount."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from applications.models import Application
from incentives import errors
from incentives.lifecycle import EntryState
from incentives.models import RewardEntry
from incentives.periods import month_of, period_of
from incentives.selectors.statement import cases_with, lines_of, months_of, own_entries, trace_of
from ops_center.kernel.errors import Malformed
from ops_center.web.keyset import Keyset, page_size, read_query
from ops_center.web.pages import StaffRequest, staff

NEWEST_CASE = Keyset("-at", "-application_id")


@staff()
@require_GET
def my_rewards(request: StaffRequest) -> HttpResponse:
    """One's own entries of a month: a line per case with its parts, the sums by state above."""
    asked = read_query(request.GET, known=("month", "state"))
    months = months_of(request.actor)
    month = asked.get("month") or (months[0] if months else month_of(request.at))
    entries = own_entries(request.actor, period_of(month))
    sums = entries.sums_by_state()
    if state := asked.get("state"):
        if state not in EntryState.values:
            raise Malformed("bad_query", _("There is no such state."), {"state": _("There is no such state.")})
        entries = entries.in_state(state)
    page = NEWEST_CASE.page(
        cases_with(entries),
        size=page_size(asked.get("page_size")),
        after=asked.get("after"),
        before=asked.get("before"),
    )
    return render(
        request,
        "incentives/my_rewards.html",
        {
            "months": months or [month],
            "month": month,
            "sums": sums,
            "total_fen": sum(fen for _state, _number, fen in sums),
            "state_choices": [("", _("All"))] + [(code, code.label, number) for code, number, _fen in sums],
            "page": page,
            "lines": lines_of(page.rows, entries),
        },
    )


@staff()
@require_GET
def trace(request: StaffRequest, entry: int) -> HttpResponse:
    """How one amount came about and where it has gone; for whoever may see the entry."""
    found = (
        RewardEntry.objects.visible_to(request.actor, request.at)
        .with_trace()
        .select_related(
            "assessment__bounty",
            "assessment__event__actor",
            "assessment__registration__by",
            "confirmation_line__confirmation__certified_by",
            "mirrors",
        )
        .prefetch_related("holds__by", "holds__released_by", "payout_lines__batch")
        .filter(pk=entry)
        .first()
    )
    if found is None:
        raise errors.not_found()
    in_sight = Application.objects.visible_to(request.actor, request.at).filter(pk=found.assessment_id).exists()
    template = "incentives/partials/_trace.html" if request.htmx else "incentives/trace.html"
    return render(
        request,
        template,
        {"trace": trace_of(found), "entry": found, "opens_case": in_sight, "roles": request.roles},
    )

"""What everybody sees: the own statement with what is still to come, and the trace of an amount."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET

from applications.models import Application
from incentives import errors
from incentives.lifecycle import EntryState
from incentives.models import RewardEntry
from incentives.periods import month_of, months_before, period_of
from incentives.querysets import RewardEntryQuerySet
from incentives.selectors import statement
from incentives.selectors.branch import head_count
from incentives.selectors.forecast import forecast_of
from incentives.selectors.trace import trace_of
from incentives.services import holds
from incentives.services.voids import why_not_void
from ops_center.web.keyset import Keyset, read_query
from ops_center.web.pages import StaffRequest, staff
from organization.roles import Role
from supervision.views.asked import one_of, unknown

NEWEST_CASE = Keyset("-at", "-application_id")
FILTERS = ("month", "state", "part", "case", "batch", "forecast")
SLIPS = MONTHS = 6  # so many are shown
PROMISES = 10

PART_LABELS = {
    "shares": pgettext_lazy("part of a month", "Shares"),
    "bonus": pgettext_lazy("part of a month", "Bonus for being in time"),
    "penalty": pgettext_lazy("part of a month", "Penalties"),
    "lapsed": pgettext_lazy("part of a month", "Lapsed by the cap"),
    "cross-sell": pgettext_lazy("part of a month", "Other products sold"),
    "correction": pgettext_lazy("part of a month", "Corrections"),
    "retimed": pgettext_lazy("part of a month", "Timeliness counted again"),
    "clawed-back": pgettext_lazy("part of a month", "Clawed back"),
}


@staff()
@require_GET
def my_rewards(request: StaffRequest) -> HttpResponse:
    """One's own entries of a month, a case or a pay slip: a line per case with its parts, the sums above; what running
    cases may still bring stands apart."""
    asked = read_query(request.GET, known=FILTERS)
    months = statement.months_of(request.actor)
    month = asked.get("month") or (months[0] if months else month_of(request.at))
    entries, title = _chosen(request, asked, month)
    head = statement.head_of(entries, cap=statement.cap_of(request.actor, month) if title == month else None)
    if part := one_of(asked, "part", statement.PARTS):
        entries = entries.filter(statement.PARTS[part])
    if state := one_of(asked, "state", dict(EntryState.choices)):
        entries = entries.in_state(state)
    page = NEWEST_CASE.page_of(statement.cases_with(entries), asked)
    forecast = None if asked.get("after") else forecast_of(request.actor, request.at)
    shown = None if one_of(asked, "forecast", {"all": True}) else PROMISES
    facts = {
        "months": months or [month],
        "month": month,
        "title": title,
        "is_month": title == month,
        "head": head,
        "parts": [(name, PART_LABELS[name], fen) for name, fen in head.parts.items()],
        "state_choices": [("", _("All"))] + [(code, code.label, number) for code, number, _fen in head.states],
        "page": page,
        "lines": statement.lines_of(page.rows, entries),
        "slips": statement.slips_of(request.actor)[:SLIPS],
        "forecast": forecast,
        "promises": forecast.promises[:shown] if forecast else [],
        "heads_branch": Role.BH in request.roles,
    }
    return render(request, "incentives/my_rewards.html", facts)


def _chosen(request: StaffRequest, asked: Mapping[str, str], month: str) -> tuple[RewardEntryQuerySet, str]:
    """The entries that the address asks for, and what they are of."""
    if number := asked.get("case"):
        own = statement.entries_of(request.actor)
        return own.filter(assessment__application__number=number), number
    if batch := asked.get("batch"):
        if not batch.isascii() or not batch.isdecimal() or len(batch) > 12:
            raise unknown("batch")
        return statement.paid_with(request.actor, int(batch)), _("Pay slip of batch %(batch)s") % {"batch": batch}
    return statement.own_entries(request.actor, period_of(month)), month


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
            "adjustment__asked_by",
            "adjustment__decided_by",
            "cross_sell__decided_by",
            "mirrors",
            "mirrored_by",
        )
        .prefetch_related("holds__by", "holds__released_by", "payout_lines__batch")
        .filter(pk=entry)
        .first()
    )
    if found is None:
        raise errors.not_found()
    is_auditor, releases = Role.AUD in request.roles, not request.roles.isdisjoint(holds.RELEASERS)
    hold = next((row for row in found.holds.all() if row.released_at is None), None)
    own = holds.own_holds(request.actor) if hold and releases else ()
    in_sight = Application.objects.visible_to(request.actor, request.at).filter(pk=found.assessment_id).exists()
    template = "incentives/partials/_trace.html" if request.htmx else "incentives/trace.html"
    facts = {
        "trace": trace_of(found),
        "entry": found,
        "opens_case": in_sight,
        "may_dispute": found.payee_id == request.actor.pk and found.standing_dispute is None,
        "may_hold": is_auditor and holds.why_not_hold(found, actor=request.actor) is None,
        "may_release": releases and hold is not None and holds.why_not_release(hold, own=own) is None,
        "may_void": is_auditor and why_not_void(found, actor=request.actor) is None,
        "now": request.at,
    }
    return render(request, template, facts)


@staff(Role.BH)
@require_GET
def branch(request: StaffRequest) -> HttpResponse:
    """How many entries the people of the own branch have, by kind and by state; no amount of a colleague anywhere."""
    asked = read_query(request.GET, known=("period",))
    span = period_of(asked.get("period") or month_of(request.at))
    count = head_count(request.actor.branch_id, span)
    rows = [{"person": row.person, "total": row.total, "cells": row.cells(count)} for row in count.people]
    facts = {"count": count, "rows": rows, "months": months_before(request.at, MONTHS), "period": span.label}
    return render(request, "incentives/branch.html", facts)

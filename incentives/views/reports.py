"""Reports about the money: each figure opens the list behind it, each list leaves as a file. No client stands here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.db.models import Sum
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET

from incentives.downloads import attachment
from incentives.lifecycle import EntryKind, EntryState, Why
from incentives.periods import Period, month_of, months_before, period_of
from incentives.selectors import quality, reports
from incentives.selectors.quality import Measure
from incentives.services.reports import export_collectors, export_entries
from ops_center.web import charts
from ops_center.web.keyset import Keyset, read_query
from ops_center.web.pages import StaffRequest, staff
from organization.roles import Role
from supervision.views.asked import one_of

READERS = (Role.SUP, Role.MGT, Role.HR, Role.AUD)
NEWEST, OLDEST = Keyset("-at", "-id"), Keyset("at", "id")
MONTHS = 6  # so many are offered

CUT_LABELS = {
    "cost": gettext_lazy("All entries of the period"),
    "earned": gettext_lazy("Earned by people"),
    "paid": gettext_lazy("Paid"),
    "by-pay-day": gettext_lazy("Paid by the pay day"),
    "right": gettext_lazy("Paid and never corrected"),
    "wrong": gettext_lazy("Paid, then clawed back or corrected"),
    "unpaid": gettext_lazy("Unpaid today"),
    "pool": gettext_lazy("In the undistributed pool"),
    "clawed-back": gettext_lazy("Clawed back"),
}
AGE_LABELS = {
    "0-7": gettext_lazy("up to 7 days"),
    "8-15": gettext_lazy("8 to 15 days"),
    "16-30": gettext_lazy("16 to 30 days"),
    "31-60": gettext_lazy("31 to 60 days"),
    "61-90": gettext_lazy("61 to 90 days"),
    "91+": gettext_lazy("over 90 days"),
}
MEASURE_LABELS = {
    Measure.RETURNS: gettext_lazy("Return rate of the collector"),
    Measure.ON_TIME: gettext_lazy("Dispatched in time by the collector"),
}
BAND_LABELS: dict[Measure, dict[str, Any]] = {
    Measure.RETURNS: {
        "0": gettext_lazy("no file returned"),
        "0-5": gettext_lazy("up to 5 per cent returned"),
        "5-10": gettext_lazy("over 5 to 10 per cent returned"),
        "10-20": gettext_lazy("over 10 to 20 per cent returned"),
        "20+": gettext_lazy("over 20 per cent returned"),
        quality.UNKNOWN: gettext_lazy("no file received"),
    },
    Measure.ON_TIME: {
        "100": gettext_lazy("all in time"),
        "95-100": gettext_lazy("95 to under 100 per cent in time"),
        "90-95": gettext_lazy("90 to under 95 per cent in time"),
        "0-90": gettext_lazy("under 90 per cent in time"),
        quality.UNKNOWN: gettext_lazy("nothing dispatched"),
    },
}
BASIS_LABELS = {
    "VOLUME": pgettext_lazy("pay depends on", "Volume"),
    "QUALITY": pgettext_lazy("pay depends on", "Quality"),
    "": pgettext_lazy("pay depends on", "Correction"),
}


@staff(*READERS)
@require_GET
def rewards(request: StaffRequest) -> HttpResponse:
    """All figures of a period."""
    question = _asked(request, read_query(request.GET, known=("period",)))
    ages = reports.unpaid_by_age(question)
    states = [state for state in EntryState if any(state in row for row in ages.values())]
    collectors, weights = quality.collectors(question), reports.volume_weight(question)
    facts = {
        "period": question.span.label,
        "months": months_before(request.at, MONTHS),
        "sees_all": question.sees_all,
        "figures": reports.overview(question),
        "links": {name.replace("-", "_"): _list(name, question.span) for name in CUT_LABELS},
        "pay_day": question.pay_day,
        "states": states,
        "ages": [
            (age, AGE_LABELS[age], [(state, row.get(state)) for state in states], _together(row))
            for age, row in ages.items()
        ],
        "unpaid": _together({key: _together(row) for key, row in ages.items()}),
        "age_chart": charts.bars(
            [(str(AGE_LABELS[age]), _together(row).entries) for age, row in ages.items()],
            label=_("Unpaid entries by age"),
            link=lambda place: _list("unpaid", question.span, age=list(ages)[place]),
        ),
        "bands": [
            (measure, MEASURE_LABELS[measure],
             [(band, BAND_LABELS[measure][band.name]) for band in quality.bands(collectors, measure)])
            for measure in Measure
        ],
        "pool": reports.pool_by_reason(question),
        "clawed_back": reports.clawed_back_by_ground(question),
        "weights": [(line, BASIS_LABELS[line.basis]) for line in weights.lines],
        "by_volume": weights.share("VOLUME"),
        "by_quality": weights.share("QUALITY"),
    }  # fmt: skip
    return render(request, "incentives/reports/rewards.html", facts)


@staff(*READERS)
@require_GET
def entries(request: StaffRequest, form: str = "") -> HttpResponse:
    """The list behind a figure, as a page or as a file."""
    asked = read_query(request.GET, known=("period", "cut", "state", "age", "why", "kind"))
    question = _asked(request, asked)
    name = one_of(asked, "cut", CUT_LABELS) or "cost"
    narrowed = {
        "state": one_of(asked, "state", dict(EntryState.choices)),
        "age": one_of(asked, "age", AGE_LABELS),
        "why": one_of(asked, "why", dict(Why.choices)),
        "kind": one_of(asked, "kind", dict(EntryKind.choices)),
    }
    rows = reports.cut(question, name, **narrowed)
    order = OLDEST if name == "unpaid" else NEWEST
    if form:
        content = export_entries(
            entries=rows.order_by("at", "pk"), name=name, period=question.span.label, form=form, actor=request.actor,
            at=request.at,
        )  # fmt: skip
        return attachment(content, name=f"rewards-{question.span.label}-{name}", form=form)
    page = order.page_of(rows.with_trace(), asked)
    words = [AGE_LABELS.get(narrowed["age"]), *(dict(table).get(narrowed[key]) for key, table in _TABLES.items())]
    facts = {
        "page": page,
        "title": CUT_LABELS[name],
        "narrowed": [word for word in words if word],
        "period": "" if name == "unpaid" else question.span.label,
        "total": rows.count(),
        "total_fen": rows.aggregate(fen=Sum("amount_fen"))["fen"] or 0,
        "query": urlencode({key: value for key, value in asked.items() if key not in ("after", "before")}),
        "back": urlencode({"period": question.span.label}),
    }
    return render(request, "incentives/reports/entries.html", facts)


@staff(*READERS)
@require_GET
def collectors(request: StaffRequest, form: str = "") -> HttpResponse:
    """Volume beside quality, collector by collector, as a page or as a file."""
    asked = read_query(request.GET, known=("period", "measure", "band"))
    question = _asked(request, asked)
    rows = quality.collectors(question)
    measure, band = None, ""
    if asked.get("measure"):
        measure = Measure(one_of(asked, "measure", MEASURE_LABELS))
        band = one_of(asked, "band", BAND_LABELS[measure])
    if measure and band:
        rows = [row for row in rows if row.band(measure) == band]
    if form:
        content = export_collectors(
            rows=rows, period=question.span.label, form=form, actor=request.actor, at=request.at
        )
        return attachment(content, name=f"collectors-{question.span.label}", form=form)
    facts = {
        "rows": rows,
        "period": question.span.label,
        "narrowed": [MEASURE_LABELS[measure], BAND_LABELS[measure][band]] if measure and band else [],
        "query": urlencode(asked),
        "back": urlencode({"period": question.span.label}),
    }
    return render(request, "incentives/reports/collectors.html", facts)


_TABLES = {"state": EntryState.choices, "why": Why.choices, "kind": EntryKind.choices}


def _asked(request: StaffRequest, asked: Mapping[str, str]) -> reports.Question:
    return reports.Question.of(request.actor, period_of(asked.get("period") or month_of(request.at)), request.at)


def _list(name: str, span: Period, **narrowed: str) -> str:
    """The address of the list behind a figure."""
    query = urlencode({"cut": name, "period": span.label, **narrowed})
    return f"{reverse('reward-report-entries')}?{query}"


def _together(row: Mapping[Any, reports.Sums]) -> reports.Sums:
    return reports.Sums(sum(cell.entries for cell in row.values()), sum(cell.fen for cell in row.values()))

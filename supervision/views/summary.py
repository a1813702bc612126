"""The personal summary of a month: figures filled in, five blocks of text that save themselves, printed on A4."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from ops_center.web.keyset import read_query
from ops_center.web.pages import StaffRequest, staff
from supervision.forms.base import said
from supervision.forms.goals import SummaryForm
from supervision.periods import Month
from supervision.selectors.summary import LABELS, OF_BLOCK, summary_cases, summary_of
from supervision.services.summaries import save_summary
from supervision.views.asked import recent_months, which
from supervision.views.counted import counted


@staff()
@require_GET
def summary(request: StaffRequest) -> HttpResponse:
    asked = read_query(request.GET, known=("month",))
    month = Month.read(asked.get("month", ""), at=request.at)
    found = summary_of(request.actor, month=month)
    form = SummaryForm(written=found.written)
    facts = {
        "month": month,
        "months": recent_months(request, "month"),
        "written": found.written,
        "form": form,
        "blocks": [
            (form[block], [(name, LABELS[name], found.figures[name]) for name in names])
            for block, names in OF_BLOCK.items()
        ],
    }
    return render(request, "supervision/summary.html", facts)


@staff()
@require_POST
def save(request: StaffRequest, month: str) -> HttpResponse:
    """While it is typed: a line that says when it was kept, and the new version. By the button: the page again."""
    texts = said(SummaryForm, request)
    version = texts.pop("version")
    kept = save_summary(
        person=request.actor, month=Month.read(month, at=request.at), texts=texts, version=version, at=request.at
    )
    if request.htmx:
        return render(request, "supervision/partials/_summary_saved.html", {"written": kept})
    return redirect(f"{reverse('summary')}?month={month}")


@staff()
@require_GET
def own_cases(request: StaffRequest) -> HttpResponse:
    """The cases behind a figure of the own summary."""
    asked = read_query(request.GET, known=("month", "figure"))
    month, name = Month.read(asked.get("month", ""), at=request.at), which(asked, "figure", LABELS)
    cases = summary_cases(request.actor, month=month, name=name)
    back = f"{reverse('summary')}?month={month}"
    return counted(request, cases, title=LABELS[name], words=[month], back=back, topic="summary")

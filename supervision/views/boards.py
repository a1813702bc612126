"""The boards. Each draws its figures and, for a number that was clicked, the list behind it on the same page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET

from ops_center.kernel.errors import OutOfSight
from ops_center.web import charts
from ops_center.web.keyset import read_query
from ops_center.web.pages import StaffRequest, staff
from organization.roles import Role
from supervision.periods import Month
from supervision.selectors import branch_scope
from supervision.selectors import funnel as funnel_figures
from supervision.selectors.funnel import STEP_LABELS
from supervision.views.asked import one_of, recent_months
from supervision.views.capacity import capacity
from supervision.views.case_list import NEWEST, listed, opens_cases
from supervision.views.delays import delays
from supervision.views.leaderboard import hero_board
from supervision.views.load import load
from supervision.views.overdue import overdue
from supervision.views.problems import problems
from supervision.views.timeliness import timeliness

ORIGIN_LABELS = {"referred": pgettext_lazy("funnel", "Referred"), "walk-in": pgettext_lazy("funnel", "Walk-in")}
END_LABELS = {
    "open": pgettext_lazy("funnel", "Still open"),
    "returned": pgettext_lazy("funnel", "Returned at least once"),
    "rejected": pgettext_lazy("funnel", "Rejected"),
    "withdrawn": pgettext_lazy("funnel", "Withdrawn"),
    "expired": pgettext_lazy("funnel", "Expired"),
}


def board(request: StaffRequest, name: str) -> HttpResponseBase:
    """A board by its name in the address."""
    view = BOARDS.get(name)
    if view is None:
        raise OutOfSight("board", _("There is no such board."))
    return view(request)


@staff(Role.BH, Role.TR, Role.SUP, Role.MGT, Role.AUD)
@require_GET
def funnel(request: StaffRequest) -> HttpResponse:
    """What became of the cases that began in a month."""
    asked = read_query(request.GET, known=("period", "origin", "reached", "end"))
    scope, month = branch_scope(request.actor, request.at), Month.read(asked.get("period", ""), at=request.at)
    figures = funnel_figures.funnel_board(scope=scope, month=month)
    cut = {
        "origin": one_of(asked, "origin", funnel_figures.ORIGINS),
        "reached": one_of(asked, "reached", funnel_figures.REACHED),
        "end": one_of(asked, "end", funnel_figures.ENDS),
    }
    opens = opens_cases(request)
    steps = [(step, figures.total(step)) for step in funnel_figures.REACHED]
    first = steps[0][1]
    facts: dict[str, Any] = {
        "month": month,
        "months": recent_months(request),
        "steps": [
            {
                "step": step,
                "label": STEP_LABELS[step],
                "total": total,
                "of_before": total / steps[place - 1][1] if place and steps[place - 1][1] else None,
                "of_first": total / first if first else None,
                "origins": [(origin, figures.steps[origin][step]) for origin in funnel_figures.ORIGINS],
            }
            for place, (step, total) in enumerate(steps)
        ],
        "origins": ORIGIN_LABELS.items(),
        "ends": [(name, END_LABELS[name], cases) for name, cases in figures.ends.items()],
        "chart": charts.funnel(
            [(str(STEP_LABELS[step]), total) for step, total in steps],
            label=_("From referral to activation"),
            link=(lambda place: "?" + urlencode({"period": month, "reached": steps[place][0]})) if opens else None,
        ),
        "chosen": [
            str(label)
            for label in (
                ORIGIN_LABELS.get(cut["origin"]), STEP_LABELS.get(cut["reached"]), END_LABELS.get(cut["end"]),
            )
            if label
        ],
    }  # fmt: skip
    facts |= {"page": None, "opens_cases": opens}
    if any(cut.values()):
        cases = funnel_figures.funnel_cases(scope=scope, month=month, **cut)
        facts |= listed(request, asked, cases, NEWEST)
    return render(request, "supervision/funnel.html", facts)


BOARDS: Mapping[str, Callable[..., HttpResponseBase]] = {
    "overdue": overdue,
    "problems": problems,
    "timeliness": timeliness,
    "delays": delays,
    "load": load,
    "funnel": funnel,
    "capacity": capacity,
    "leaderboard": hero_board,
}

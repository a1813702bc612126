"""The overdue board: what is late and what falls due next, with the acts on the cases that are chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from applications.lifecycle import Clock, Stage
from ops_center.web import charts
from ops_center.web.heat import Heat, heat
from ops_center.web.keyset import read_query
from ops_center.web.pages import StaffRequest, staff
from organization.models import Branch
from organization.roles import Role
from supervision.models import Breach
from supervision.selectors import branch_scope
from supervision.selectors.overdue import AGES, DUE, NO_BRANCH, STAGES, Overdue, overdue_board, overdue_cases
from supervision.selectors.timeliness import Scope, breaches_per_day
from supervision.views.asked import branch_named, one_of
from supervision.views.case_list import LATE_FIRST, acts_of, listed, opens_cases
from supervision.views.timeliness import breached_on

AGE_LABELS = {
    "0-1": gettext_lazy("up to 1 day"),
    "1-3": gettext_lazy("1 to 3 days"),
    "3-7": gettext_lazy("3 to 7 days"),
    "7+": gettext_lazy("over 7 days"),
}
DUE_LABELS = {"today": gettext_lazy("Due today"), "tomorrow": gettext_lazy("Due by the end of the next working day")}


@staff(Role.BH, Role.TR, Role.SUP, Role.MGT, Role.AUD)
@require_GET
def overdue(request: StaffRequest) -> HttpResponse:
    """Stage × branch, ages, what falls due, clocks, trend; the figures refresh each minute, the list stays."""
    asked = read_query(request.GET, known=("stage", "branch", "age", "clock", "due"))
    scope, opens = branch_scope(request.actor, request.at), opens_cases(request)
    figures = overdue_board(scope=scope, at=request.at)
    cut = {
        "stage": one_of(asked, "stage", STAGES),
        "age": one_of(asked, "age", AGES),
        "clock": one_of(asked, "clock", Clock.values),
        "branch": branch_named(asked),
        "due": one_of(asked, "due", DUE),
    }
    trend = breaches_per_day(Scope(branch=scope), at=request.at)
    facts: dict[str, Any] = {
        "figures": figures,
        "ages": [_tile(AGE_LABELS[age], n, opens, age=age) for age, n in figures.ages.items()],
        "soon": [_tile(DUE_LABELS[due], n, opens, due=due) for due, n in figures.soon.items()],
        "clocks": [(kind.value, kind.label, n) for kind in Clock if (n := figures.clocks.get(kind, 0))],
        "to_decide": Breach.objects.visible_to(request.actor, request.at).to_decide().count(),
        "heat": _heat(figures, opens=opens),
        "trend": charts.bars(
            [(f"{day:%m-%d}", breaches) for day, breaches in trend],
            label=_("Breaches by the day they fell due"),
            link=(lambda place: breached_on(trend[place][0])) if opens else None,
        ),
        "trend_head": [_("Day"), _("Breaches")],
        "trend_rows": [
            [f"{day:%Y-%m-%d}", format_html('<a href="{}">{}</a>', breached_on(day), n) if opens and n else n]
            for day, n in trend
        ],
        "chosen": _chosen(cut, figures.branches),
    }
    cases = overdue_cases(scope=scope, at=request.at, **cut)
    facts |= listed(request, asked, cases, LATE_FIRST) | acts_of(request)
    return render(request, "supervision/overdue.html", facts)


def _tile(label: Any, cases: int, opens: bool, **cut: str) -> tuple[Any, int, str]:
    return label, cases, cut_to(**cut) if opens else ""


def cut_to(**cut: str) -> str:
    """The address of the list that a number counts; a key that is empty does not narrow it."""
    return f"?{urlencode({key: value for key, value in cut.items() if value})}#cases"


def _heat(figures: Overdue, *, opens: bool) -> Heat:
    """Branch × stage, the branches with the most overdue first."""
    together = {code: sum(figures.cells.get((code, stage), 0) for stage in STAGES) for code in figures.branches}
    return heat(
        [
            (code, figures.branches[code] or _("Lead pool"))
            for code in sorted(together, key=lambda code: (-together[code], code))
        ],
        [(stage.value, stage.label) for stage in STAGES],
        figures.cells,
        link=(lambda branch, stage: cut_to(branch=branch, stage=stage)) if opens else None,
    )


def _chosen(cut: Mapping[str, str], branches: Mapping[str, str]) -> list[str]:
    """The words of the numbers that were clicked."""
    words = []
    if code := cut["branch"]:
        name = branches.get(code) or Branch.objects.filter(code=code).values_list("name", flat=True).first()
        words.append(name or (_("Lead pool") if code == NO_BRANCH else code))
    if cut["stage"]:
        words.append(str(Stage(cut["stage"]).label))
    if cut["age"]:
        words.append(str(AGE_LABELS[cut["age"]]))
    if cut["due"]:
        words.append(str(DUE_LABELS[cut["due"]]))
    if cut["clock"]:
        words.append(str(Clock(cut["clock"]).label))
    return words

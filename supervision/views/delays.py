"""超时归属: whose the overdue minutes of a period are, and the breaches behind each number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET

from applications.lifecycle import Clock
from ops_center.web import charts
from ops_center.web.keyset import Keyset, page_size, read_query
from ops_center.web.pages import StaffRequest, staff
from organization.models import Branch, Employee
from organization.roles import Role
from supervision.selectors import SEES_EVERY_BRANCH, branch_scope
from supervision.selectors.custody import with_charges
from supervision.selectors.delays import HOLDERS, NOBODY, OFFICE, Delays, Held, breaches_behind, delays_in
from supervision.selectors.timeliness import Window
from supervision.views.asked import named, one_of
from supervision.views.case_list import opens_cases
from supervision.views.timeliness import SHOWN, periods

LATEST = Keyset("-due_at", "-id")


@staff(Role.BH, Role.TR, Role.SUP, Role.MGT, Role.AUD)
@require_GET
def delays(request: StaffRequest) -> HttpResponse:
    """Stage × holder, then branches and people by what they held; a branch head sees the delays of the own cases."""
    asked = read_query(request.GET, known=("period", "clock", "holder", "branch", "person", "all"))
    scope, window = branch_scope(request.actor, request.at), Window.read(asked.get("period", ""), at=request.at)
    kind, holder = one_of(asked, "clock", Clock.values), one_of(asked, "holder", (*HOLDERS, OFFICE, NOBODY))
    names_people = bool(request.roles & SEES_EVERY_BRANCH)
    of_branch = named(asked, "branch", Branch.objects.all(), "code")
    of_person = named(asked, "person", Employee.objects.all(), "number") if names_people else None
    figures, opens = delays_in(window, at=request.at, branch=scope), opens_cases(request)
    facts: dict[str, Any] = {
        "figures": figures,
        "periods": periods(request),
        "holders": [
            (name, label, figures.by_holder[name]) for name, label in _holders() if figures.by_holder[name]
        ],
        **_matrix(figures, window, opens=opens),
        "branches": _ranked(
            figures.by_branch, Branch.objects.in_bulk, asked, lambda row: _query(window, branch=row.code)
        ),
        "people": _ranked(
            figures.by_person, Employee.objects.select_related("branch").in_bulk, asked,
            lambda row: _query(window, person=row.number),
        ) if names_people else None,
        "opens_cases": opens,
        "now": request.at,
        "page": None,
    }  # fmt: skip
    chosen = [Clock(kind).label if kind else "", dict(_holders()).get(holder, ""), of_branch, of_person]
    if opens and any(chosen):
        held = Held(holder, of_branch, of_person)
        breaches = breaches_behind(window, held, at=request.at, branch=scope, kind=kind)
        page = LATEST.page(
            breaches.select_related("application__branch", "clock"), size=page_size(asked.get("page_size")),
            after=asked.get("after"), before=asked.get("before"),
        )  # fmt: skip
        with_charges(page.rows, at=request.at)
        facts |= {
            "page": page,
            "rows": [(breach, held.of(breach)) for breach in page],
            "title": " · ".join(str(word) for word in chosen if word),
        }
    return render(request, "supervision/delays.html", facts)


def _holders() -> list[tuple[str, Any]]:
    return [
        *((name.value, name.label) for name in HOLDERS),
        (OFFICE, pgettext("holder", "Registration, certification, payout")),
        (NOBODY, pgettext("holder", "Not written down")),
    ]


def _matrix(figures: Delays, window: Window, *, opens: bool) -> dict[str, Any]:
    """Hours as a drawing, minutes as its table."""
    kinds = list(figures.by_stage)
    holders = [(name, label) for name, label in _holders() if figures.by_holder[name]]
    minutes = [[figures.by_stage[kind][name] for name, _label in holders] for kind in kinds]
    heat = charts.heat(
        [str(Clock(kind).label) for kind in kinds],
        [str(label) for _name, label in holders],
        [[round(cell / 60, 1) if cell else 0 for cell in row] for row in minutes],
        label=_("Overdue working hours by stage and by who held the case"),
        link=(
            lambda row, column: f"?{_query(window, clock=kinds[row], holder=holders[column][0])}#cases"
        ) if opens else None,
        width=charts.PAGE,
    )  # fmt: skip
    return {
        "heat": heat if kinds else "",
        "heat_head": [_("Clock"), *(label for _name, label in holders), _("Together")],
        "heat_rows": [[Clock(kind).label, *row, sum(row)] for kind, row in zip(kinds, minutes, strict=True)],
    }


def _ranked(held: Any, read: Any, asked: Mapping[str, str], query: Any) -> dict[str, Any]:
    """Those who held the most, with the address of their list."""
    ranked = sorted(held.items(), key=lambda row: (-row[1], row[0]))
    shown = ranked if asked.get("all") else ranked[:SHOWN]
    known = read([key for key, _minutes in shown])
    return {
        "rows": [(known[key], minutes, query(known[key])) for key, minutes in shown],
        "more": len(ranked) - len(shown),
    }


def _query(window: Window, **cut: str) -> str:
    return urlencode({"period": window.name, **cut})

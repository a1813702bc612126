"""超时归属: whose the overdue minutes of a period are, and the breaches behind each number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from applications.lifecycle import Clock
from ops_center.web.heat import Heat, heat
from ops_center.web.keyset import Keyset, page_size, read_query
from ops_center.web.pages import StaffRequest, staff
from organization.models import Branch, Employee
from organization.roles import Role
from supervision.report_tables import REPORTS
from supervision.selectors import SEES_EVERY_BRANCH, branch_scope
from supervision.selectors.custody import with_charges
from supervision.selectors.delays import HOLDER_LABELS, Delays, Held, breaches_behind, delays_in
from supervision.selectors.timeliness import ROLLING, Window
from supervision.views.asked import named, one_of, person_named
from supervision.views.case_list import opens_cases
from supervision.views.timeliness import SHOWN, periods

LATEST = Keyset("-due_at", "-id")


@staff(Role.BH, Role.TR, Role.SUP, Role.MGT, Role.AUD)
@require_GET
def delays(request: StaffRequest) -> HttpResponse:
    """Stage × holder, then branches and people by what they held; a branch head sees the delays of the own cases."""
    asked = read_query(request.GET, known=("period", "clock", "holder", "branch", "person", "all"))
    scope, window = branch_scope(request.actor, request.at), Window.read(asked.get("period", ""), at=request.at)
    kind, holder = one_of(asked, "clock", Clock.values), one_of(asked, "holder", HOLDER_LABELS)
    names_people = bool(request.roles & SEES_EVERY_BRANCH)
    of_branch = named(asked, "branch", Branch.objects.all(), "code")
    of_person = person_named(request, asked)
    held, opens = Held(holder, of_branch, of_person), opens_cases(request)
    has_list = opens and any((kind, holder, of_branch, of_person))
    figures = delays_in(window, at=request.at, branch=scope, with_lists=has_list)
    facts: dict[str, Any] = {
        "figures": figures,
        "periods": periods(request),
        "holders": [
            (name, label, figures.by_holder[name]) for name, label in HOLDER_LABELS.items() if figures.by_holder[name]
        ],
        "heat": _heat(figures, window, opens=opens),
        "branches": _ranked(
            figures.by_branch, Branch.objects.in_bulk, asked, lambda row: _cut(window, branch=row.code)
        ),
        "people": _ranked(
            figures.by_person, Employee.objects.select_related("branch").in_bulk, asked,
            lambda row: _cut(window, person=row.number),
        ) if names_people else None,
        "opens_cases": opens,
        "report": "delays",
        "filters": {"period": window.name},
        "names_people": True,
        "may_export": bool(request.roles & set(REPORTS["delays"].takers)) and window.name not in ROLLING,
        "now": request.at,
        "page": None,
    }  # fmt: skip
    chosen = [Clock(kind).label if kind else "", HOLDER_LABELS.get(holder, ""), of_branch, of_person]
    if has_list:
        breaches = breaches_behind(window, held, figures, at=request.at, branch=scope, kind=kind)
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


def _heat(figures: Delays, window: Window, *, opens: bool) -> Heat:
    """Stage × holder in minutes."""
    return heat(
        [(kind, Clock(kind).label) for kind in figures.by_stage],
        [(name, label) for name, label in HOLDER_LABELS.items() if figures.by_holder[name]],
        {(kind, name): minutes for kind, held in figures.by_stage.items() for name, minutes in held.items()},
        link=(lambda kind, holder: _cut(window, clock=kind, holder=holder) if kind or holder else "")
        if opens
        else None,
    )


def _ranked(held: Any, read: Any, asked: Mapping[str, str], href: Any) -> dict[str, Any]:
    """Those who held the most, with the address of their list."""
    ranked = sorted(held.items(), key=lambda row: (-row[1], row[0]))
    shown = ranked if asked.get("all") else ranked[:SHOWN]
    known = read([key for key, _minutes in shown])
    return {
        "rows": [(known[key], minutes, href(known[key])) for key, minutes in shown],
        "more": len(ranked) - len(shown),
    }


def _cut(window: Window, **cut: str) -> str:
    """The address of the list behind a number; a key that is empty does not narrow it."""
    return f"?{urlencode({'period': window.name} | {key: value for key, value in cut.items() if value})}#cases"

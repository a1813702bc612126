"""The problem items by age: what is wrong, and whose turn it is."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET

from applications.models import ReasonCode
from ops_center.web.heat import heat
from ops_center.web.keyset import Keyset, read_query
from ops_center.web.pages import StaffRequest, staff
from organization.roles import Role
from supervision.selectors import branch_scope
from supervision.selectors.overdue import AGES, NO_BRANCH
from supervision.selectors.problems import TURNS, open_problems, problem_board
from supervision.views.asked import branch_named, one_of
from supervision.views.case_list import acts_of, opens_cases
from supervision.views.overdue import AGE_LABELS, cut_to

OLDEST = Keyset("raised_at", "id")
TURN_LABELS = {
    "center": pgettext_lazy("whose turn", "The center"),
    "branch": pgettext_lazy("whose turn", "The branch"),
    "customer": pgettext_lazy("whose turn", "The client"),
    "head-office": pgettext_lazy("whose turn", "Head office"),
}
BRANCHES_SHOWN = 12


@staff(Role.BH, Role.TR, Role.SUP, Role.MGT, Role.AUD)
@require_GET
def problems(request: StaffRequest) -> HttpResponse:
    """Whose turn × age, codes and branches; the list by age with the acts on what is chosen."""
    asked = read_query(request.GET, known=("turn", "age", "code", "branch"))
    scope, opens = branch_scope(request.actor, request.at), opens_cases(request)
    figures = problem_board(scope=scope, at=request.at)
    cut = {
        "turn": one_of(asked, "turn", TURNS),
        "age": one_of(asked, "age", AGES),
        "code": asked.get("code", ""),
        "branch": branch_named(asked),
    }
    words = dict(ReasonCode.objects.filter(code__in=[*figures.codes, cut["code"]]).values_list("code", "label"))
    facts: dict[str, Any] = {
        "figures": figures,
        "turns": [(turn, TURN_LABELS[turn], sum(figures.cells.get((turn, age), 0) for age in AGES)) for turn in TURNS],
        "heat": heat(
            [(turn, TURN_LABELS[turn]) for turn in TURNS],
            [(age, AGE_LABELS[age]) for age in AGES],
            figures.cells,
            link=(lambda turn, age: cut_to(turn=turn, age=age)) if opens else None,
        ),
        "codes": [(code, f"{code} {words.get(code, '')}", items) for code, items in figures.codes.items()],
        "branches": [
            (code, name or _("Lead pool"), items)
            for (code, name), items in list(figures.branches.items())[:BRANCHES_SHOWN]
        ],
        "chosen": [
            str(word)
            for word in (
                TURN_LABELS.get(cut["turn"]), AGE_LABELS.get(cut["age"]),
                cut["code"] and f"{cut['code']} {words.get(cut['code'], '')}",
                _branch_word(cut["branch"], figures.branches),
            )
            if word
        ],
        "opens_cases": opens,
        "now": request.at,
        "page": None,
        "rows": [],
    } | acts_of(request)  # fmt: skip
    if opens:
        items = open_problems(scope=scope, at=request.at, **cut).select_related(
            "application__branch", "application__product", "raised_by"
        )
        page = OLDEST.page_of(items, asked)
        facts |= {"page": page, "rows": [(item, words.get(item.code, "")) for item in page]}
    return render(request, "supervision/problems.html", facts)


def _branch_word(code: str, branches: Any) -> str:
    if code == NO_BRANCH:
        return _("Lead pool")
    return next((name for known, name in branches if known == code), code)

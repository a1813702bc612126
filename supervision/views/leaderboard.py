"""英雄榜 as a page: four boards of a month or a quarter, and whether the own name stands on them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_POST

from ops_center.web.keyset import read_query
from ops_center.web.pages import StaffRequest, staff
from organization.models import Employee
from organization.services.people import hide_name
from supervision import errors
from supervision.periods import Quarter, read_span
from supervision.selectors.feed import shown_name
from supervision.selectors.leaderboard import (
    BOARDS,
    MOST_RETURNED,
    Standing,
    activated_cases,
    back_office,
    leaderboard,
    may_open,
)  # fmt: skip
from supervision.views.asked import recent_spans, which
from supervision.views.counted import counted

LABELS = {
    "referrers": gettext_lazy("Referrers"),
    "collectors": gettext_lazy("Collectors"),
    "branches": pgettext_lazy("board", "Branches"),
}


@staff()
@require_GET
def hero_board(request: StaffRequest) -> HttpResponse:
    """The best of a period, quality beside volume."""
    asked = read_query(request.GET, known=("period",))
    span, reader = read_span(asked.get("period", ""), at=request.at), request.actor
    boards = [(name, LABELS[name], leaderboard(name, span=span, reader=reader)) for name in BOARDS]
    office = back_office(span=span, reader=reader)
    facts = {
        "span": span,
        "is_quarter": isinstance(span, Quarter),
        "spans": recent_spans(request),
        "boards": [
            (name, label, board.own, [(row, _name(row, reader), _opens(request, row)) for row in board.best])
            for name, label, board in boards
        ],
        "office": [(row, shown_name(row.employee, reader=reader)) for row in office.best],
        "own_work": office.own,
        "least": office.least,
        "most_returned": MOST_RETURNED,
        "reader": reader,
    }
    return render(request, "supervision/leaderboard.html", facts)


@staff()
@require_GET
def hero_cases(request: StaffRequest) -> HttpResponse:
    """The cards behind a score: the own ones, those of the own branch for its head, all for who sees the bank."""
    asked = read_query(request.GET, known=("period", "board", "key"))
    board, key = which(asked, "board", BOARDS), asked.get("key", "")
    span = read_span(asked.get("period", ""), at=request.at)
    if not may_open(board, key, reader=request.actor, roles=request.roles):
        raise errors.no_line()
    return counted(
        request, activated_cases(board, span=span, key=key), title=LABELS[board], words=[span, key],
        back=f"{reverse('board', args=['leaderboard'])}?{urlencode({'period': str(span)})}", topic="boards",
    )  # fmt: skip


@staff()
@require_POST
def set_name_shown(request: StaffRequest) -> HttpResponse:
    hides = request.POST.get("hides") == "1"
    hide_name(employee=request.actor, hides=hides, at=request.at)
    said = _("Boards and the feed now show the last two digits of your number only.") if hides else _(
        "Boards and the feed now show your name."
    )  # fmt: skip
    messages.success(request, said)
    return redirect("board", "leaderboard")


def _name(row: Standing, reader: Employee) -> str:
    return shown_name(row.employee, reader=reader) if row.employee else row.branch.name


def _opens(request: StaffRequest, row: Standing) -> str:
    """How the address of the list names the row; nothing where the list is not this person's to see."""
    board = "collectors" if row.employee else "branches"
    key = row.employee.number if row.employee else row.branch.code
    return key if may_open(board, key, reader=request.actor, roles=request.roles) else ""

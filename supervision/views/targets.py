"""Targets: the month's page, the grid in which they are set, and the cases behind each figure."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from ops_center.clock import local_day
from ops_center.web.keyset import read_query
from ops_center.web.pages import StaffRequest, staff
from organization.roles import Role
from supervision import errors
from supervision.forms.goals import TargetGrid
from supervision.models import Measure
from supervision.periods import Month
from supervision.selectors import SEES_EVERY_BRANCH, branch_in_sight, goals
from supervision.services.targets import copy_targets, set_targets
from supervision.views.asked import which
from supervision.views.counted import counted

MONTHS = 5  # so many that are over can be chosen, beside the running one and the next
SETS = (goals.SETS_BRANCHES, goals.SETS_PEOPLE)


@staff(Role.EMP)
@require_GET
def targets(request: StaffRequest) -> HttpResponse:
    """Branches for who sees the bank, the own branch with its people for its head, the own figures for everybody."""
    asked = read_query(request.GET, known=("month", "branch"))
    month = Month.read(asked.get("month", ""), at=request.at)
    sight = goals.sight_of(request.actor, month=month, at=request.at, branch=asked.get("branch", ""))
    branches, people, opened = sight.branches, sight.people, sight.opened
    facts = {
        "month": month,
        "months": _months(request),
        "measures": list(Measure),
        "branches": branches,
        "people": people,
        "total": goals.together(branches) if len(branches) > 1 else None,
        "chosen": opened,
        "progress": goals.time_progress(month, at=request.at),
        "days": goals.days_gone(month, at=request.at),
        "opens_branches": bool(request.roles & SEES_EVERY_BRANCH) and opened is None,
        "may_set": bool(request.roles & set(SETS)) and not goals.is_over(month, on=local_day(request.at)),
        "is_empty": not any(cell.target for row in [*branches, *people] for cell in row.measures),
    }
    return render(request, "supervision/targets.html", facts)


@staff(*SETS)
@require_http_methods(["GET", "HEAD", "POST"])
def set_month(request: StaffRequest) -> HttpResponse:
    """The grid: management fills in the branches, a branch head the own people."""
    month = Month.read(request.GET.get("month", ""), at=request.at)
    rows = goals.rows_to_set(request.actor, month=month, at=request.at)
    form = TargetGrid(rows, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        changed = set_targets(wanted=form.wanted(), month=month, actor=request.actor, at=request.at)
        messages.success(request, _said(changed))
        return redirect(f"{reverse('targets')}?{urlencode({'month': month})}")
    facts = {
        "form": form,
        "month": month,
        "measures": list(Measure),
        "of_branches": goals.SETS_BRANCHES in request.roles,
    }
    return render(request, "supervision/targets_set.html", facts, status=400 if form.errors else 200)


@staff(*SETS)
@require_POST
def copy_month(request: StaffRequest) -> HttpResponse:
    """Last month's values where this month has none."""
    month = Month.read(request.POST.get("month", ""), at=request.at)
    copied = copy_targets(month=month, actor=request.actor, at=request.at)
    messages.success(request, _said(copied))
    return redirect(f"{reverse('targets')}?{urlencode({'month': month})}")


@staff(Role.EMP)
@require_GET
def target_cases(request: StaffRequest) -> HttpResponse:
    """The cases behind one figure."""
    asked = read_query(request.GET, known=("month", "measure", "branch", "person"))
    month = Month.read(asked.get("month", ""), at=request.at)
    measure = Measure(which(asked, "measure", Measure.values))
    branch = branch_in_sight(request.actor, asked["branch"], at=request.at) if asked.get("branch") else None
    person = goals.person_in_sight(request.actor, asked["person"], at=request.at) if asked.get("person") else None
    if branch is None and person is None and not request.roles & SEES_EVERY_BRANCH:
        raise errors.figures_of_the_bank()
    name = branch.name if branch else f"{person.name} {person.number}" if person else _("All branches")
    return counted(
        request, goals.cases_of(measure, span=month, branch=branch, person=person), title=measure.label,
        words=[month, name], back=f"{reverse('targets')}?{urlencode({'month': month})}", topic="targets",
    )  # fmt: skip


def _months(request: StaffRequest) -> list[tuple[str, str]]:
    """The next month, the running one (what an address without a month means), and those before."""
    month = Month.of(request.at)
    months: list[tuple[Any, str]] = [(str(month.next), str(month.next)), ("", str(month))]
    for _n in range(MONTHS):
        month = month.previous
        months.append((str(month), str(month)))
    return months


def _said(changed: int) -> str:
    if not changed:
        return _("Nothing has changed.")
    return ngettext("%(n)s target set.", "%(n)s targets set.", changed) % {"n": changed}

"""The roster: the next working days as a grid, absences, and what the absent still hold."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from applications.views.door import attempt, go
from ops_center.web.keyset import read_query
from ops_center.web.pages import StaffRequest, staff
from organization.roles import Role
from supervision.forms.capacity import AbsenceForm, RosterForm
from supervision.selectors.roster import roster
from supervision.services.roster import end_absence, enter_absence, plan_days

READERS = (Role.SUP, Role.MGT)


@staff(*READERS)
@require_GET
def roster_page(request: StaffRequest) -> HttpResponse:
    read_query(request.GET, known=())
    return _draw(request)


@staff(Role.SUP)
@require_POST
def plan_roster(request: StaffRequest) -> HttpResponse:
    """The planned minutes of the days of the grid."""
    form = RosterForm(request.POST, planned=roster(at=request.at).planned, actor=request.actor, at=request.at)
    changed: list[int] = []
    status = attempt(form, lambda form: changed.append(plan_days(actor=request.actor, at=request.at, **form.said())))
    if status:
        return _draw(request, status=status, plan=form)
    sentence = ngettext("%(n)s day planned anew.", "%(n)s days planned anew.", changed[0]) % {"n": changed[0]}
    messages.success(request, sentence)
    return redirect("roster")


@staff(Role.SUP)
@require_POST
def new_absence(request: StaffRequest) -> HttpResponse:
    people = [row.employee for row in roster(at=request.at).rows]
    form = AbsenceForm(request.POST, people=people, actor=request.actor, at=request.at)
    held: list[Any] = []
    status = attempt(
        form, lambda form: held.append(enter_absence(actor=request.actor, at=request.at, **form.said())[1].count())
    )
    if status:
        return _draw(request, status=status, absence=form)
    messages.success(request, _("The absence is entered."))
    if held[0]:
        messages.warning(
            request,
            ngettext(
                "The person still holds %(n)s case: reassign it below.",
                "The person still holds %(n)s cases: reassign them below.",
                held[0],
            )
            % {"n": held[0]},
        )
    return redirect("roster")


@staff(Role.SUP)
@require_POST
def end_of_absence(request: StaffRequest, pk: int) -> HttpResponse:
    end_absence(absence=pk, actor=request.actor, at=request.at)
    messages.success(request, _("The absence is taken out from today on."))
    return go(request, reverse("roster"))


def _draw(
    request: StaffRequest, *, status: int = 200, plan: RosterForm | None = None, absence: AbsenceForm | None = None
) -> HttpResponse:
    seen = roster(at=request.at)
    who = {"actor": request.actor, "at": request.at}
    grid = plan or RosterForm(planned=seen.planned, **who)
    facts = {
        "days": seen.days,
        "form": grid,
        "rows": [
            (row, [(grid.cell(row.employee.number, day), row.away.get(day)) for day in seen.days]) for row in seen.rows
        ],
        "absence": absence or AbsenceForm(people=[row.employee for row in seen.rows], **who),
        "absences": seen.absences,
        "left_behind": seen.left_behind,
        "may_plan": Role.SUP in request.roles,
        "now": request.at,
    }
    return render(request, "supervision/roster.html", facts, status=status)

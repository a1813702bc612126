"""The weekly sheet: figures and notes of the branches, as a page that prints on A4."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from ops_center.web.keyset import read_query
from ops_center.web.pages import StaffRequest, staff
from organization.roles import Role
from supervision.forms.base import said
from supervision.forms.goals import NoteForm
from supervision.periods import Week
from supervision.selectors import branch_in_sight
from supervision.selectors.weekly import FIGURES, READERS, last_weeks, sheets_for, weekly_cases
from supervision.services.weekly import write_note
from supervision.views.asked import which
from supervision.views.counted import counted

WEEKS = 8  # so many are offered


@staff(*READERS)
@require_GET
def weekly(request: StaffRequest) -> HttpResponse:
    """All areas for who sees the bank, the own area for a branch head, who writes the note of the own branch here."""
    asked = read_query(request.GET, known=("week",))
    week = Week.read(asked.get("week", ""), at=request.at)
    newest = Week.of(request.at).previous
    home = request.actor.branch
    sheets = sheets_for(request.actor, request.roles, week=week)
    notes = [line.note for sheet in sheets for line in sheet.lines if line.branch == home and line.note]
    facts = {
        "week": week,
        "weeks": [("" if known == newest else str(known), str(known)) for known in last_weeks(WEEKS)],
        "sheets": sheets,
        "figures": [(name, figure.label) for name, figure in FIGURES.items()],
        "home": home if Role.BH in request.roles else None,
        "form": NoteForm(initial={"text": notes[0].text if notes else ""}),
    }
    return render(request, "supervision/weekly.html", facts)


@staff(Role.BH)
@require_POST
def note_on_week(request: StaffRequest, monday: str) -> HttpResponse:
    write_note(monday=monday, actor=request.actor, at=request.at, **said(NoteForm, request))
    messages.success(request, _("Your note stands in the sheet."))
    return redirect(f"{reverse('weekly')}?week={monday}")


@staff(*READERS)
@require_GET
def week_cases(request: StaffRequest) -> HttpResponse:
    """The cases behind one figure of one branch."""
    asked = read_query(request.GET, known=("week", "branch", "figure"))
    week = Week.read(asked.get("week", ""), at=request.at)
    figure = which(asked, "figure", FIGURES)
    branch = branch_in_sight(request.actor, asked.get("branch", ""), at=request.at)
    cases = weekly_cases(figure, week=week, branch=branch)
    words = [_("Week from %(monday)s") % {"monday": week}, branch.name]
    back = f"{reverse('weekly')}?week={week}"
    return counted(request, cases, title=FIGURES[figure].label, words=words, back=back, topic="weekly")

"""Reports about the work: figures of a period, the lists behind them, volume beside quality, the rules of time, and all
of it as files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from applications.lifecycle import Clock
from applications.models import ReasonCode
from ops_center.web.keyset import Keyset, read_query
from ops_center.web.pages import StaffRequest, staff
from organization.models import Branch, Employee
from organization.roles import Role
from supervision import errors
from supervision.forms.base import said
from supervision.forms.reports import FileForm
from supervision.models import ReportRun
from supervision.report_tables import EXPORTERS, behind, figure_of, shape_of
from supervision.selectors import SEES_EVERY_BRANCH, branch_scope, goals
from supervision.selectors.elsewhere import counted_elsewhere
from supervision.selectors.operations import (
    BESIDE,
    FIGURES,
    Asked,
    Value,
    all_figures,
    center_hands,
    center_productivity,
    field_errors,
    groups,
    output_per_head,
    returns_by_code,
    volume_beside_quality,
    work_done,
)  # fmt: skip
from supervision.selectors.rules_in_force import rules_in_force
from supervision.services.report_files import MEDIA_TYPES, TAKERS, ask_report, file_of, question_of
from supervision.views.asked import recent_spans
from supervision.views.case_list import opens_cases

READERS = (Role.BH, Role.TR, Role.SUP, Role.MGT, Role.AUD)
WATCHES_THE_CENTER = (Role.TR, Role.SUP, Role.MGT, Role.AUD)
READS_RATES = frozenset({Role.SUP, Role.MGT, Role.AUD})
NEWEST = Keyset("-id")
MOST_LINES = 10  # of a table beside the figures


@staff(*READERS)
@require_GET
def operations(request: StaffRequest) -> HttpResponse:
    """All figures of a period, each with its formula, what it is divided from, and the lists behind both."""
    asked = read_query(request.GET, known=("period", "branch"))
    question = _question(request, asked)
    values, returned = all_figures(question)
    facts = _facts(request, question) | {
        "figures": [(name, figure, values[name]) for name, figure in FIGURES.items()],
        "errors": field_errors(question),
        "output": output_per_head(work_done(question)),
        "codes": _labelled(returns_by_code(question)),
        "returned_branches": _named(returned.by_branch, Branch.objects.in_bulk(returned.by_branch)),
        "returned_people": _worst_first(returned.by_collector),
        "groups": groups(question),
    }
    return render(request, "supervision/reports/operations.html", facts)


@staff(*READERS)
@require_GET
def beside(request: StaffRequest) -> HttpResponse:
    """What is counted elsewhere and belongs to the report: the page fetches it once its own figures stand there."""
    asked = read_query(request.GET, known=("period", "branch"))
    question = _question(request, asked)
    found = counted_elsewhere(question)
    facts = {
        "span": question.span,
        "branch": question.branch,
        "query": _query(question),
        "center": found.center,
        "queues": found.queues,
        "targets": found.targets,
        "reads_rates": bool(request.roles & READS_RATES),
        "three_rates": found.three_rates,
        "stages": [(kind, Clock(kind).label, parts) for kind, parts in found.stages.items()],
        "opens_cases": opens_cases(request),
        "month": found.month,
    }
    return render(request, f"supervision/reports/{'_beside' if request.htmx else 'beside'}.html", facts)


@staff(*WATCHES_THE_CENTER)
@require_GET
def idle(request: StaffRequest) -> HttpResponse:
    """The minutes behind the idle rate, person by person."""
    question = _question(request, read_query(request.GET, known=("period",)))
    work = work_done(question)
    facts = {
        "span": question.span,
        "center": center_productivity(question, work),
        "people": center_hands(question, work),
    }
    return render(request, "supervision/reports/idle.html", facts)


@staff(*READERS)
@require_GET
def behind_figure(request: StaffRequest) -> HttpResponse:
    """The rows that a number counts."""
    asked = read_query(request.GET, known=("period", "branch", "figure", "side", "code", "who"))
    question = _question(request, asked)
    filters = _filters(question, asked)
    figure, shape, rows = figure_of(filters), shape_of(filters), behind(question, filters)
    page = NEWEST.page_of(shape.read(rows), asked)
    opens = opens_cases(request)
    part = str(_("what counts")) if filters.get("side") == "part" and figure.part else ""
    words = [part, filters.get("code", ""), filters.get("who", "")]
    facts = _facts(request, question) | {
        "figure": figure,
        "columns": shape.columns,
        "page": page,
        "rows": [(shape.cells(row), shape.case(row) if opens else None) for row in page],
        "total": rows.count(),
        "words": [word for word in words if word],
        "report": "list",
        "filters": filters,
        "names_people": shape.names_people,
        "wide": len(shape.columns),
    }
    return render(request, "supervision/reports/list.html", facts)


@staff(*READERS)
@require_GET
def quality(request: StaffRequest) -> HttpResponse:
    """Volume beside quality (reliability rule C1): branches, or the collectors of the branches in sight."""
    asked = read_query(request.GET, known=("period", "branch", "by"))
    question, by = _question(request, asked), "collector" if asked.get("by") == "collector" else "branch"
    facts = _facts(request, question) | {
        "by": by,
        "rows": [
            (row, [(name, FIGURES[name], row.values[name]) for name in BESIDE])
            for row in volume_beside_quality(question, by=by)
        ],
        "heads": [FIGURES[name] for name in BESIDE],
        "report": "quality",
        "filters": _filters(question, asked) | {"by": by},
        "names_people": by == "collector",
    }
    return render(request, "supervision/reports/quality.html", facts)


@staff(*READERS)
@require_GET
def rules(request: StaffRequest) -> HttpResponse:
    """Every rule of time that was in force in the period, for the regulator; printed on A4 across."""
    asked = read_query(request.GET, known=("period", "branch"))
    question = _question(request, asked)
    facts = _facts(request, question) | {
        "rules": rules_in_force(question),
        "report": "rules",
        "filters": _filters(question, asked),
        "names_people": True,
    }
    return render(request, "supervision/reports/rules.html", facts)


# -- files -------------------------------------------------------------------------------------------------------------
@staff(*TAKERS)
@require_POST
def ask(request: StaffRequest) -> HttpResponse:
    """A report as a file: written in the background, found under the files."""
    facts = said(FileForm, request)
    report, form, purpose = facts.pop("report"), facts.pop("form"), facts.pop("purpose")
    ask_report(report=report, asked=facts, form=form, purpose=purpose, actor=request.actor, at=request.at)
    messages.success(request, _("The file is being written; you find it here."))
    return redirect("report-files")


@staff(*TAKERS)
@require_GET
def files(request: StaffRequest) -> HttpResponse:
    """The own files with their progress; the page looks again by itself while one is being written."""
    asked = read_query(request.GET, known=())
    runs = ReportRun.objects.filter(asked_by=request.actor).defer("body")
    page = NEWEST.page_of(runs, asked)
    is_busy = any(run.state in (ReportRun.State.WAITING, ReportRun.State.RUNNING) for run in page)
    facts = {"page": page, "is_busy": is_busy, "reads_reports": not request.roles.isdisjoint(READERS)}
    return render(request, "supervision/reports/files.html", facts)


@staff(*TAKERS)
@require_GET
def download(request: StaffRequest, pk: int) -> HttpResponse:
    run = file_of(run=pk, actor=request.actor, at=request.at)
    answer = HttpResponse(bytes(run.body or b""), content_type=MEDIA_TYPES[run.asked["form"]])
    answer["Content-Disposition"] = f'attachment; filename="{run.name}"'
    return answer


# -- what is asked -----------------------------------------------------------------------------------------------------
def _question(request: StaffRequest, asked: Mapping[str, str]) -> Asked:
    """Of the own branch for a branch head; of the whole bank, or the branch that was chosen, for who sees the bank."""
    home = branch_scope(request.actor, request.at)
    if home is not None and asked.get("branch", home.code) != home.code:
        raise errors.no_branch()
    filters = dict(asked) | ({"branch": home.code} if home else {})
    return question_of(filters, at=request.at)


def _filters(question: Asked, asked: Mapping[str, str]) -> dict[str, str]:
    """The filters of a page as its file is asked for."""
    kept = {key: value for key, value in asked.items() if key not in ("after", "before", "page_size")}
    return kept | {"period": str(question.span), "branch": question.branch.code if question.branch else ""}


def _facts(request: StaffRequest, question: Asked) -> dict[str, Any]:
    branch = question.branch
    return {
        "span": question.span,
        "spans": recent_spans(request),
        "branch": branch,
        "branches": _branches(request),
        "query": _query(question),
        "may_export": bool(request.roles & set(EXPORTERS)),
        "report": "operations",
        "filters": _filters(question, {}),
        "names_people": False,
    }


def _query(question: Asked) -> str:
    """Period and branch as they stand in an address."""
    branch = {"branch": question.branch.code} if question.branch else {}
    return urlencode({"period": str(question.span)} | branch)


def _branches(request: StaffRequest) -> list[tuple[str, str]]:
    if not request.roles & SEES_EVERY_BRANCH:
        return []
    return [("", _("The whole bank")), *((row.code, row.name) for row in goals.branches_with_targets())]


# -- tables beside the figures -----------------------------------------------------------------------------------------
def _labelled(codes: list[tuple[str, int]]) -> list[tuple[str, str, int]]:
    words = dict(ReasonCode.objects.filter(code__in=[code for code, _n in codes]).values_list("code", "label"))
    return [(code, words.get(code, ""), cases) for code, cases in codes[:MOST_LINES]]


def _named(values: Mapping[Any, Value], subjects: Mapping[int, Any]) -> list[tuple[Any, Value]]:
    """Highest rate first."""
    rows = [(subjects[key], value) for key, value in values.items() if key in subjects]
    return sorted(rows, key=lambda row: (-(row[1].rate or 0), -row[1].whole))


def _worst_first(values: Mapping[Any, Value]) -> list[tuple[Any, Value]]:
    """The collectors with returned files; for those who watch, not for a board."""
    some = {key: value for key, value in values.items() if key and value.part}
    people = Employee.objects.select_related("branch").in_bulk(list(some))
    return _named(some, people)[:MOST_LINES]

"""The page of the nightly reconciliation: every invariant, green or red, when it was asked, and a button to ask now."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from ops_center.desk.invariant_titles import TITLES
from ops_center.invariants import CHECKS, SHOWN
from ops_center.kernel.errors import Refused
from ops_center.reconciliation import BROKEN, RUN
from ops_center.web.pace import too_often
from ops_center.web.pages import StaffRequest, staff
from organization.models import AuditRecord, JobRun
from organization.roles import Role
from organization.services.nudges import nudge

READERS = (Role.AUD, Role.SUP, Role.ADM, Role.MGT)
STARTERS = (Role.ADM, Role.AUD)
READ_NUMBERS = frozenset({Role.AUD, Role.SUP})  # the others read whether and how many
RUNS = 14  # as many days as passes are kept
GIVEN_UP = timedelta(minutes=30)  # a run that is older and has not ended was killed


@staff(*READERS)
@require_GET
def page(request: StaffRequest) -> HttpResponse:
    """The last run that has ended, check by check; the page renews itself while a newer one is under way."""
    runs = list(JobRun.objects.filter(name=RUN, started_at__lte=request.at).order_by("-started_at", "-pk")[:RUNS])
    last = next((run for run in runs if run.ended_at is not None), None)
    numbers = _numbers(last) if last and request.roles & READ_NUMBERS else {}
    rows = [
        (check, TITLES[check.name], last.counts.get(check.name) if last else None, numbers.get(check.name, []))
        for check in CHECKS
    ]
    facts = {
        "last": last,
        "rows": rows,
        "broken": sum(bool(found) for _check, _title, found, _numbers in rows),
        "most": SHOWN,
        "runs": [(run, sum(bool(found) for found in run.counts.values())) for run in runs if run.ended_at],
        "running": _running(request.at),
        "total": len(CHECKS),
        "may_start": bool(request.roles & set(STARTERS)),
    }
    return render(request, "desk/reconciliation.html", facts)


@staff(*STARTERS)
@require_POST
def start(request: StaffRequest) -> HttpResponse:
    """Asks the worker for a run now; one at a time, and one a minute at most."""
    if _running(request.at) or too_often("reconcile", "everybody", per_minute=1):
        raise Refused("already_running", _("A reconciliation runs or has just ended. Look at its result first."))
    nudge("ops_center.reconcile", request.actor.pk)
    messages.success(request, _("The reconciliation has been asked for; its result appears here."))
    return redirect("reconciliation")


def _running(at: datetime) -> JobRun | None:
    return JobRun.objects.filter(name=RUN, ended_at=None, started_at__gt=at - GIVEN_UP).first()


def _numbers(run: JobRun) -> dict[str, list[str]]:
    """Check → what was broken, as the audit log keeps it."""
    found = AuditRecord.objects.filter(action=BROKEN, at=run.started_at).values_list("facts", flat=True)
    return {facts["check"]: facts["cases"] for facts in found}

"""The page of the periodic jobs: what each does, how often, when it last ran and runs next, and what it found."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET

from ops_center.job_words import JOB_WORDS
from ops_center.schedule import DAY, FIVE_MINUTES, HOUR, JOBS, LATE_AFTER, MINUTE
from ops_center.web.pages import StaffRequest, staff
from organization.roles import Role
from organization.services.jobs import HEARTBEAT, passes_of, silent_since

EVERY = {
    MINUTE: pgettext_lazy("every", "minute"), FIVE_MINUTES: pgettext_lazy("every", "five minutes"),
    HOUR: pgettext_lazy("every", "hour"), DAY: pgettext_lazy("every", "day"),
}  # fmt: skip


@staff(Role.SUP, Role.MGT, Role.ADM, Role.AUD)
@require_GET
def page(request: StaffRequest) -> HttpResponse:
    """Every job in the order of a pass. It renews itself: figures of a minute ago are of no use to who is on call."""
    found = passes_of([job.name for job in JOBS], at=request.at)
    rows = []
    for job in JOBS:
        passes = found[job.name]
        next_at = passes.last.started_at + job.every if passes.last else None
        rows.append(
            {
                "job": job,
                "every": EVERY[job.every],
                "words": JOB_WORDS[job.name],
                "passes": passes,
                "next_at": next_at,
                "is_late": next_at is not None and request.at > next_at + LATE_AFTER,
            }
        )
    facts = {
        "rows": rows,
        "late": sum(row["is_late"] for row in rows),
        "failed": sum(passes.has_failed_last for passes in found.values()),
        "swept_at": found[HEARTBEAT].last_good_at,
        "silent": silent_since(request.at),
        "now": request.at,
    }
    return render(request, "desk/jobs.html", facts)

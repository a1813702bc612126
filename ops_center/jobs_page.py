"""The periodic jobs as people and programs see them: what each does, how often, when it last ran and runs next, and
what it found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET

from applications.models import StaleClock
from ops_center.job_words import JOB_WORDS
from ops_center.schedule import DAY, FIVE_MINUTES, HOUR, JOBS, LATE_AFTER, MINUTE, Job
from ops_center.web.pages import StaffRequest, staff
from organization.roles import Role
from organization.services.jobs import HEARTBEAT, Passes, passes_of, silent_since

EVERY = {
    MINUTE: pgettext_lazy("every", "minute"), FIVE_MINUTES: pgettext_lazy("every", "five minutes"),
    HOUR: pgettext_lazy("every", "hour"), DAY: pgettext_lazy("every", "day"),
}  # fmt: skip
SHOWN = 50  # clocks that cannot be reckoned
WATCHERS = (Role.SUP, Role.MGT, Role.ADM, Role.AUD)


@dataclass(frozen=True, slots=True)
class JobLine:
    """One job with what is known of its passes at an instant."""

    job: Job
    words: Any
    passes: Passes
    at: datetime

    @property
    def every(self) -> Any:
        return EVERY[self.job.every]

    @property
    def next_at(self) -> datetime | None:
        return self.passes.last.started_at + self.job.every if self.passes.last else None

    @property
    def is_late(self) -> bool:
        return self.next_at is not None and self.at > self.next_at + LATE_AFTER


def lines_of(at: datetime) -> list[JobLine]:
    """Every job in the order of a pass."""
    found = passes_of([job.name for job in JOBS], at=at)
    return [JobLine(job, JOB_WORDS[job.name], found[job.name], at) for job in JOBS]


@staff(*WATCHERS)
@require_GET
def page(request: StaffRequest) -> HttpResponse:
    """It renews itself: figures of a minute ago are of no use to who is on call."""
    rows = lines_of(request.at)
    facts = {
        "rows": rows,
        "broken": list(StaleClock.objects.broken()[:SHOWN]),
        "late": sum(row.is_late for row in rows),
        "failed": sum(row.passes.has_failed_last for row in rows),
        "swept_at": next(row.passes.last_good_at for row in rows if row.job.name == HEARTBEAT),
        "silent": silent_since(request.at),
        "now": request.at,
    }
    return render(request, "desk/jobs.html", facts)

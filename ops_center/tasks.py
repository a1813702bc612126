"""What Celery beat asks for: one task that runs a job of the schedule by its name."""

from __future__ import annotations

from celery import current_app, shared_task

from ops_center import schedule
from ops_center.clock import now
from ops_center.reconciliation import reconcile
from organization.models import Employee


@shared_task(name="ops_center.run_job")
def run_job(name: str) -> None:
    """A pass that another process is in, or a request that waited longer than the job's interval, is left out: the next
    one does the work."""
    schedule.run(schedule.BY_NAME[name], at=now())


@shared_task(name="ops_center.reconcile")
def reconcile_now(actor: int) -> None:
    """What somebody asked for on the page of the reconciliation."""
    reconcile(at=now(), actor=Employee.objects.get(pk=actor))


current_app.conf.beat_schedule = {
    job.name: {
        "task": run_job.name,
        "args": [job.name],
        "schedule": job.every,
        "options": {"expires": job.every.total_seconds()},
    }
    for job in schedule.JOBS
}

"""Background work of supervision: a name and one call of a service each."""

from __future__ import annotations

from celery import shared_task

from ops_center.clock import now
from supervision.services.recounts import go_on
from supervision.services.report_files import write
from supervision.services.simulations import run


@shared_task(name="supervision.simulate")
def simulate(run_id: int) -> None:
    """The hint after somebody has asked; without it the next periodic pass computes the run."""
    run(run_id=run_id, at=now())


@shared_task(name="supervision.write_report")
def write_report(run_id: int) -> None:
    """The hint after somebody has asked for a file; without it the next periodic pass writes it."""
    write(run=run_id, at=now())


@shared_task(name="supervision.recount")
def recount() -> None:
    """The hint after a change that concerns many clocks; without it the next periodic pass reckons them."""
    go_on(at=now())

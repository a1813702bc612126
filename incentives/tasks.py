"""Background work on the money: a name and one call of a service each."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task

from incentives.services.accrual import accrue
from incentives.services.holds import release_due_holds
from ops_center.clock import now

RECENT = timedelta(days=2)  # the nightly pass looks at everything


@shared_task(name="incentives.accrue")
def accrue_recent() -> None:
    accrue(at=now(), window=RECENT)


@shared_task(name="incentives.release_due_holds")
def release_holds() -> None:
    release_due_holds(at=now())

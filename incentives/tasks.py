"""Background work on the money: a name and one call of a service each."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task

from incentives.services.accrual import accrue
from ops_center.clock import now

RECENT = timedelta(days=2)  # the night's pass looks at everything (ops_center/schedule.py)


@shared_task(name="incentives.accrue")
def accrue_recent() -> None:
    """The hint after an activation (settings.NUDGES): rewards within a second instead of a minute."""
    accrue(at=now(), window=RECENT)

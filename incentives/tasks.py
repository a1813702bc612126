"""Background work on the money: a name and one call of a service each."""

from __future__ import annotations

from celery import shared_task

from incentives.services.accrual import accrue
from incentives.services.builds import build
from ops_center.clock import now


@shared_task(name="incentives.accrue")
def accrue_now() -> None:
    """The hint after an activation (settings.NUDGES): rewards within a second instead of a minute."""
    accrue(at=now())


@shared_task(name="incentives.build_payout")
def build_payout(batch: int) -> None:
    """The files of a batch that is too large for the request that makes it."""
    build(batch=batch, at=now())

"""Hints to the worker. A hint that is lost costs a minute, never an effect: the truth is pulled from PostgreSQL."""

from __future__ import annotations

import logging

from celery import current_app
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)


def nudge(task: str, *args: int) -> None:
    """Asks the worker to run a task soon; a broker that is down must not fail the request that asks."""
    try:
        current_app.send_task(task, args=args, ignore_result=True, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("no hint sent for %s: %s", task, type(error).__name__)

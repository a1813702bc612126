"""Hints to the worker. A hint that is lost costs a minute, never an effect: the truth is pulled from PostgreSQL."""

from __future__ import annotations

import logging

from celery import current_app
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)

# Somebody waits for the answer of the request that hints: one try, one second, on a connection of its own (the
# worker's is patient). Kombu would try again for six seconds by itself.
HASTY = {"max_retries": 0, "interval_start": 0, "socket_connect_timeout": 1, "socket_timeout": 1}


def nudge(task: str, *args: int) -> None:
    """Asks the worker to run a task soon; a broker that is down must not fail, or hold up, the request that asks."""
    try:
        with current_app.connection_for_write(transport_options=HASTY) as line:
            current_app.send_task(task, args=args, connection=line, ignore_result=True, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("no hint sent for %s: %s", task, type(error).__name__)

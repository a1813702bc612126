"""Acting as the owner of the database, for the few commands that change its shape or its rights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection

from ops_center import env


@contextmanager
def as_owner() -> Iterator[None]:
    """The default connection belongs to the role of ``OWNER_DATABASE_URL``; without that setting nothing changes."""
    if not settings.OWNER_DATABASE_URL:
        yield
        return
    runtime = connection.settings_dict
    owner = env.database(settings.OWNER_DATABASE_URL)
    connection.close()
    connection.settings_dict = {**runtime, **owner}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict = runtime

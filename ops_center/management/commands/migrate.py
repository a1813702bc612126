from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate

from ops_center.management.owner import as_owner


class Command(migrate.Command):
    """Django's migrate, as the owner of the database: the role that web and worker connect as may not change tables."""

    def handle(self, *args: Any, **options: Any) -> None:
        with as_owner():
            super().handle(*args, **options)

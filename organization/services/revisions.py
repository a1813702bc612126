"""Revision numbers of reference tables: one cheap read tells a process whether what it remembers still holds."""

from __future__ import annotations

from django.db import connection

from organization.models import Revision


def revision(name: str) -> int:
    return Revision.objects.filter(pk=name).values_list("number", flat=True).first() or 0


def bump(name: str) -> None:
    """Called in the transaction of the change. Numbers come from a sequence: one that was rolled back never returns."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('organization_revision_number')")
        number = cursor.fetchone()[0]
    Revision.objects.update_or_create(pk=name, defaults={"number": number})

"""Revision numbers of reference tables: one cheap read tells a process whether what it remembers still holds."""

from __future__ import annotations

from django.db.models import F

from organization.models import Revision


def revision(name: str) -> int:
    return Revision.objects.filter(pk=name).values_list("number", flat=True).first() or 0


def bump(name: str) -> None:
    """Called in the transaction of the change."""
    if not Revision.objects.filter(pk=name).update(number=F("number") + 1):
        Revision.objects.create(pk=name, number=1)

"""Cuts through people and news, named so that they read after "those that are …"."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.contrib.auth.base_user import BaseUserManager
from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from organization.models import Employee, Message  # noqa: F401  named in the generic bases


class EmployeeQuerySet(models.QuerySet["Employee"]):
    def active(self) -> EmployeeQuerySet:
        return self.filter(is_active=True, left_on=None)

    def holding(self, *roles: str, on: date) -> EmployeeQuerySet:
        """People who hold one of the roles on that day."""
        current = Q(roles__role__in=roles, roles__starts_on__lte=on) & (
            Q(roles__ends_on=None) | Q(roles__ends_on__gte=on)
        )
        return self.active().filter(current).distinct()

    def with_standing(self) -> EmployeeQuerySet:
        """With roles, qualifications and absences at hand: four queries instead of three per person."""
        return self.select_related("branch__area").prefetch_related("roles", "qualifications", "absences")


class EmployeeManager(BaseUserManager["Employee"].from_queryset(EmployeeQuerySet)):  # type: ignore[misc]
    def get_by_natural_key(self, username: str | None) -> Any:
        return self.get(number__iexact=username)


class MessageQuerySet(models.QuerySet["Message"]):
    def unread(self) -> MessageQuerySet:
        return self.filter(read_at=None)

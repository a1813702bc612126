"""Rules of the bank that hold from a day on: drafted by one person, approved by a second, never changed afterwards."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

FIRST_DAY = date(2024, 1, 1)  # of the rules that came with the system


class PolicyStatus(models.TextChoices):
    DRAFT = "DRAFT", pgettext_lazy("policy", "Waiting for approval")
    APPROVED = "APPROVED", pgettext_lazy("policy", "Approved")
    DISCARDED = "DISCARDED", pgettext_lazy("policy", "Discarded")


class Drafted(models.Model):
    """What one person drafts and a second decides on, once."""

    # The fields that say what it is about: two approvals about the same wait for each other.
    about: ClassVar[tuple[str, ...]] = ()
    audit_name: ClassVar[str]  # approve_…, discard_… in the audit log

    status = models.CharField(_("status"), max_length=9, choices=PolicyStatus, default=PolicyStatus.DRAFT)
    drafted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("drafted by")
    )
    drafted_at = models.DateTimeField(_("drafted"), null=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("approved by")
    )
    approved_at = models.DateTimeField(_("approved"), null=True)

    class Meta:
        abstract = True

    @property
    def is_approved(self) -> bool:
        return self.status == PolicyStatus.APPROVED

    @property
    def same(self) -> dict[str, object]:
        """What rows about the same have in common."""
        return {name: getattr(self, name) for name in self.about}


class Version(Drafted):
    """Something in force from a day on, until a newer one of its kind is. Only what holds from the first day has no
    drafter: it came with the system."""

    starts_on = models.DateField(_("from"))
    note = models.CharField(_("what changes and why"), max_length=300, blank=True)

    class Meta:
        abstract = True

    def meets(self, other: Self) -> bool:
        """Whether nothing decides between this version and another about the same that starts on the same day."""
        return True


def two_people(name: str, **first: object) -> models.CheckConstraint:
    """Approved means: by a second person, after the draft. ``first``: what else holds of the rules of the first day."""
    return models.CheckConstraint(
        condition=~Q(status=PolicyStatus.APPROVED)
        | Q(drafted_by=None, approved_by=None, starts_on=FIRST_DAY, **first)
        | Q(drafted_by__isnull=False, approved_by__isnull=False, approved_at__gte=F("drafted_at"))
        & ~Q(approved_by=F("drafted_by")),
        name=name,
    )

"""团办: one employer whose people apply together, each signing alone."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from applications.querysets import GroupBatchQuerySet
from ops_center.kernel.identity import mask_mobile, mask_name
from organization.fields import SealedField
from organization.models import Branch


class GroupBatch(models.Model):
    """What the members of one batch share: the employer, how many people it has, who speaks for it, who serves it."""

    class Level(models.TextChoices):
        PROVINCE = "PROVINCE", _("Provincial body")
        CITY = "CITY", _("Municipal body")
        COUNTY = "COUNTY", _("County body")
        COMPANY = "COMPANY", _("Company or other")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(_("batch"), max_length=16, unique=True)
    version = models.PositiveIntegerField(default=1)
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+", verbose_name=_("branch"))
    host = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("host"))
    employer = models.CharField(_("employer"), max_length=60)
    employer_address = models.CharField(_("employer's address"), max_length=120, blank=True)
    work_phone = models.CharField(_("work telephone"), max_length=20, blank=True)
    level = models.CharField(_("level"), max_length=8, choices=Level)
    head_count = models.PositiveIntegerField(_("head-count"))
    contact_name = SealedField(mask_from="contact_name_mask")
    contact_mobile = SealedField(mask_from="contact_mobile_mask")
    contact_name_mask = models.CharField(_("key contact"), max_length=20)
    contact_mobile_mask = models.CharField(_("mobile of the key contact"), max_length=16)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    opened_at = models.DateTimeField(pgettext_lazy("group batch", "opened"))
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    closed_at = models.DateTimeField(pgettext_lazy("group batch", "closed"), null=True)

    # Read ``with_figures``: files taken in, approved, activated.
    applied: int
    approved: int
    activated: int

    objects: ClassVar[models.Manager[GroupBatch]] = GroupBatchQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-id"]
        verbose_name = _("group batch")
        verbose_name_plural = _("group batches")
        indexes = [models.Index(fields=["opened_at", "id"], name="groupbatch_newest")]  # the list, newest first
        constraints = [
            models.UniqueConstraint(
                fields=["employer"], condition=Q(closed_at=None), name="groupbatch_one_open_per_employer"
            ),
            models.CheckConstraint(condition=Q(head_count__gt=0), name="groupbatch_has_heads"),
            models.CheckConstraint(
                condition=Q(closed_at=None, closed_by=None) | Q(closed_at__isnull=False, closed_by__isnull=False),
                name="groupbatch_closed_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.employer}"

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def penetration(self) -> float:
        """团办渗透率: applied ÷ head-count."""
        return self.applied / self.head_count

    def name_contact(self, *, name: str, mobile: str) -> None:
        """Sets the key contact and the masks together."""
        self.contact_name, self.contact_name_mask = name, mask_name(name)
        self.contact_mobile, self.contact_mobile_mask = mobile, mask_mobile(mobile)


class GroupVisit(models.Model):
    """A day on which the bank is at the employer's, and for which phase."""

    class Phase(models.TextChoices):
        PRESENT = "PRESENT", pgettext_lazy("group visit", "Presentation")
        COLLECT = "COLLECT", pgettext_lazy("group visit", "Collection of files")
        COACH = "COACH", pgettext_lazy("group visit", "Cards and coaching")

    batch = models.ForeignKey(GroupBatch, models.CASCADE, related_name="visits", db_index=False)
    phase = models.CharField(_("phase"), max_length=8, choices=Phase)
    on = models.DateField(_("day"))

    class Meta:
        ordering = ["on", "id"]
        verbose_name = _("visit of a group batch")
        verbose_name_plural = _("visits of group batches")
        constraints = [models.UniqueConstraint(fields=["batch", "on", "phase"], name="groupvisit_once")]

    def __str__(self) -> str:
        return f"{self.on} {self.phase}"


class UnitList(models.Model):
    """The employer's list of its people under its seal, kept sealed. A later one stands beside the earlier."""

    append_only = True

    batch = models.ForeignKey(GroupBatch, models.PROTECT, related_name="lists")
    media_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField(_("bytes"))
    digest = models.CharField(_("SHA-256"), max_length=64)
    body = models.BinaryField(editable=False)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    added_at = models.DateTimeField(pgettext_lazy("unit list", "added"))

    class Meta:
        ordering = ["-id"]
        verbose_name = _("unit list")
        verbose_name_plural = _("unit lists")

    def __str__(self) -> str:
        return f"{self.batch_id} {self.added_at}"

"""Sealed bags between a branch and the center: custody of paper (domain section 3, T07-T11)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from applications.models.case import Application
from organization.models import Branch


class Bag(models.Model):
    """OPEN → SEALED → HANDED_OVER → RECEIVED → RECONCILED; DISCREPANCY until every incident is closed."""

    class State(models.TextChoices):
        OPEN = "OPEN", pgettext_lazy("bag", "Open")
        SEALED = "SEALED", _("Sealed")
        HANDED_OVER = "HANDED_OVER", _("On the truck")
        RECEIVED = "RECEIVED", _("Received")
        RECONCILED = "RECONCILED", _("Reconciled")
        DISCREPANCY = "DISCREPANCY", _("Discrepancy")

    number = models.CharField(_("number"), max_length=20, unique=True)
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="bags", verbose_name=_("branch"))
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.OPEN)
    seal_no = models.CharField(_("seal number"), max_length=32, blank=True)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(_("opened"))
    sealed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    witness = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    sealed_at = models.DateTimeField(_("sealed"), null=True)
    truck_no = models.CharField(_("truck"), max_length=16, blank=True)
    escort = models.CharField(_("escort"), max_length=40, blank=True)
    handed_over_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    handed_over_at = models.DateTimeField(_("handed over"), null=True)
    received_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    received_at = models.DateTimeField(_("received"), null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("bag")
        verbose_name_plural = _("bags")
        constraints = [
            models.CheckConstraint(condition=~Q(sealed_by=F("witness")), name="bag_two_people_seal"),
            models.CheckConstraint(
                condition=Q(state="OPEN") | Q(sealed_by__isnull=False, witness__isnull=False, sealed_at__isnull=False),
                name="bag_sealed_with_witness",
            ),
        ]
        indexes = [
            models.Index(fields=["branch", "state"], name="bag_branch_state"),
            models.Index(fields=["handed_over_at"], condition=Q(state="HANDED_OVER"), name="bag_expected"),
        ]

    def __str__(self) -> str:
        return self.number


class BagItem(models.Model):
    """One file in one bag."""

    class Kind(models.TextChoices):
        FILE = "FILE", pgettext_lazy("bag item", "File")
        PAPER_ONLY = "PAPER_ONLY", _("Paper only")
        SUPPLEMENT = "SUPPLEMENT", _("Supplement")
        RETURN = "RETURN", _("Return")

    class Fate(models.TextChoices):
        PACKED = "PACKED", _("Packed")
        RECEIVED = "RECEIVED", _("Received")
        MISSING = "MISSING", pgettext_lazy("bag item", "Missing")

    bag = models.ForeignKey(Bag, models.PROTECT, related_name="items")
    application = models.ForeignKey(Application, models.PROTECT, related_name="bag_items")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.FILE)
    fate = models.CharField(_("fate"), max_length=10, choices=Fate, default=Fate.PACKED)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        verbose_name = _("bag item")
        verbose_name_plural = _("bag items")
        constraints = [
            models.UniqueConstraint(fields=["bag", "application"], name="bagitem_once_per_bag"),
            # Invariant 4: a case is in at most one bag that has not been settled.
            models.UniqueConstraint(fields=["application"], condition=Q(fate="PACKED"), name="bagitem_one_open_bag"),
        ]

    def __str__(self) -> str:
        return f"{self.bag_id}: {self.application_id}"


class Seal(models.Model):
    """Every seal number ever used, voided ones included: a used number is refused for ever."""

    seal_no = models.CharField(_("seal number"), max_length=32, primary_key=True)
    bag = models.ForeignKey(Bag, models.PROTECT, related_name="seals")
    used_at = models.DateTimeField()
    voided_at = models.DateTimeField(null=True)
    void_reason = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.seal_no


class BagIncident(models.Model):
    """A missing or extra file or a broken seal; to be cleared within 24 hours."""

    bag = models.ForeignKey(Bag, models.PROTECT, related_name="incidents")
    code = models.CharField(_("code"), max_length=4)  # L01 missing, L02 extra, L03 seal, L04 lost
    application = models.ForeignKey(Application, models.PROTECT, null=True, related_name="+")
    note = models.CharField(_("note"), max_length=200, blank=True)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(_("opened"))
    due_at = models.DateTimeField(_("due"))
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(_("closed"), null=True)
    finding = models.CharField(_("finding"), max_length=200, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("bag incident")
        verbose_name_plural = _("bag incidents")

    def __str__(self) -> str:
        return f"{self.bag_id} {self.code}"

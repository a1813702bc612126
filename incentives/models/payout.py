"""A payout batch: what HR took out of the confirmations, once, and the files exactly as they left the house."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from incentives.lifecycle import Sheet
from incentives.models.confirmation import Confirmation
from incentives.models.ledger import RewardEntry


class PayoutBatch(models.Model):
    """Made once from confirmed documents; afterwards only the pay date is added (trigger)."""

    confirmations = models.ManyToManyField(Confirmation, related_name="batches", verbose_name=_("confirmations"))
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("made by"))
    made_at = models.DateTimeField(_("made"))
    confirmed_fen = models.BigIntegerField(_("confirmed"))  # of its confirmations, less what earlier batches took
    held_fen = models.BigIntegerField(_("held back"), default=0)  # of these, held at the moment of the export
    total_fen = models.BigIntegerField(_("total"))
    paid_on = models.DateField(_("paid on"), null=True)
    paid_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("paid by")
    )
    paid_at = models.DateTimeField(_("marked as paid"), null=True)

    class Meta:
        ordering = ["-made_at", "-id"]
        verbose_name = _("payout batch")
        verbose_name_plural = _("payout batches")
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_fen=models.F("total_fen") + models.F("held_fen")), name="payoutbatch_green"
            ),
            models.CheckConstraint(
                condition=Q(paid_on=None, paid_by=None) | Q(paid_on__isnull=False, paid_by__isnull=False),
                name="payoutbatch_paid_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"

    @property
    def is_paid(self) -> bool:
        return self.paid_on is not None


class PayoutLine(models.Model):
    """An entry is paid out by at most one batch, on one sheet. Append-only."""

    append_only = True

    batch = models.ForeignKey(PayoutBatch, models.PROTECT, related_name="lines")
    entry = models.OneToOneField(RewardEntry, models.PROTECT, related_name="payout_line")
    sheet = models.CharField(_("sheet"), max_length=9, choices=Sheet)

    class Meta:
        verbose_name = _("payout line")
        verbose_name_plural = _("payout lines")

    def __str__(self) -> str:
        return f"{self.batch_id} {self.entry_id}"


class PayoutFile(models.Model):
    """One sheet in one format: made with the batch, the same bytes on every download. Append-only."""

    append_only = True

    class Format(models.TextChoices):
        XLSX = "xlsx", "XLSX"
        CSV = "csv", "CSV"

    batch = models.ForeignKey(PayoutBatch, models.PROTECT, related_name="files")
    sheet = models.CharField(_("sheet"), max_length=9, choices=Sheet)
    format = models.CharField(_("format"), max_length=4, choices=Format)
    content = models.BinaryField()
    digest = models.CharField("SHA-256", max_length=64)
    size = models.PositiveIntegerField(_("size"))

    class Meta:
        ordering = ["batch", "id"]
        verbose_name = _("payout file")
        verbose_name_plural = _("payout files")
        constraints = [models.UniqueConstraint(fields=["batch", "sheet", "format"], name="payoutfile_once")]

    def __str__(self) -> str:
        return f"{self.batch_id} {self.sheet}.{self.format}"

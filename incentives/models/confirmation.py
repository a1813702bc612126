"""The payout confirmation document (绩效发放确认书): drafted from what is registered, locked when it is certified."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from incentives.lifecycle import ConfirmationState, Sheet
from incentives.models.ledger import RewardEntry
from organization.models import Branch


class Confirmation(models.Model):
    """Number, period, scope and totals of one document. Once it has left DRAFT nothing of it changes (trigger), and the
    trigger that lets it become CONFIRMED asks that its total is the sum of its entries and that whoever certifies
    neither registered nor earns from any of its cases."""

    no = models.CharField(_("document number"), max_length=16, unique=True)  # JXQR-YYYYMM-NNN
    period = models.CharField(_("period"), max_length=8)  # 2026-11, or a week: 2026-W47
    branches = models.ManyToManyField(Branch, blank=True, related_name="+", verbose_name=_("branches"))
    state = models.CharField(_("state"), max_length=9, choices=ConfirmationState, default=ConfirmationState.DRAFT)
    drafted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("drafted by")
    )
    drafted_at = models.DateTimeField(_("drafted"))
    certified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("certified by")
    )
    certified_at = models.DateTimeField(_("certified"), null=True)
    discarded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("discarded by")
    )
    discarded_at = models.DateTimeField(_("discarded"), null=True)
    discard_reason = models.CharField(_("reason of the discard"), max_length=300, blank=True)
    total_fen = models.BigIntegerField(_("total"), default=0)
    entry_count = models.PositiveIntegerField(_("entries"), default=0)
    case_count = models.PositiveIntegerField(_("cases"), default=0)
    check_code = models.CharField(_("check code"), max_length=14, blank=True)

    class Meta:
        ordering = ["-drafted_at", "-id"]
        verbose_name = _("confirmation")
        verbose_name_plural = _("confirmations")
        constraints = [
            models.CheckConstraint(
                condition=~Q(state=ConfirmationState.CONFIRMED)
                | Q(certified_by__isnull=False, certified_at__isnull=False) & ~Q(check_code=""),
                name="confirmation_signed",
            ),
            models.CheckConstraint(
                condition=~Q(state=ConfirmationState.DISCARDED)
                | Q(discarded_by__isnull=False, discarded_at__isnull=False) & ~Q(discard_reason=""),
                name="confirmation_discarded_with_reason",
            ),
        ]

    def __str__(self) -> str:
        return self.no

    @property
    def is_draft(self) -> bool:
        return self.state == ConfirmationState.DRAFT

    @property
    def is_confirmed(self) -> bool:
        return self.state == ConfirmationState.CONFIRMED


class ConfirmationLine(models.Model):
    """An entry stands on at most one confirmation, and is settled on the sheet of that day's employment: who is hired
    from the vendor later, or the reverse, moves no old money. Never changed (trigger)."""

    confirmation = models.ForeignKey(Confirmation, models.PROTECT, related_name="lines")
    entry = models.OneToOneField(RewardEntry, models.PROTECT, related_name="confirmation_line")
    sheet = models.CharField(_("sheet"), max_length=9, choices=Sheet)

    class Meta:
        verbose_name = _("confirmation line")
        verbose_name_plural = _("confirmation lines")

    def __str__(self) -> str:
        return f"{self.confirmation_id} {self.entry_id}"


class ConfirmationPaper(models.Model):
    """The document as PDF, kept from its first print: whoever prints it again gets the same bytes, whatever has become
    of a payee's name or branch meanwhile. Append-only."""

    append_only = True

    confirmation = models.OneToOneField(Confirmation, models.PROTECT, primary_key=True, related_name="paper")
    content = models.BinaryField()
    digest = models.CharField(_("SHA-256"), max_length=64)
    made_at = models.DateTimeField(_("made"))

    class Meta:
        verbose_name = _("printed confirmation")
        verbose_name_plural = _("printed confirmations")

    def __str__(self) -> str:
        return f"{self.confirmation_id} {self.digest[:12]}"

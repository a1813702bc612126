"""What one person asks of the ledger and a second one decides: claw-backs, adjustments, cross-sell, disputes.

An approved request writes entries; nothing is ever changed. Who asks does not decide, and nobody decides about money
of his own (triggers).
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from applications.lifecycle import Performance
from incentives.lifecycle import Ground, RequestState
from incentives.models.ledger import Assessment, RewardEntry
from ops_center.kernel.money import yuan


class Request(models.Model):
    """Asked by one, decided by another, in words both times."""

    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False, verbose_name=_("asked by")
    )
    asked_at = models.DateTimeField(_("asked"))
    reason = models.CharField(_("reason"), max_length=300)
    state = models.CharField(_("state"), max_length=8, choices=RequestState, default=RequestState.OPEN)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False,
        verbose_name=_("decided by"),
    )  # fmt: skip
    decided_at = models.DateTimeField(_("decided"), null=True)
    decision = models.CharField(_("reason of the decision"), max_length=300, blank=True)

    class Meta:
        abstract = True

    @property
    def is_open(self) -> bool:
        return self.state == RequestState.OPEN


def _by_a_second_person(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(state=RequestState.OPEN, decided_by=None, decided_at=None)
        | (~Q(state=RequestState.OPEN) & Q(decided_by__isnull=False, decided_at__isnull=False))
        & ~Q(decided_by=F("asked_by")),
        name=name,
    )


class Reversal(Request):
    """追索扣回: the rewards of a case are taken back by negative mirror lines; of one person, when only he was at
    fault. Started by audit, approved by a supervisor."""

    assessment = models.ForeignKey(Assessment, models.PROTECT, related_name="reversals")
    ground = models.CharField(_("ground"), max_length=16, choices=Ground)
    payee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False,
        verbose_name=_("person at fault"),
    )  # fmt: skip

    class Meta:
        ordering = ["-asked_at", "-id"]
        verbose_name = _("claw-back")
        verbose_name_plural = _("claw-backs")
        constraints = [
            _by_a_second_person("reversal_by_a_second_person"),
            models.UniqueConstraint(
                fields=["assessment"], condition=Q(state=RequestState.OPEN), name="reversal_one_open"
            ),
            models.CheckConstraint(
                condition=Q(ground=Ground.COMPLAINT, payee__isnull=False) | ~Q(ground=Ground.COMPLAINT),
                name="reversal_complaint_names_a_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.assessment_id} {self.ground}"


class Adjustment(Request):
    """A correction by an amount: asked for by a tracker, approved by a supervisor. The shares stay as they were."""

    assessment = models.ForeignKey(Assessment, models.PROTECT, related_name="adjustments")
    payee = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("payee"))
    role = models.CharField(_("role"), max_length=16, choices=Performance)
    amount_fen = models.IntegerField(_("amount"))
    entry = models.OneToOneField(RewardEntry, models.PROTECT, null=True, related_name="adjustment")

    class Meta:
        ordering = ["-asked_at", "-id"]
        verbose_name = _("adjustment")
        verbose_name_plural = _("adjustments")
        constraints = [
            _by_a_second_person("adjustment_by_a_second_person"),
            models.CheckConstraint(condition=~Q(amount_fen=0), name="adjustment_not_nothing"),
            models.CheckConstraint(
                condition=~Q(asked_by=F("payee")) & ~Q(decided_by=F("payee")), name="adjustment_not_ones_own"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.assessment_id} {yuan(self.amount_fen)}"


class CrossSell(Request):
    """深度营销: another product, no card, sold in the coaching call. The officer reports it, a tracker confirms it."""

    assessment = models.ForeignKey(Assessment, models.PROTECT, related_name="cross_sells")
    product = models.CharField(_("product"), max_length=40)
    entry = models.OneToOneField(RewardEntry, models.PROTECT, null=True, related_name="cross_sell")

    class Meta:
        ordering = ["-asked_at", "-id"]
        verbose_name = _("cross-sell")
        verbose_name_plural = _("cross-sells")
        constraints = [
            _by_a_second_person("crosssell_by_a_second_person"),
            models.UniqueConstraint(
                fields=["assessment", "product"], condition=~Q(state=RequestState.REFUSED), name="crosssell_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.assessment_id} {self.product}"


class Dispute(Request):
    """A person says that an amount of his own is wrong; somebody who earns nothing from the case decides in time."""

    entry = models.ForeignKey(RewardEntry, models.PROTECT, related_name="disputes")
    due_at = models.DateTimeField(_("due"))
    explanation = models.JSONField(_("explanation"), default=dict)  # how the date came about; see kernel.worktime
    escalated_at = models.DateTimeField(_("told to the supervisors"), null=True)  # once, when it is overdue

    class Meta:
        ordering = ["due_at", "id"]
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        constraints = [
            _by_a_second_person("dispute_by_a_second_person"),
            models.UniqueConstraint(fields=["entry"], condition=Q(state=RequestState.OPEN), name="dispute_one_open"),
        ]

    def __str__(self) -> str:
        return f"{self.entry_id}"

    @property
    def assessment(self) -> Assessment:
        return self.entry.assessment

    def is_overdue(self, at: datetime) -> bool:
        return self.is_open and self.due_at < at

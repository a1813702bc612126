"""Bounties and split tables, each in force from a day on; a second person of the management approves (domain 6, 7).

What is approved is published on the price board (计价标准公示), and everybody signs for having read it.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Self

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from applications.lifecycle import Path, Performance
from applications.models import Product
from incentives.lifecycle import CustomerMode, Trigger
from incentives.rules import Offer, Terms
from ops_center.kernel.money import WHOLE, yuan
from organization.models import Branch
from organization.models.versions import PolicyStatus, Version, two_people

LARGEST_BOUNTY = 100_000_00  # fen; a bounty beyond this is a slip of the hand
LONGEST_SPEND_DAYS = 365
LONGEST_REVERSAL_DAYS = 730


class PolicyVersion(Version):
    """Terms from a day on. What is approved never changes again (triggers); a mistake is a new version."""

    # A pilot holds for the branches named only. The newest version that covers a branch is in force there; on the same
    # day a pilot goes before what holds for all.
    is_pilot = models.BooleanField(_("only for some branches"), default=False)
    branches = models.ManyToManyField(Branch, blank=True, related_name="+", verbose_name=_("branches"))

    class Meta:
        abstract = True

    def meets(self, other: Self) -> bool:
        """A pilot goes before what holds for all; only two that hold at one branch meet."""
        if self.is_pilot != other.is_pilot:
            return False
        return not self.is_pilot or self.branches.filter(pk__in=other.branches.all()).exists()


class Bounty(PolicyVersion):
    """What one activated card of a product is worth, to be divided among those who brought it about."""

    about = ("product_id",)
    audit_name = "bounty"

    product = models.ForeignKey(Product, models.PROTECT, related_name="bounties", verbose_name=_("product"))
    amount_fen = models.PositiveIntegerField(_("bounty"))
    trigger = models.CharField(_("earned by"), max_length=20, choices=Trigger, default=Trigger.ACTIVATION)
    spend_days = models.PositiveSmallIntegerField(_("days for the first spend"), default=90)  # from the activation

    class Meta:
        ordering = ["product", "-starts_on"]
        verbose_name = _("bounty")
        verbose_name_plural = _("bounties")
        constraints = [
            models.UniqueConstraint(
                fields=["product", "starts_on"],
                condition=Q(status=PolicyStatus.APPROVED, is_pilot=False),
                name="bounty_once_per_day",
            ),
            models.CheckConstraint(
                condition=Q(amount_fen__range=(1, LARGEST_BOUNTY), spend_days__range=(1, LONGEST_SPEND_DAYS)),
                name="bounty_sensible",
            ),
            two_people("bounty_two_people", is_pilot=False),
        ]

    def __str__(self) -> str:
        return f"{self.product.code} {yuan(self.amount_fen)}"

    @property
    def offer(self) -> Offer:
        return Offer(amount_fen=self.amount_fen, trigger=self.trigger, spend_days=self.spend_days)


class SplitPolicy(PolicyVersion):
    """One version of the split table, with the special rewards that go with it."""

    audit_name = "splitpolicy"
    # What is agreed beside the shares, in the order in which people read it.
    SPECIAL_TERMS = (
        "second_keyer_bp", "bonus_bp", "penalty_bp", "penalty_cap_bp", "customer_mode", "customer_fen",
        "cross_sell_fen", "reversal_days", "unused_days",
    )  # fmt: skip

    number = models.PositiveSmallIntegerField(_("version"), unique=True)
    second_keyer_bp = models.PositiveSmallIntegerField(
        _("second keyer's part of the entry share"), default=4_000, validators=[MaxValueValidator(WHOLE)]
    )
    customer_mode = models.CharField(
        _("customer reward"), max_length=5, choices=CustomerMode, default=CustomerMode.FIXED
    )
    customer_fen = models.PositiveIntegerField(_("fixed customer reward"), default=2_000)
    bonus_bp = models.PositiveSmallIntegerField(_("bonus for being in time"), default=500)  # of the role's share
    penalty_bp = models.PositiveSmallIntegerField(_("penalty for being late"), default=1_000)  # of the role's share
    penalty_cap_bp = models.PositiveSmallIntegerField(_("monthly cap of penalties"), default=2_000)  # of the rewards
    cross_sell_fen = models.PositiveIntegerField(_("reward per other product sold"), default=1_000)
    reversal_days = models.PositiveSmallIntegerField(_("claw-back window, days"), default=180)
    unused_days = models.PositiveSmallIntegerField(_("claw-back when cancelled unused, days"), default=90)

    class Meta:
        ordering = ["-starts_on", "-number"]
        verbose_name = _("split policy")
        verbose_name_plural = _("split policies")
        constraints = [
            models.UniqueConstraint(
                fields=["starts_on"],
                condition=Q(status=PolicyStatus.APPROVED, is_pilot=False),
                name="splitpolicy_once_per_day",
            ),
            models.CheckConstraint(
                condition=Q(second_keyer_bp__lte=WHOLE, bonus_bp__lte=WHOLE, penalty_bp__lte=WHOLE)
                & Q(penalty_cap_bp__lte=WHOLE),
                name="splitpolicy_parts_of_the_whole",
            ),
            models.CheckConstraint(
                condition=Q(
                    customer_fen__lte=LARGEST_BOUNTY,
                    cross_sell_fen__lte=LARGEST_BOUNTY,
                    reversal_days__lte=LONGEST_REVERSAL_DAYS,
                    unused_days__lte=F("reversal_days"),
                ),
                name="splitpolicy_sensible",
            ),
            two_people("splitpolicy_two_people", is_pilot=False),
        ]

    def __str__(self) -> str:
        return self.version

    @property
    def version(self) -> str:
        return f"v{self.number}"

    @property
    def special_terms(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.SPECIAL_TERMS}

    @cached_property
    def terms(self) -> Terms:
        columns: dict[str, dict[str, int]] = {path: {} for path in Path.values}
        for share in self.shares.all():
            columns[share.path][share.role] = share.share_bp
        return Terms(
            columns=columns,
            second_keyer_bp=self.second_keyer_bp,
            customer_mode=self.customer_mode,
            customer_fen=self.customer_fen,
            bonus_bp=self.bonus_bp,
            penalty_bp=self.penalty_bp,
        )


class SplitShare(models.Model):
    """The share of one role on one path, in basis points. Every column of a policy sums to 10000 (deferred trigger)."""

    append_only = True

    policy = models.ForeignKey(SplitPolicy, models.PROTECT, related_name="shares")
    path = models.CharField(_("path"), max_length=1, choices=Path)
    role = models.CharField(_("role"), max_length=16, choices=Performance)
    share_bp = models.PositiveSmallIntegerField(_("share"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["policy", "path", "role"], name="splitshare_once"),
            models.CheckConstraint(condition=Q(share_bp__lte=WHOLE), name="splitshare_at_most_whole"),
            # The second keyer takes from the entry share, by the policy's second_keyer_bp.
            models.CheckConstraint(condition=~Q(role=Performance.ENTRY_2ND), name="splitshare_no_second_keyer"),
        ]

    def __str__(self) -> str:
        return f"{self.policy_id} {self.path} {self.role} {self.share_bp}"


class PriceNotice(models.Model):
    """What the price board announces: one approved version. Append-only."""

    append_only = True

    bounty = models.OneToOneField(Bounty, models.PROTECT, null=True, related_name="notice")
    policy = models.OneToOneField(SplitPolicy, models.PROTECT, null=True, related_name="notice")
    published_at = models.DateTimeField(_("published"))

    class Meta:
        ordering = ["-published_at", "-id"]
        verbose_name = _("price notice")
        verbose_name_plural = _("price notices")
        constraints = [
            models.CheckConstraint(
                condition=Q(bounty=None, policy__isnull=False) | Q(bounty__isnull=False, policy=None),
                name="pricenotice_of_one_version",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.bounty_id or ''} {self.policy_id or ''}"

    @property
    def version(self) -> Bounty | SplitPolicy:
        version = self.bounty or self.policy
        assert version is not None  # check constraint
        return version


class ReadReceipt(models.Model):
    """Somebody has read a price notice. Append-only."""

    append_only = True

    notice = models.ForeignKey(PriceNotice, models.PROTECT, related_name="receipts")
    employee = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("read"))

    class Meta:
        verbose_name = _("read receipt")
        verbose_name_plural = _("read receipts")
        constraints = [models.UniqueConstraint(fields=["notice", "employee"], name="readreceipt_once")]

    def __str__(self) -> str:
        return f"{self.notice_id} {self.employee_id}"

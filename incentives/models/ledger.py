"""The ledger: one assessment per activation, signed entries that never change, and what points at them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from applications.lifecycle import Path, Performance
from applications.models import Application, Event
from incentives.lifecycle import EntryKind, EntryState, HoldCause, PayeeKind, RequestState, Verdict, Why
from incentives.models.policy import Bounty, SplitPolicy
from incentives.querysets import RewardEntryQuerySet
from ops_center.kernel.money import yuan
from supervision.models import Complaint

if TYPE_CHECKING:
    from incentives.models.request import Dispute


class UnassessedActivation(models.Model):
    """An activation without a verdict: the work that waits for the accrual. A trigger on the events writes the row, in
    the transaction of the activation, whoever writes the event; the accrual deletes it with the verdict."""

    event = models.OneToOneField(Event, models.PROTECT, primary_key=True, related_name="+")
    application = models.OneToOneField(Application, models.PROTECT, related_name="+")
    # Not looked at before: the activation's own time; for a bounty that the first spend earns the end of the wait,
    # until a trigger on the case's first spend sets it to that instant.
    ripe_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["ripe_at", "event"], name="unassessed_ripe")]

    def __str__(self) -> str:
        return f"{self.application_id}"


class ChangedVerdict(models.Model):
    """A case whose clock has ended otherwise than before, after its activation: its timeliness is to be counted again.
    A trigger on the clocks writes the row, in the transaction of the new verdict, whoever writes it; who counts again
    deletes it (services/retiming.py)."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="+", db_index=False)

    def __str__(self) -> str:
        return f"{self.application_id}"


class Assessment(models.Model):
    """The verdict on one activation. Its key is the case's, so that no case is ever assessed twice; an ``activate``
    event without one is work that waits (services/accrual.py). Append-only."""

    append_only = True

    application = models.OneToOneField(Application, models.PROTECT, primary_key=True, related_name="assessment")
    event = models.OneToOneField(Event, models.PROTECT, related_name="assessment")
    verdict = models.CharField(_("verdict"), max_length=16, choices=Verdict)
    bounty = models.ForeignKey(Bounty, models.PROTECT, null=True, related_name="+", db_index=False)
    policy = models.ForeignKey(SplitPolicy, models.PROTECT, null=True, related_name="+", db_index=False)
    bounty_fen = models.PositiveIntegerField(_("bounty"), default=0)  # what the SPLIT entries of the case sum to
    path = models.CharField(_("path"), max_length=1, choices=Path, blank=True)
    is_double_keyed = models.BooleanField(_("double keyed"), default=False)
    at = models.DateTimeField(_("assessed"))

    class Meta:
        verbose_name = _("assessment")
        verbose_name_plural = _("assessments")
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict=Verdict.EARNED, bounty__isnull=False, policy__isnull=False, path__in=Path.values)
                | Q(verdict=Verdict.SETTLED_BEFORE, bounty=None, policy=None, bounty_fen=0)
                | Q(verdict=Verdict.NO_SPEND, bounty__isnull=False, policy__isnull=False, bounty_fen=0),
                name="assessment_priced_iff_earned",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.verdict}"


class RewardEntry(models.Model):
    """One signed amount for one payee in one role of one case. Append-only: a correction is another entry.

    A share whose payee is undecided is HELD; it is released by a pair of entries, one that ``mirrors`` it with the
    opposite sign and one for who gets it, so that the case sums to its bounty at every moment (trigger).
    """

    append_only = True

    assessment = models.ForeignKey(Assessment, models.PROTECT, related_name="entries", db_index=False)
    kind = models.CharField(_("kind"), max_length=10, choices=EntryKind, default=EntryKind.SPLIT)
    role = models.CharField(_("role"), max_length=16, choices=Performance)
    sequence = models.PositiveSmallIntegerField(_("sequence"), default=1)
    amount_fen = models.IntegerField(_("amount"))
    payee_kind = models.CharField(_("paid to"), max_length=8, choices=PayeeKind)
    payee = models.ForeignKey(  # of a HELD entry: the person that it waits for, if known
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="rewards", db_index=False,
        verbose_name=_("payee"),
    )  # fmt: skip
    mirrors = models.OneToOneField("self", models.PROTECT, null=True, related_name="mirrored_by")
    why = models.CharField(_("reason"), max_length=24, choices=Why, blank=True)
    at = models.DateTimeField(_("accrued"))

    objects: ClassVar[models.Manager[RewardEntry]] = RewardEntryQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name = _("reward entry")
        verbose_name_plural = _("reward entries")
        constraints = [
            models.UniqueConstraint(fields=["assessment", "kind", "role", "sequence"], name="rewardentry_once"),
            models.CheckConstraint(
                condition=Q(payee_kind=PayeeKind.EMPLOYEE, payee__isnull=False)
                | Q(payee_kind=PayeeKind.HELD)
                | Q(payee_kind__in=[PayeeKind.POOL, PayeeKind.CUSTOMER], payee=None),
                name="rewardentry_payee_named",
            ),
            models.CheckConstraint(
                condition=~Q(kind=EntryKind.SPLIT)
                | Q(mirrors=None, amount_fen__gt=0)
                | Q(mirrors__isnull=False, amount_fen__lt=0),
                name="rewardentry_split_sign",
            ),
            models.CheckConstraint(
                condition=~Q(kind=EntryKind.REVERSAL) | Q(mirrors__isnull=False), name="rewardentry_reversal_of_a_line"
            ),
            models.CheckConstraint(condition=~Q(amount_fen=0), name="rewardentry_not_nothing"),
        ]
        indexes = [
            # A person's own statement, newest first.
            models.Index(fields=["payee", "-at", "-id"], condition=Q(payee__isnull=False), name="rewardentry_own"),
            # Lists of a period and the drafting of a confirmation.
            models.Index(fields=["-at", "-id"], name="rewardentry_newest"),
            # What waits for a decision: read by release_due_holds, every minute.
            models.Index(
                fields=["at"], condition=Q(payee_kind=PayeeKind.HELD, mirrors=None), name="rewardentry_held"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.assessment_id} {self.role} {yuan(self.amount_fen)}"

    @property
    def state(self) -> EntryState:
        """Where the entry stands; for rows that were read ``with_state()``."""
        return EntryState(self.__dict__["state_code"])

    @property
    def standing_dispute(self) -> Dispute | None:
        """The dispute that waits for its answer or was rejected: with one, the entry is not disputed again."""
        return next((row for row in self.disputes.all() if row.state != RequestState.APPROVED), None)


class Registration(models.Model):
    """The tracker has looked at the activation of a case and takes its rewards into the next confirmation.

    It stands for the case: an entry that is written later (a released hold) needs no second look. Append-only.
    """

    append_only = True

    assessment = models.OneToOneField(Assessment, models.PROTECT, primary_key=True, related_name="registration")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(_("registered"))

    class Meta:
        verbose_name = _("registration")
        verbose_name_plural = _("registrations")

    def __str__(self) -> str:
        return f"{self.assessment_id} {self.by_id}"


class Hold(models.Model):
    """An entry that may not be certified or paid for now, and why. ``by`` is nobody when the system holds it.

    A release is all that is ever added to it, once, and neither is by the payee of the entry (triggers).
    """

    entry = models.ForeignKey(RewardEntry, models.PROTECT, related_name="holds")
    cause = models.CharField(_("cause"), max_length=9, choices=HoldCause, default=HoldCause.AUDIT)
    complaint = models.ForeignKey(  # the one that holds it, when the system does
        Complaint, models.PROTECT, null=True, related_name="holds", verbose_name=_("complaint")
    )
    reason = models.CharField(_("reason"), max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    at = models.DateTimeField(_("held"))
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    released_at = models.DateTimeField(_("released"), null=True)
    release_reason = models.CharField(_("reason of the release"), max_length=300, blank=True)

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        constraints = [
            models.UniqueConstraint(fields=["entry"], condition=Q(released_at=None), name="hold_one_open"),
            models.UniqueConstraint(fields=["entry", "complaint"], name="hold_once_per_complaint"),
            models.CheckConstraint(
                condition=Q(complaint=None) | Q(cause=HoldCause.COMPLAINT, by=None), name="hold_complaint_is_its_cause"
            ),
            models.CheckConstraint(
                condition=Q(released_at=None) | Q(released_at__gte=F("at")), name="hold_released_after"
            ),
            models.CheckConstraint(
                condition=Q(by__isnull=False) & ~Q(reason="") | Q(by=None) & ~Q(cause=HoldCause.AUDIT),
                name="hold_put_on_with_reason",
            ),
            # A complaint that ends releases what it held; any other hold is released by somebody.
            models.CheckConstraint(
                condition=Q(released_at=None, released_by=None, release_reason="")
                | Q(released_at__isnull=False)
                & ~Q(release_reason="")
                & (Q(released_by__isnull=False) | Q(cause=HoldCause.COMPLAINT)),
                name="hold_released_with_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entry_id} {self.reason}"


class PenaltyCap(models.Model):
    """The close of one person's month: penalties beyond the cap lapse, by entries of their own (ASM-6). Append-only."""

    append_only = True

    payee = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    month = models.CharField(_("month"), max_length=7)  # 2026-11
    rewarded_fen = models.PositiveIntegerField(_("positive reward"))
    penalty_fen = models.PositiveIntegerField(_("penalties"))
    lapsed_fen = models.PositiveIntegerField(_("lapsed"))
    at = models.DateTimeField(_("closed"))

    class Meta:
        verbose_name = _("penalty cap")
        verbose_name_plural = _("penalty caps")
        constraints = [
            models.UniqueConstraint(fields=["payee", "month"], name="penaltycap_once_per_month"),
            models.CheckConstraint(condition=Q(lapsed_fen__lte=F("penalty_fen")), name="penaltycap_at_most_all"),
        ]

    def __str__(self) -> str:
        return f"{self.payee_id} {self.month}"

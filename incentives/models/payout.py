"""A payout batch: what HR took out of the confirmations, once, and the files exactly as they left the house."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incentives.lifecycle import Sheet
from incentives.models.confirmation import Confirmation
from incentives.models.ledger import RewardEntry
from organization.roles import Employment


class PayoutBatch(models.Model):
    """Made once from confirmed documents; afterwards only the pay date is added (trigger)."""

    confirmations = models.ManyToManyField(Confirmation, related_name="batches", verbose_name=_("confirmations"))
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("made by"))
    made_at = models.DateTimeField(_("made"))
    confirmed_fen = models.BigIntegerField(_("confirmed"))  # of its confirmations, less what earlier batches took
    held_fen = models.BigIntegerField(_("held back"), default=0)  # of these, held at the moment of the export
    voided_fen = models.BigIntegerField(_("voided"), default=0)  # of these, voided or taken back since
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
                condition=Q(confirmed_fen=F("total_fen") + F("held_fen") + F("voided_fen")),
                name="payoutbatch_green",
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


class PayoutBuild(models.Model):
    """How far the sheets of a batch are: its lines are frozen when it is made, the files follow in the background. A
    worker that dies leaves what is finished; the next one goes on from there."""

    batch = models.OneToOneField(PayoutBatch, models.PROTECT, primary_key=True, related_name="build")
    total_rows = models.PositiveIntegerField(default=0)
    done_rows = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    touched_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("payout build")
        verbose_name_plural = _("payout builds")

    def __str__(self) -> str:
        return f"{self.batch_id} {self.done_rows}/{self.total_rows}"

    @property
    def is_finished(self) -> bool:
        return self.finished_at is not None

    @property
    def percent(self) -> int:
        return 100 * self.done_rows // self.total_rows if self.total_rows else 100


class PayoutLine(models.Model):
    """An entry is paid out by at most one batch, on one sheet; again by a later one only when the bank refused to pay
    it, or returned it later. The line never changes, except that this is noted once (trigger)."""

    batch = models.ForeignKey(PayoutBatch, models.PROTECT, related_name="lines")
    entry = models.ForeignKey(RewardEntry, models.PROTECT, related_name="payout_lines", db_index=False)
    sheet = models.CharField(_("sheet"), max_length=9, choices=Sheet)
    is_refused = models.BooleanField(_("refused by the bank"), default=False)

    class Meta:
        verbose_name = _("payout line")
        verbose_name_plural = _("payout lines")
        constraints = [
            models.UniqueConstraint(fields=["entry"], condition=Q(is_refused=False), name="payoutline_once"),
            models.UniqueConstraint(fields=["entry", "batch"], name="payoutline_once_per_batch"),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id} {self.entry_id}"


class PayoutPayee(models.Model):
    """Who a payee of the HR or the vendor sheet was when the batch was made: what the files say, even where a name, a
    post or a branch changes before the last of them is written. The number stays a person's. Append-only."""

    append_only = True

    batch = models.ForeignKey(PayoutBatch, models.PROTECT, related_name="payees")
    payee = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    name = models.CharField(_("name"), max_length=40)
    branch = models.CharField(_("branch"), max_length=40)
    posts = models.CharField(_("posts"), max_length=100, blank=True)  # codes of roles: "CM BH"
    employment = models.CharField(_("employment"), max_length=12, choices=Employment)
    vendor = models.CharField(_("vendor"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("payee of a batch")
        verbose_name_plural = _("payees of a batch")
        constraints = [models.UniqueConstraint(fields=["batch", "payee"], name="payoutpayee_once")]

    def __str__(self) -> str:
        return f"{self.batch_id} {self.name}"


class PayoutBalance(models.Model):
    """What one payee gets of a batch. Nobody pays the bank: a negative balance is paid as 0.00 and carried to the next
    batch (``due + brought = paid + carried``, one of the last two is nothing)."""

    class Fate(models.TextChoices):
        OPEN = "OPEN", pgettext_lazy("payment", "Not answered yet")
        PAID = "PAID", pgettext_lazy("payment", "Paid")
        REFUSED = "REFUSED", pgettext_lazy("payment", "Refused")
        BOUNCED = "BOUNCED", pgettext_lazy("payment", "Bounced")  # paid first, returned by the bank later

    CAME_BACK = (Fate.REFUSED, Fate.BOUNCED)  # the lines behind it come again

    batch = models.ForeignKey(PayoutBatch, models.PROTECT, related_name="balances")
    payee = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    due_fen = models.BigIntegerField(_("of this batch"))  # the sum of the payee's lines, negative ones included
    brought_fen = models.BigIntegerField(_("brought forward"), default=0)  # never positive
    paid_fen = models.BigIntegerField(_("to be paid"))  # never negative
    carried_fen = models.BigIntegerField(_("carried forward"), default=0)  # never positive
    fate = models.CharField(_("answer"), max_length=7, choices=Fate, default=Fate.OPEN)
    finding = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("payout balance")
        verbose_name_plural = _("payout balances")
        constraints = [
            models.UniqueConstraint(fields=["batch", "payee"], name="payoutbalance_once"),
            models.CheckConstraint(
                condition=Q(due_fen=F("paid_fen") + F("carried_fen") - F("brought_fen")),
                name="payoutbalance_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(paid_fen__gte=0, carried_fen__lte=0, brought_fen__lte=0)
                & (Q(paid_fen=0) | Q(carried_fen=0)),
                name="payoutbalance_floor",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id} {self.payee_id}"

    @property
    def has_come_back(self) -> bool:
        return self.fate in self.CAME_BACK


class PayoutReturn(models.Model):
    """HR's return file: what the payroll says became of each payment of a batch. The same file counts once.
    Append-only."""

    append_only = True

    batch = models.ForeignKey(PayoutBatch, models.PROTECT, related_name="returns")
    file_name = models.CharField(_("file"), max_length=120)
    digest = models.CharField("SHA-256", max_length=64)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(_("uploaded"))

    class Meta:
        ordering = ["-id"]
        verbose_name = _("return file")
        verbose_name_plural = _("return files")
        constraints = [models.UniqueConstraint(fields=["batch", "digest"], name="payoutreturn_once")]

    def __str__(self) -> str:
        return self.file_name


class PayoutReturnRow(models.Model):
    """One line of it and what became of it; what does not match is listed, nothing is guessed. Append-only."""

    append_only = True

    class Fate(models.TextChoices):
        PAID = "PAID", pgettext_lazy("payment", "Paid")
        REFUSED = "REFUSED", pgettext_lazy("payment", "Refused")
        BOUNCED = "BOUNCED", pgettext_lazy("payment", "Bounced")
        DONE_BEFORE = "DONE_BEFORE", pgettext_lazy("payment", "Answered before")
        UNKNOWN = "UNKNOWN", pgettext_lazy("payment", "Unknown")

    file = models.ForeignKey(PayoutReturn, models.PROTECT, related_name="rows")
    line = models.PositiveIntegerField(_("line"))
    number = models.CharField(_("employee number"), max_length=24)
    amount = models.CharField(_("amount"), max_length=24)
    answer = models.CharField(_("answer"), max_length=24)
    fate = models.CharField(_("fate"), max_length=11, choices=Fate)
    finding = models.CharField(_("finding"), max_length=200, blank=True)

    class Meta:
        ordering = ["line"]
        constraints = [models.UniqueConstraint(fields=["file", "line"], name="payoutreturnrow_once")]

    def __str__(self) -> str:
        return f"{self.file_id}:{self.line}"


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

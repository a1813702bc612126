"""What was late and who explained it: rows beside the clocks, never inside them."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from applications.lifecycle import Clock, Outcome
from applications.models import Application, CaseClock
from organization.models import Branch
from organization.roles import Role
from supervision.querysets import LIFTED_OUTCOMES, BreachQuerySet


class Standing(models.TextChoices):
    """Where a breach stands; derived from its clock and its explanation, never stored."""

    TO_EXPLAIN = "TO_EXPLAIN", pgettext_lazy("breach", "To be explained")
    TO_DECIDE = "TO_DECIDE", pgettext_lazy("breach", "To be decided")
    ACCEPTED = "ACCEPTED", pgettext_lazy("breach", "Explanation accepted")
    REFUSED = "REFUSED", pgettext_lazy("breach", "Explanation refused")
    UNEXPLAINED = "UNEXPLAINED", pgettext_lazy("breach", "Not explained in time")
    NOBODYS = "NOBODYS", pgettext_lazy("breach", "Late in the queue, nobody's fault")
    LIFTED = "LIFTED", pgettext_lazy("breach", "Lifted")


class Breach(models.Model):
    """A clock that went past its due time. One per clock row, and so per (case, clock, round, run), however often the
    sweep runs. Who and where are copied as they were, for the boards; the verdict stands on the clock."""

    clock = models.OneToOneField(CaseClock, models.PROTECT, related_name="breach", verbose_name=_("clock"))
    application = models.ForeignKey(
        Application, models.PROTECT, related_name="breaches", db_index=False, verbose_name=_("application")
    )
    kind = models.CharField(_("clock"), max_length=16, choices=Clock)
    branch = models.ForeignKey(  # the branch whose case it is
        Branch, models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("branch")
    )
    owner = models.ForeignKey(  # the person who answered for it when it fell due
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="breaches", db_index=False,
        verbose_name=_("owner"),
    )  # fmt: skip
    owner_branch = models.ForeignKey(
        Branch, models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("answering branch")
    )
    owner_role = models.CharField(_("role"), max_length=4, choices=Role, blank=True)
    due_at = models.DateTimeField(_("due"))
    found_at = models.DateTimeField(_("found"))
    file_by = models.DateTimeField(_("explain by"))
    supervisor_at = models.DateTimeField()  # from then on the supervisors are told, while it still runs
    management_at = models.DateTimeField()
    settled_at = models.DateTimeField(_("settled"), null=True)  # the clock has stopped and its verdict is final

    objects: ClassVar[models.Manager[Breach]] = BreachQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("breach")
        verbose_name_plural = _("breaches")
        constraints = [
            models.CheckConstraint(condition=Q(found_at__gt=F("due_at")), name="breach_found_after_due"),
            models.CheckConstraint(condition=Q(file_by__gt=F("due_at")), name="breach_time_to_explain"),
        ]
        indexes = [
            # A person's own breaches: visibility, the list of what is to be explained.
            models.Index(fields=["owner", "-id"], condition=~Q(owner=None), name="breach_owner"),
            # A branch head's list.
            models.Index(fields=["branch", "-id"], name="breach_branch"),
            # Whose the delays of one branch's cases were.
            models.Index(fields=["branch", "due_at"], name="breach_branch_due"),
            # What the sweep still has to follow: escalation, lapsed windows.
            models.Index(fields=["file_by", "id"], condition=Q(settled_at=None), name="breach_unsettled"),
            # The trend of the boards.
            models.Index(fields=["due_at"], name="breach_due"),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.kind}"

    @property
    def explanation(self) -> Justification | None:
        """The justification that was filed, if any."""
        return getattr(self, "justification", None)

    def is_lifted(self, at: datetime) -> bool:
        """The clock is not late any more: it ended otherwise, or its deadline was moved and lies ahead."""
        clock = self.clock
        return clock.outcome in LIFTED_OUTCOMES or (clock.stopped_at is None and self.due_at < at <= clock.due_at)

    def standing(self, at: datetime) -> Standing:
        """Where it stands at an instant: nothing late any more, else the explanation, the verdict of the clock, the
        window."""
        filed = self.explanation
        if self.is_lifted(at):
            return Standing.LIFTED
        if filed is not None:
            if filed.is_accepted is None:
                return Standing.TO_DECIDE
            return Standing.ACCEPTED if filed.is_accepted else Standing.REFUSED
        if self.clock.outcome == Outcome.LATE_QUEUE:
            return Standing.NOBODYS
        return Standing.TO_EXPLAIN if at <= self.file_by else Standing.UNEXPLAINED


class Ground(models.TextChoices):
    """The valid explanations (domain section 5)."""

    SYSTEM_FAILURE = "SYSTEM_FAILURE", pgettext_lazy("ground", "System failure")
    MATERIAL_NOTIFIED = "MATERIAL_NOTIFIED", pgettext_lazy("ground", "Fault of the documents, notified")
    FORCE_MAJEURE = "FORCE_MAJEURE", pgettext_lazy("ground", "Force majeure")
    CUSTOMER_REQUEST = "CUSTOMER_REQUEST", pgettext_lazy("ground", "Wish of the client")
    SUPERIOR_ORDER = "SUPERIOR_ORDER", pgettext_lazy("ground", "Order of a superior")
    WORKLOAD = "WORKLOAD", pgettext_lazy("ground", "Workload above capacity")
    OTHER = "OTHER", pgettext_lazy("ground", "Other")


class Justification(models.Model):
    """The explanation of one breach: filed by who answers for it, seen by the branch head, decided by somebody else."""

    breach = models.OneToOneField(Breach, models.PROTECT, related_name="justification", verbose_name=_("breach"))
    code = models.CharField(_("ground"), max_length=20, choices=Ground)
    text = models.CharField(_("explanation"), max_length=500)
    filed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("filed by"))
    filed_at = models.DateTimeField(_("filed"))
    decide_by = models.DateTimeField(_("decide by"))
    opinion_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("opinion of")
    )
    opinion_at = models.DateTimeField(null=True)
    opinion_supports = models.BooleanField(_("supports it"), null=True)
    opinion = models.CharField(_("opinion"), max_length=300, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True)
    is_accepted = models.BooleanField(_("accepted"), null=True)
    decision = models.CharField(_("reason of the decision"), max_length=300, blank=True)

    class Meta:
        ordering = ["decide_by", "id"]
        verbose_name = _("justification")
        verbose_name_plural = _("justifications")
        constraints = [
            models.CheckConstraint(condition=~Q(decided_by=F("filed_by")), name="justification_decided_by_another"),
            models.CheckConstraint(condition=~Q(opinion_by=F("filed_by")), name="justification_opinion_of_another"),
            models.CheckConstraint(
                condition=Q(decided_by=None, decided_at=None, is_accepted=None)
                | Q(decided_by__isnull=False, decided_at__isnull=False, is_accepted__isnull=False),
                name="justification_decision_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["decide_by"], condition=Q(decided_at=None), name="justification_undecided"),
        ]

    def __str__(self) -> str:
        return f"{self.breach_id} {self.code}"


class JustificationPaper(models.Model):
    """A picture or PDF that proves an explanation; checked like a page of the paper, kept sealed, shown to who may see
    the breach."""

    justification = models.ForeignKey(Justification, models.PROTECT, related_name="papers")
    name = models.CharField(_("file"), max_length=120)
    media_type = models.CharField(max_length=40)
    digest = models.CharField(max_length=64)  # SHA-256 of what is shown, hexadecimal
    body = models.BinaryField(editable=False)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    added_at = models.DateTimeField(_("added"))

    class Meta:
        ordering = ["id"]
        verbose_name = _("evidence")
        verbose_name_plural = _("evidence")
        constraints = [models.UniqueConstraint(fields=["justification", "digest"], name="justificationpaper_once")]

    def __str__(self) -> str:
        return self.name

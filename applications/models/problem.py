"""Problem items, returns, contacts with the client, and requests that a second person approves."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from applications.models.case import Application


class Party(models.TextChoices):
    """Who has to act on a problem. CENTER does not pause the clocks (rule K6)."""

    BRANCH = "BRANCH", _("Branch")
    CUSTOMER = "CUSTOMER", _("Customer")
    HEAD_OFFICE = "HEAD_OFFICE", _("Head office")
    CENTER = "CENTER", _("Center")


class ProblemItem(models.Model):
    """Something that can be solved without sending the paper back."""

    class State(models.TextChoices):
        OPEN = "OPEN", pgettext_lazy("problem", "Open")
        WAIT_BRANCH = "WAIT_BRANCH", _("Waiting for the branch")
        WAIT_CUSTOMER = "WAIT_CUSTOMER", _("Waiting for the customer")
        WAIT_HEAD_OFFICE = "WAIT_HEAD_OFFICE", _("Waiting for head office")
        REPLIED = "REPLIED", _("Replied")
        RESOLVED = "RESOLVED", _("Resolved")
        RETURNED = "RETURNED", _("Turned into a return")
        VOID = "VOID", _("Void")

    AWAITED = (State.WAIT_BRANCH, State.WAIT_CUSTOMER, State.WAIT_HEAD_OFFICE)  # somebody's answer is waited for
    CLOSED = (State.RESOLVED, State.RETURNED, State.VOID)

    application = models.ForeignKey(Application, models.PROTECT, related_name="problems")
    code = models.CharField(_("code"), max_length=4)
    party = models.CharField(_("responsible"), max_length=12, choices=Party)
    state = models.CharField(_("state"), max_length=16, choices=State)
    note = models.CharField(_("note"), max_length=300, blank=True)
    raised_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    raised_at = models.DateTimeField(_("raised"))
    wait_until = models.DateField(_("the client asks to wait until"), null=True)  # code U03 only
    answer = models.CharField(_("answer"), max_length=300, blank=True)
    replied_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    replied_at = models.DateTimeField(_("replied"), null=True)
    resolution = models.CharField(_("resolution"), max_length=300, blank=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(_("closed"), null=True)

    class Meta:
        ordering = ["-raised_at"]
        verbose_name = _("problem item")
        verbose_name_plural = _("problem items")
        constraints = [
            # Invariant 6: at most one open problem item per case.
            models.UniqueConstraint(fields=["application"], condition=Q(closed_at=None), name="problem_one_open"),
        ]
        indexes = [
            # Clients who asked to wait: the reminder of the day.
            models.Index(
                fields=["wait_until"], condition=Q(closed_at=None, wait_until__isnull=False), name="problem_waits_until"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.code}"


class ReturnNote(models.Model):
    """Why a file went back to the branch in a round, and what the branch answered to each code."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="returns")
    round = models.PositiveSmallIntegerField(_("round"))  # the round that the return opened
    codes = models.JSONField(_("codes"), default=list)
    note = models.CharField(_("note"), max_length=300)
    returned_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    returned_at = models.DateTimeField(_("returned"))
    answers = models.JSONField(_("answers"), default=dict)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(_("answered"), null=True)

    class Meta:
        ordering = ["-round"]
        verbose_name = _("return")
        verbose_name_plural = _("returns")
        constraints = [models.UniqueConstraint(fields=["application", "round"], name="return_once_per_round")]

    def __str__(self) -> str:
        return f"{self.application_id}/{self.round}"


class ContactLog(models.Model):
    """One try to reach the client. A promise makes a reminder."""

    class Channel(models.TextChoices):
        PHONE = "PHONE", _("Phone")
        VISIT = "VISIT", _("Visit")
        MESSAGE = "MESSAGE", _("Message")

    class Result(models.TextChoices):
        REACHED = "REACHED", _("Reached")
        MISSED = "MISSED", _("No answer")
        REFUSED = "REFUSED", _("Refused to talk")
        PROMISED = "PROMISED", _("Agreed on a time")

    application = models.ForeignKey(Application, models.PROTECT, related_name="contacts")
    channel = models.CharField(_("channel"), max_length=8, choices=Channel)
    result = models.CharField(_("result"), max_length=8, choices=Result)
    promised_at = models.DateTimeField(_("agreed time"), null=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("at"))

    class Meta:
        ordering = ["-at"]
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        indexes = [
            # Agreed calls that come near: the reminder of every minute.
            models.Index(fields=["promised_at"], condition=Q(promised_at__isnull=False), name="contact_promised"),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.result}"


class Approval(models.Model):
    """A request that a second person decides: reopening a case, correcting a stamp."""

    class Kind(models.TextChoices):
        REOPEN = "REOPEN", _("Reopen")
        CORRECT_STAMP = "CORRECT_STAMP", _("Correct a stamp")

    application = models.ForeignKey(Application, models.PROTECT, related_name="approvals")
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    facts = models.JSONField(default=dict)
    reason = models.CharField(_("reason"), max_length=300)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(_("asked"))
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(_("decided"), null=True)
    is_approved = models.BooleanField(_("approved"), null=True)
    note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        ordering = ["-asked_at"]
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        constraints = [
            models.CheckConstraint(condition=~Q(asked_by=models.F("decided_by")), name="approval_by_a_second_person"),
            models.UniqueConstraint(
                fields=["application", "kind"], condition=Q(decided_at=None), name="approval_one_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.application_id}"

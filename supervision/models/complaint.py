"""Complaints in five steps, with their own deadlines: a deadline of a complaint is a column of its row."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from applications.models import Application
from supervision.querysets import ComplaintQuerySet


class ComplaintAct(models.TextChoices):
    """What is done on a complaint; who may, from where and to where stands in supervision/lifecycle.py."""

    OPEN = "OPEN", pgettext_lazy("complaint act", "Opened")
    ASSIGN = "ASSIGN", pgettext_lazy("complaint act", "Taken in hand")
    RELIEVE = "RELIEVE", pgettext_lazy("complaint act", "Handler took part in the case")
    LINK = "LINK", pgettext_lazy("complaint act", "Case found")
    REPLY = "REPLY", pgettext_lazy("complaint act", "First reply")
    ESCALATE = "ESCALATE", pgettext_lazy("complaint act", "Passed to the supervisor")
    SOLVE = "SOLVE", pgettext_lazy("complaint act", "Solved")
    FOLLOW_UP = "FOLLOW_UP", pgettext_lazy("complaint act", "Follow-up call")
    CLOSE = "CLOSE", pgettext_lazy("complaint act", "Closed")
    MARK_COMPLEX = "MARK_COMPLEX", pgettext_lazy("complaint act", "Marked as complex")
    ASK_EXTENSION = "ASK_EXTENSION", pgettext_lazy("complaint act", "More time asked for")
    EXTEND = "EXTEND", pgettext_lazy("complaint act", "More time approved")
    TICK = "TICK", pgettext_lazy("complaint act", "None missed")
    REPLY_SOON = "REPLY_SOON", pgettext_lazy("complaint act", "Reply due soon")
    REPLY_LATE = "REPLY_LATE", pgettext_lazy("complaint act", "Reply overdue")
    CLOSE_SOON = "CLOSE_SOON", pgettext_lazy("complaint act", "Closing due soon")
    CLOSE_LATE = "CLOSE_LATE", pgettext_lazy("complaint act", "Closing overdue")


class Complaint(models.Model):
    """One complaint of a client (开放态度 → 及时处理 → 主管受理 → 制订对策 → 跟踪结果)."""

    class State(models.TextChoices):
        OPENED = "OPENED", pgettext_lazy("complaint", "Opened")
        REPLIED = "REPLIED", pgettext_lazy("complaint", "Replied")
        ESCALATED = "ESCALATED", pgettext_lazy("complaint", "With the supervisor")
        SOLVED = "SOLVED", pgettext_lazy("complaint", "Solved")
        FOLLOWED_UP = "FOLLOWED_UP", pgettext_lazy("complaint", "Followed up")
        CLOSED = "CLOSED", pgettext_lazy("complaint", "Closed")

    class About(models.TextChoices):
        SALE = "SALE", pgettext_lazy("complaint", "The sale")
        SERVICE = "SERVICE", pgettext_lazy("complaint", "The service")
        DELAY = "DELAY", pgettext_lazy("complaint", "The delay")
        PRIVACY = "PRIVACY", pgettext_lazy("complaint", "Personal data")
        DENIES = "DENIES", pgettext_lazy("complaint", "“I did not apply”")
        OTHER = "OTHER", pgettext_lazy("complaint", "Something else")

    class Channel(models.TextChoices):
        PHONE = "PHONE", pgettext_lazy("complaint", "Phone")
        COUNTER = "COUNTER", pgettext_lazy("complaint", "Counter")
        LETTER = "LETTER", pgettext_lazy("complaint", "Letter or e-mail")
        REGULATOR = "REGULATOR", pgettext_lazy("complaint", "Passed on by the regulator")

    number = models.CharField(_("number"), max_length=16, unique=True)
    application = models.ForeignKey(Application, models.PROTECT, null=True, related_name="complaints")
    about = models.CharField(_("about"), max_length=8, choices=About)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    text = models.CharField(_("what the client says"), max_length=1000)
    against = models.ForeignKey(  # whom it is about, when it is about somebody: whose reward is held
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("against")
    )
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.OPENED)
    version = models.PositiveIntegerField(default=1)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(_("opened"))
    handler = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("handler")
    )
    reply_by = models.DateTimeField(_("reply by"))
    reply_warn_at = models.DateTimeField()
    close_by = models.DateTimeField(_("close by"))
    close_warn_at = models.DateTimeField()
    is_complex = models.BooleanField(_("complex"), default=False)  # 30 days instead of 15
    extended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    extended_at = models.DateTimeField(_("extended"), null=True)  # by 30 more days, once, with approval
    replied_at = models.DateTimeField(_("replied"), null=True)
    escalated_at = models.DateTimeField(_("escalated"), null=True)
    solved_at = models.DateTimeField(_("solved"), null=True)
    followed_up_at = models.DateTimeField(_("followed up"), null=True)
    closed_at = models.DateTimeField(_("closed"), null=True)
    is_upheld = models.BooleanField(_("upheld"), null=True)
    # Four times "none missed": recorded, handled, checked again, fed back.
    recorded_at = models.DateTimeField(_("recorded"), null=True)
    handled_at = models.DateTimeField(_("handled"), null=True)
    rechecked_at = models.DateTimeField(_("checked again"), null=True)
    fed_back_at = models.DateTimeField(_("fed back"), null=True)

    objects: ClassVar[models.Manager[Complaint]] = ComplaintQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-id"]
        verbose_name = _("complaint")
        verbose_name_plural = _("complaints")
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="CLOSED")
                | Q(followed_up_at__isnull=False, closed_at__isnull=False, is_upheld__isnull=False),
                name="complaint_closed_after_the_call",
            ),
            models.CheckConstraint(
                condition=~Q(state="CLOSED")
                | Q(
                    recorded_at__isnull=False,
                    handled_at__isnull=False,
                    rechecked_at__isnull=False,
                    fed_back_at__isnull=False,
                ),
                name="complaint_closed_none_missed",
            ),
            models.CheckConstraint(condition=~Q(handler=F("against")), name="complaint_handled_by_another"),
            models.CheckConstraint(condition=~Q(extended_by=F("handler")), name="complaint_extended_by_another"),
            models.CheckConstraint(condition=Q(close_by__gt=F("opened_at")), name="complaint_due_after_opening"),
        ]
        indexes = [
            # The handlers' list and the sweep: what is open, by its next deadline.
            models.Index(
                fields=["reply_by", "id"], condition=Q(replied_at=None, closed_at=None), name="complaint_to_reply"
            ),
            models.Index(fields=["close_by", "id"], condition=Q(closed_at=None), name="complaint_open"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def due_at(self) -> datetime:
        """The next deadline: of the first reply, then of the closing."""
        return self.close_by if self.replied_at else self.reply_by


class ComplaintEvent(models.Model):
    """One act on a complaint. Append-only."""

    append_only = True

    complaint = models.ForeignKey(Complaint, models.PROTECT, related_name="events")
    act = models.CharField(_("act"), max_length=16, choices=ComplaintAct)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("at"))
    text = models.CharField(_("text"), max_length=1000, blank=True)
    facts = models.JSONField(default=dict)
    due_at = models.DateTimeField(null=True)  # of a warning: the deadline that it is about

    class Meta:
        ordering = ["id"]
        verbose_name = _("act on a complaint")
        verbose_name_plural = _("acts on complaints")
        constraints = [
            # What runs out is told once, however often the job looks.
            models.UniqueConstraint(
                fields=["complaint", "act", "due_at"],
                condition=Q(due_at__isnull=False),
                name="complaintevent_told_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.complaint_id} {self.act}"

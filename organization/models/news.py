"""What people are told."""

from __future__ import annotations

from datetime import time
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from organization.models.people import Employee
from organization.models.versions import PolicyStatus, Version, two_people
from organization.querysets import MessageQuerySet


class Message(models.Model):
    """News for one person, written in the transaction of what it tells. The words are made when it is read."""

    employee = models.ForeignKey(Employee, models.CASCADE, related_name="news", verbose_name=_("employee"))
    kind = models.CharField(_("kind"), max_length=40)
    facts = models.JSONField(_("facts"), default=dict)  # numbers, codes and times; never a client's data
    about = models.CharField(_("about"), max_length=40, blank=True)  # the path of the page that it is about
    at = models.DateTimeField(_("at"))
    read_at = models.DateTimeField(_("read at"), null=True, blank=True)

    objects: ClassVar[models.Manager[Message]] = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes = [
            models.Index(fields=["employee", "-at", "-id"], name="message_inbox"),  # read by the inbox page
            models.Index(fields=["employee"], condition=Q(read_at=None), name="message_unread"),  # the bell's count
        ]

    def __str__(self) -> str:
        return f"{self.kind} → {self.employee_id}"


class MessageTemplate(Version):
    """The bank's own words of one kind of message in one language; without one the product's words hold."""

    about = ("kind", "language")
    audit_name = "template"

    kind = models.CharField(_("kind"), max_length=40)
    language = models.CharField(_("language"), max_length=8)
    text = models.CharField(_("text"), max_length=300)  # with the facts of the kind by name: %(number)s

    class Meta:
        ordering = ["kind", "language", "-starts_on"]
        verbose_name = _("message template")
        verbose_name_plural = _("message templates")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "language", "starts_on"],
                condition=Q(status=PolicyStatus.APPROVED),
                name="messagetemplate_once_per_day",
            ),
            two_people("messagetemplate_two_people"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.language}"


class Channel(models.TextChoices):
    """Ways out of the house. The inbox is always there and is no channel."""

    MAIL = "MAIL", _("E-mail")
    CHAT = "CHAT", _("Chat group")  # WeCom, DingTalk, Feishu through apprise


class NewsPreference(models.Model):
    """When and how one person wants to be told. Without a row: working hours, a digest at nine, no mail."""

    employee = models.OneToOneField(Employee, models.CASCADE, primary_key=True, related_name="preference")
    quiet_from = models.TimeField(_("quiet from"), default=time(17, 30))
    quiet_to = models.TimeField(_("quiet until"), default=time(8, 30))
    digest_at = models.TimeField(_("digest at"), default=time(9))
    by_mail = models.BooleanField(_("by e-mail"), default=False)

    class Meta:
        verbose_name = _("preference")
        verbose_name_plural = _("preferences")

    def __str__(self) -> str:
        return f"{self.employee_id}"


class Delivery(models.Model):
    """One letter out of the house: what waits is sent by the worker, tried again, and given up in sight."""

    channel = models.CharField(_("channel"), max_length=4, choices=Channel)
    employee = models.ForeignKey(Employee, models.CASCADE, null=True, related_name="deliveries")  # null: a group
    subject = models.CharField(_("subject"), max_length=120)
    text = models.TextField(_("text"))  # numbers, codes and times; never a client's data
    key = models.CharField(max_length=80, unique=True)  # what makes it go out once: digest:LZ10012:2026-11-25
    due_at = models.DateTimeField(_("to be sent"))
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    sent_at = models.DateTimeField(_("sent"), null=True)
    given_up_at = models.DateTimeField(_("given up"), null=True)
    error = models.CharField(_("error"), max_length=80, blank=True)

    class Meta:
        ordering = ["-due_at", "-id"]
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        indexes = [
            # What the sender still has to send.
            models.Index(fields=["due_at", "id"], condition=Q(sent_at=None, given_up_at=None), name="delivery_waiting"),
        ]

    def __str__(self) -> str:
        return self.key

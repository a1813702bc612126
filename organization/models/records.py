"""What the product keeps about itself: revisions, job runs, the audit trail, tokens, switches."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from organization.models.people import Employee


class Revision(models.Model):
    """A number that grows with every change of a reference table, so that each process knows when to read it again."""

    name = models.CharField(max_length=40, primary_key=True)
    number = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name} {self.number}"


class JobRun(models.Model):
    """One pass of a periodic job. Readiness and the boards read the last finished one."""

    name = models.CharField(_("job"), max_length=40)
    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    counts = models.JSONField(_("counts"), default=dict)
    error = models.CharField(_("error"), max_length=200, blank=True)

    class Meta:
        ordering = ["-started_at"]
        verbose_name = _("job run")
        verbose_name_plural = _("job runs")
        indexes = [models.Index(fields=["name", "-started_at"], name="jobrun_latest")]

    def __str__(self) -> str:
        return f"{self.name} {self.started_at:%F %T}"


class AuditRecord(models.Model):
    """Who looked at or changed what, outside the case's own events: reveals, sign-ins, exports, policies. Append-only.

    Each row carries the digest of the row before it (docs/audit.md); a trigger refuses UPDATE, DELETE and TRUNCATE.
    """

    append_only = True

    at = models.DateTimeField(_("at"))
    actor = models.ForeignKey(Employee, models.PROTECT, null=True, related_name="+", verbose_name=_("person"))
    action = models.CharField(_("action"), max_length=40)
    subject = models.CharField(_("subject"), max_length=80, blank=True)
    facts = models.JSONField(_("facts"), default=dict)
    digest = models.BinaryField(editable=False)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("audit record")
        verbose_name_plural = _("audit records")
        indexes = [
            models.Index(fields=["subject", "-id"], name="audit_subject"),
            models.Index(fields=["action", "at"], name="audit_action"),  # what was opened today (audit's home)
            models.Index(fields=["actor", "action", "at"], name="audit_actor"),  # counts a person's reveals of the day
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"


class ApiToken(models.Model):
    """A sign-in of a program; only the hash of the token is kept."""

    digest = models.CharField(max_length=64, primary_key=True)
    employee = models.ForeignKey(Employee, models.CASCADE, related_name="tokens")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.employee_id} {self.created_at:%F %T}"

    @staticmethod
    def digest_of(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()

    @classmethod
    def issue(cls, *, employee: Employee, at: datetime, expires_at: datetime) -> str:
        """Makes a token; the clear value is returned once and never stored."""
        token = secrets.token_urlsafe(32)
        cls.objects.create(digest=cls.digest_of(token), employee=employee, created_at=at, expires_at=expires_at)
        return token


class Switch(models.Model):
    """A rule of the bank that can be turned on or off in the application (domain section 16)."""

    name = models.CharField(_("name"), max_length=40, primary_key=True)
    is_on = models.BooleanField(_("on"), default=False)

    class Meta:
        verbose_name = _("switch")
        verbose_name_plural = _("switches")

    def __str__(self) -> str:
        return self.name

    @classmethod
    def state_of(cls, name: str) -> bool:
        return bool(cls.objects.filter(pk=name, is_on=True).exists())

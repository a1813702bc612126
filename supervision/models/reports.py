"""Reports taken out of the house: written in the background, kept as they were written."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ReportRun(models.Model):
    """One export of a report: what was asked, how far it is, and the file."""

    class State(models.TextChoices):
        WAITING = "WAITING", pgettext_lazy("report", "Waiting")
        RUNNING = "RUNNING", pgettext_lazy("report", "Running")
        DONE = "DONE", pgettext_lazy("report", "Done")
        FAILED = "FAILED", pgettext_lazy("report", "Failed")

    report = models.CharField(_("report"), max_length=40)
    asked = models.JSONField(_("asked"), default=dict)  # the filters of the page that it was asked on
    language = models.CharField(max_length=8, default="zh-hans")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(_("asked"))
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    done_rows = models.PositiveIntegerField(_("rows written"), default=0)
    total_rows = models.PositiveIntegerField(_("rows"), default=0)
    touched_at = models.DateTimeField()
    finished_at = models.DateTimeField(_("finished"), null=True)
    name = models.CharField(_("file"), max_length=80, blank=True)
    body = models.BinaryField(null=True, editable=False)
    digest = models.CharField(_("SHA-256"), max_length=64, blank=True)
    error = models.CharField(_("error"), max_length=200, blank=True)

    class Meta:
        ordering = ["-asked_at", "-id"]
        verbose_name = _("exported report")
        verbose_name_plural = _("exported reports")
        constraints = [
            models.CheckConstraint(condition=~Q(state="DONE") | Q(body__isnull=False), name="reportrun_done_has_a_file")
        ]

    def __str__(self) -> str:
        return f"{self.report} {self.state}"

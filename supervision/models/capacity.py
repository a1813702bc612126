"""What the center can do in a day: standard minutes per piece of work, and the runs of the simulation."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from organization.models.versions import PolicyStatus, Version, two_people


class StandardMinutes(Version):
    """How many minutes one piece of work of a queue takes by the bank's own measure, from a day on."""

    about = ("queue",)
    audit_name = "standard_minutes"

    queue = models.CharField(_("queue"), max_length=16)  # a name of applications.lifecycle.QUEUES
    minutes = models.DecimalField(_("standard minutes"), max_digits=5, decimal_places=1)

    class Meta:
        ordering = ["queue", "-starts_on"]
        verbose_name = _("standard minutes")
        verbose_name_plural = _("standard minutes")
        constraints = [
            models.UniqueConstraint(
                fields=["queue", "starts_on"],
                condition=Q(status=PolicyStatus.APPROVED),
                name="standardminutes_once_per_day",
            ),
            models.CheckConstraint(condition=Q(minutes__gt=0, minutes__lte=480), name="standardminutes_sensible"),
            two_people("standardminutes_two_people"),
        ]

    def __str__(self) -> str:
        return f"{self.queue} {self.minutes}"


class SimulationRun(models.Model):
    """One run of the simulation in the background: what was asked, how far it is, what came out."""

    class Kind(models.TextChoices):
        WHAT_IF = "WHAT_IF", pgettext_lazy("simulation", "What if")
        FORECAST = "FORECAST", pgettext_lazy("simulation", "Forecast")
        CHECK = "CHECK", pgettext_lazy("simulation", "Check against a held-back week")

    class State(models.TextChoices):
        WAITING = "WAITING", pgettext_lazy("simulation", "Waiting")
        RUNNING = "RUNNING", pgettext_lazy("simulation", "Running")
        DONE = "DONE", pgettext_lazy("simulation", "Done")
        FAILED = "FAILED", pgettext_lazy("simulation", "Failed")
        STOPPED = "STOPPED", pgettext_lazy("simulation", "Cancelled")

    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.WHAT_IF)
    name = models.CharField(_("name"), max_length=60)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField(_("asked"))
    asked = models.JSONField(_("assumptions"), default=dict)  # arrivals, staff, limits, absences; the seed among them
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    percent = models.PositiveSmallIntegerField(_("progress"), default=0)
    attempts = models.PositiveSmallIntegerField(default=0)  # how often a worker has taken it up
    touched_at = models.DateTimeField()
    finished_at = models.DateTimeField(_("finished"), null=True)
    outcome = models.JSONField(_("outcome"), default=dict)
    error = models.CharField(_("error"), max_length=200, blank=True)

    class Meta:
        ordering = ["-asked_at", "-id"]
        verbose_name = _("simulation")
        verbose_name_plural = _("simulations")
        indexes = [
            # The newest forecast and the newest check, on every capacity page.
            models.Index(fields=["kind", "-asked_at"], name="simulationrun_newest"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(percent__lte=100), name="simulationrun_percent"),
            models.CheckConstraint(
                condition=Q(state__in=["DONE", "FAILED", "STOPPED"]) ^ Q(finished_at=None),
                name="simulationrun_ended_with_time",
            ),
        ]

    def __str__(self) -> str:
        return self.name

"""Who was told, reminded and urged, so that nobody is twice."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from applications.models import Application, CaseClock, ContactLog


class ClockNotice(models.Model):
    """That somebody was told about a clock, once per level."""

    class Level(models.TextChoices):
        WARNING = "WARNING", _("Warning")
        SUPERVISOR = "SUPERVISOR", _("Supervisor told")
        MANAGEMENT = "MANAGEMENT", _("Management told")

    clock = models.ForeignKey(CaseClock, models.PROTECT, related_name="notices", db_index=False)
    level = models.CharField(_("level"), max_length=10, choices=Level)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        constraints = [models.UniqueConstraint(fields=["clock", "level"], name="clocknotice_once_per_level")]

    def __str__(self) -> str:
        return f"{self.clock_id} {self.level}"


class Untold(models.Model):
    """Somebody who has still to hear of a clock: what falls due in the night waits here for the morning. Gone once the
    person has been told, or when there is nothing left to tell."""

    class News(models.TextChoices):
        WARNING = "WARNING", _("Warning")
        BREACH = "BREACH", _("Breach to be explained")
        OVERDUE = "OVERDUE", _("Breach that is nobody's fault")
        FOUND = "FOUND", _("Trackers told")
        SUPERVISOR = "SUPERVISOR", _("Supervisor told")
        MANAGEMENT = "MANAGEMENT", _("Management told")

    # Rows that live for a night at most: each check of a key would be a look-up more.
    employee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    clock = models.ForeignKey(CaseClock, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    news = models.CharField(_("news"), max_length=10, choices=News)

    class Meta:
        verbose_name = _("news that wait")
        verbose_name_plural = _("news that wait")
        # Also how the news of a person are found.
        constraints = [models.UniqueConstraint(fields=["employee", "clock", "news"], name="untold_once")]

    def __str__(self) -> str:
        return f"{self.clock_id} {self.news} → {self.employee_id}"


class DayNotice(models.Model):
    """That a list or an alarm of a day has gone out, once per day and subject (a branch's code, or nothing)."""

    kind = models.CharField(_("kind"), max_length=24)
    on = models.DateField(_("day"))
    subject = models.CharField(_("subject"), max_length=16, blank=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("notice of the day")
        verbose_name_plural = _("notices of the day")
        constraints = [models.UniqueConstraint(fields=["kind", "on", "subject"], name="daynotice_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.on} {self.subject}"


class CallReminder(models.Model):
    """That the officer was reminded of a call agreed with a client."""

    contact = models.OneToOneField(ContactLog, models.PROTECT, related_name="reminder")
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("call reminder")
        verbose_name_plural = _("call reminders")

    def __str__(self) -> str:
        return f"{self.contact_id}"


class Urge(models.Model):
    """One push on a case (催办): who asked, in which words, and how many people were told."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="urges", verbose_name=_("application"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    text = models.CharField(_("message"), max_length=200)
    told = models.PositiveSmallIntegerField(_("people told"))
    at = models.DateTimeField(_("at"))

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name = _("urge")
        verbose_name_plural = _("urges")

    def __str__(self) -> str:
        return f"{self.application_id} {self.at:%F %T}"

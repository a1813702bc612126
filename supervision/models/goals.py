"""What people aim at and what is told of them: targets, weekly sheets, the success feed, personal summaries."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from applications.models import Application
from organization.models import Area, Branch


class Measure(models.TextChoices):
    """What a target counts."""

    REFERRALS = "REFERRALS", pgettext_lazy("measure", "Referrals")
    INTAKES = "INTAKES", pgettext_lazy("measure", "Intakes")
    ACTIVATIONS = "ACTIVATIONS", pgettext_lazy("measure", "Activations")
    GROUPS = "GROUPS", pgettext_lazy("measure", "Group batches")


class Target(models.Model):
    """What a branch or a person is to reach in a month. Set again, it is replaced; the audit trail keeps all."""

    month = models.DateField(_("month"))  # its first day
    branch = models.ForeignKey(Branch, models.PROTECT, null=True, related_name="targets", verbose_name=_("branch"))
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="targets", verbose_name=_("person")
    )
    measure = models.CharField(_("measure"), max_length=12, choices=Measure)
    value = models.PositiveIntegerField(_("target"))
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("set by"))
    set_at = models.DateTimeField(_("set"))

    class Meta:
        ordering = ["-month", "branch", "person", "measure"]
        verbose_name = _("target")
        verbose_name_plural = _("targets")
        constraints = [
            models.CheckConstraint(
                condition=Q(branch=None, person__isnull=False) | Q(branch__isnull=False, person=None),
                name="target_of_a_branch_or_a_person",
            ),
            models.UniqueConstraint(
                fields=["month", "branch", "measure"], condition=Q(person=None), name="target_once_per_branch"
            ),
            models.UniqueConstraint(
                fields=["month", "person", "measure"], condition=Q(branch=None), name="target_once_per_person"
            ),
            models.CheckConstraint(condition=Q(month__day=1), name="target_of_a_month"),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.measure} {self.value}"


class WeeklySheet(models.Model):
    """周反馈表: the figures of an area's branches for one week, Monday to Sunday, as they stood on Sunday at 18:00."""

    area = models.ForeignKey(Area, models.PROTECT, related_name="weekly_sheets", verbose_name=_("area"))
    monday = models.DateField(_("week from"))
    figures = models.JSONField(_("figures"))  # branch code → measure → number
    made_at = models.DateTimeField(_("made"))

    class Meta:
        ordering = ["-monday", "area"]
        verbose_name = _("weekly sheet")
        verbose_name_plural = _("weekly sheets")
        constraints = [models.UniqueConstraint(fields=["area", "monday"], name="weeklysheet_once")]

    def __str__(self) -> str:
        return f"{self.area} {self.monday}"


class WeeklyNote(models.Model):
    """What a branch head says to the week of the branch."""

    sheet = models.ForeignKey(WeeklySheet, models.CASCADE, related_name="notes")
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+", verbose_name=_("branch"))
    text = models.CharField(_("note"), max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))

    class Meta:
        ordering = ["branch"]
        verbose_name = _("note to the week")
        verbose_name_plural = _("notes to the week")
        constraints = [models.UniqueConstraint(fields=["sheet", "branch"], name="weeklynote_once_per_branch")]

    def __str__(self) -> str:
        return f"{self.sheet_id} {self.branch_id}"


class Broadcast(models.Model):
    """即时短信: one success in the feed. Never with client data; the words are made when it is read."""

    class Reason(models.TextChoices):
        FIRST_CARD = "FIRST_CARD", pgettext_lazy("broadcast", "First card")
        HIGH_TIER = "HIGH_TIER", pgettext_lazy("broadcast", "Platinum or higher")
        GROUP = "GROUP", pgettext_lazy("broadcast", "Milestone of a group batch")
        RECORD = "RECORD", pgettext_lazy("broadcast", "Record of the day")

    application = models.ForeignKey(Application, models.PROTECT, related_name="broadcasts", db_index=False)
    reason = models.CharField(_("reason"), max_length=10, choices=Reason)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("person"))
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+", verbose_name=_("branch"))
    facts = models.JSONField(_("facts"), default=dict)
    motto = models.CharField(_("in one sentence"), max_length=80, blank=True)  # 一句心得, by the person
    cheer = models.CharField(_("word of the branch head"), max_length=80, blank=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name = _("broadcast")
        verbose_name_plural = _("broadcasts")
        constraints = [models.UniqueConstraint(fields=["application", "reason"], name="broadcast_once")]
        indexes = [models.Index(fields=["-at", "-id"], name="broadcast_feed")]

    def __str__(self) -> str:
        return f"{self.application_id} {self.reason}"


class MonthSummary(models.Model):
    """个人小结: a month of one person in five blocks; the numbers are filled in, the text is the person's."""

    BLOCKS = ("review", "results", "problems", "measures", "plan")  # 回顾, 成果, 问题, 措施, 计划

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="summaries")
    month = models.DateField(_("month"))  # its first day
    review = models.TextField(_("review"), blank=True, max_length=1000)
    results = models.TextField(_("results"), blank=True, max_length=1000)
    problems = models.TextField(_("problems"), blank=True, max_length=1000)
    measures = models.TextField(_("measures"), blank=True, max_length=1000)
    plan = models.TextField(_("plan"), blank=True, max_length=1000)
    version = models.PositiveIntegerField(default=1)
    saved_at = models.DateTimeField(_("saved"))

    class Meta:
        ordering = ["-month"]
        verbose_name = _("personal summary")
        verbose_name_plural = _("personal summaries")
        constraints = [
            models.UniqueConstraint(fields=["person", "month"], name="monthsummary_once"),
            models.CheckConstraint(condition=Q(month__day=1), name="monthsummary_of_a_month"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.month:%Y-%m}"

"""Which days are working days, and when a branch is open on them."""

from __future__ import annotations

from datetime import time

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from ops_center.kernel.worktime import Hours
from organization.models.people import Branch
from organization.models.versions import Drafted, PolicyStatus, Version, two_people


class CalendarDay(models.Model):
    """One day of the official calendar; a year without rows falls back to weekdays, marked provisional."""

    on = models.DateField(_("day"), primary_key=True)
    is_workday = models.BooleanField(_("working day"))
    name = models.CharField(_("holiday"), max_length=40, blank=True)
    source = models.CharField(_("source"), max_length=120, blank=True)

    class Meta:
        ordering = ["on"]
        verbose_name = _("calendar day")
        verbose_name_plural = _("calendar days")

    def __str__(self) -> str:
        return f"{self.on}"


class CalendarChange(Drafted):
    """A change of the calendar: a year's official list, or single days that the bank turns. Drafted by one person with
    a diff and a preview, put in force by a second; then the open clocks are computed again."""

    about = ("year",)
    audit_name = "calendar"

    year = models.PositiveSmallIntegerField(_("year"))
    # Every day that it lays down: [{"on": "2027-01-01", "is_workday": false, "name": "元旦"}].
    days = models.JSONField(_("days"))
    source = models.CharField(_("source"), max_length=120)
    reason = models.CharField(_("reason of the correction"), max_length=300, blank=True)  # of days that have begun
    drafted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("drafted by")
    )
    drafted_at = models.DateTimeField(_("drafted"))
    moved = models.PositiveIntegerField(_("deadlines moved"), null=True)  # of open clocks, at the approval

    class Meta:
        ordering = ["-drafted_at"]
        verbose_name = _("change of the calendar")
        verbose_name_plural = _("changes of the calendar")
        constraints = [
            models.CheckConstraint(
                condition=~Q(status=PolicyStatus.APPROVED)
                | Q(approved_by__isnull=False, approved_at__gte=F("drafted_at")) & ~Q(approved_by=F("drafted_by")),
                name="calendarchange_two_people",
            )
        ]

    def __str__(self) -> str:
        return f"{self.year}"


class BranchTimes(Version):
    """Business hours and the cut-off of a branch from a day on; without a row the branch's own columns hold."""

    about = ("branch_id",)
    audit_name = "branchtimes"

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="times", verbose_name=_("branch"))
    opens_at = models.TimeField(_("opens"))
    closes_at = models.TimeField(_("closes"))
    cut_off = models.TimeField(_("cut-off of the day's bag"))
    # Other cut-offs by weekday: {"5": "16:00"} is Saturday (Monday is 0), for make-up days at the weekend too.
    cut_offs = models.JSONField(_("cut-offs by weekday"), default=dict)
    truck_at = models.TimeField(_("cash truck"))

    class Meta:
        ordering = ["branch", "-starts_on"]
        verbose_name = _("times of a branch")
        verbose_name_plural = _("times of branches")
        constraints = [
            models.UniqueConstraint(
                fields=["branch", "starts_on"],
                condition=Q(status=PolicyStatus.APPROVED),
                name="branchtimes_once_per_day",
            ),
            models.CheckConstraint(condition=Q(opens_at__lt=F("closes_at")), name="branchtimes_open_before_close"),
            two_people("branchtimes_two_people"),
        ]

    def __str__(self) -> str:
        return f"{self.branch.code} {self.starts_on}"

    @property
    def hours(self) -> Hours:
        """For the clocks."""
        by_weekday = ((int(weekday), time.fromisoformat(cut_off)) for weekday, cut_off in self.cut_offs.items())
        return Hours(
            opens=self.opens_at, closes=self.closes_at, cut_off=self.cut_off, cut_offs=tuple(sorted(by_weekday))
        )

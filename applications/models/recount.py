"""Clocks that are reckoned anew, portion by portion, after a change of what they are measured by."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from applications.models.clock import CaseClock, Outage
from organization.models import CalendarChange


class Recount(models.Model):
    """What a change of the calendar, or an outage, does to the clocks that it concerns: how many they are, how many
    have been reckoned, and what came of it. What turns up later (an outage that still lasts) is added to it."""

    change = models.OneToOneField(CalendarChange, models.PROTECT, null=True, related_name="recount")
    outage = models.OneToOneField(Outage, models.PROTECT, null=True, related_name="recount")
    begun_at = models.DateTimeField(_("in force"))  # by then a clock had been late already, or had not
    days = models.PositiveSmallIntegerField(_("days changed"), default=0)
    total = models.PositiveIntegerField(_("clocks"), default=0)
    done = models.PositiveIntegerField(_("clocks reckoned"), default=0)
    moved = models.PositiveIntegerField(_("deadlines moved"), default=0)
    overdue = models.PositiveIntegerField(_("became overdue"), default=0)
    relieved = models.PositiveIntegerField(_("overdue no more"), default=0)
    exempt = models.PositiveIntegerField(_("exempt"), default=0)
    finished_at = models.DateTimeField(_("finished"), null=True)
    told_at = models.DateTimeField(_("told"), null=True)  # once, after the first end

    class Meta:
        ordering = ["-begun_at"]
        verbose_name = _("recount")
        verbose_name_plural = _("recounts")
        constraints = [
            models.CheckConstraint(
                condition=Q(change__isnull=True) ^ Q(outage__isnull=True), name="recount_of_one_change"
            ),
            models.CheckConstraint(
                condition=Q(finished_at=None, done__lt=F("total")) | Q(finished_at__isnull=False, done=F("total")),
                name="recount_finished_iff_all_done",
            ),
        ]
        indexes = [
            # What goes on and what is to be told: every minute, and every page of the boards.
            models.Index(fields=["begun_at"], condition=Q(finished_at=None), name="recount_outstanding"),
            models.Index(fields=["begun_at"], condition=Q(told_at=None), name="recount_untold"),
        ]

    def __str__(self) -> str:
        return f"{self.change_id or ''}{self.outage_id or ''} {self.done}/{self.total}"


class StaleClock(models.Model):
    """A clock whose dates wait for a recount. Until then no sweep judges by them; the row goes with the new dates, in
    one transaction."""

    recount = models.ForeignKey(Recount, models.CASCADE, related_name="stale", db_index=False)
    clock = models.ForeignKey(CaseClock, models.CASCADE, related_name="+", db_index=False)
    was_open = models.BooleanField()  # when the change took effect: what had stopped keeps its dates

    class Meta:
        constraints = [
            # By the clock: the sweeps ask; a portion takes them in this order.
            models.UniqueConstraint(fields=["clock", "recount"], name="staleclock_once"),
        ]

    def __str__(self) -> str:
        return f"{self.clock_id}"

"""Clocks that are reckoned anew, portion by portion, after a change of what they are measured by."""

from __future__ import annotations

from typing import ClassVar

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
    alarmed_at = models.DateTimeField(_("alarm raised"), null=True)  # once: some of its clocks cannot be reckoned

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

    def broken(self) -> list[StaleClock]:
        """Those of its clocks that cannot be reckoned; asked of the table only while it goes on."""
        if self.finished_at is not None:
            return []
        return list(self.stale.broken())


class StaleClockQuerySet(models.QuerySet["StaleClock"]):
    def broken(self) -> StaleClockQuerySet:
        """Those that cannot be reckoned, longest first, with their cases. Of the clock nothing is read that may be
        what is broken."""
        rows = self.filter(broken_at__isnull=False).select_related("clock__application").order_by("broken_at", "clock")
        return rows.only("broken_at", "error", "recount", "clock__kind", "clock__application__number")


class StaleClock(models.Model):
    """A clock whose dates wait for a recount. Until then no sweep judges by them; the row goes with the new dates, in
    one transaction. What cannot be reckoned says since when and by which kind of error, and is tried again."""

    recount = models.ForeignKey(Recount, models.CASCADE, related_name="stale", db_index=False)
    clock = models.ForeignKey(CaseClock, models.CASCADE, related_name="+", db_index=False)
    was_open = models.BooleanField()  # when the change took effect: what had stopped keeps its dates
    broken_at = models.DateTimeField(_("cannot be reckoned since"), null=True)
    error = models.CharField(_("error"), max_length=40, blank=True, db_default="")

    objects: ClassVar[models.Manager[StaleClock]] = StaleClockQuerySet.as_manager()

    class Meta:
        constraints = [
            # By the clock: the sweeps ask; a portion takes them in this order.
            models.UniqueConstraint(fields=["clock", "recount"], name="staleclock_once"),
        ]
        indexes = [
            # What is tried by itself, by every pass; the page of the jobs and the boards.
            models.Index(fields=["recount", "clock"], condition=Q(broken_at__isnull=False), name="staleclock_broken"),
        ]

    def __str__(self) -> str:
        return f"{self.clock_id}"

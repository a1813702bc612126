"""What the boards count of days that are over: once per day, from the clocks that stopped on it.

A day whose clocks have changed since is named in the queue of touched days (trigger on the clocks, in the same
transaction). Readers take such a day from the clocks themselves, and so today; the job counts it and takes it off the
queue. So the figures equal a recount at every moment, whether the job has run or not.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from applications.lifecycle import Clock, Outcome
from organization.models import Branch


class TouchedDay(models.Model):
    """A day of which something has to be counted: one row per clock that stopped, was judged again or moved with its
    case to another branch. Written by a trigger, never merged: two writers do not wait for each other."""

    day = models.DateField()

    class Meta:
        indexes = [models.Index(fields=["day"], name="touchedday_day")]  # the job, and every reader of figures

    def __str__(self) -> str:
        return str(self.day)


class DayFigure(models.Model):
    """How many clocks of a kind stopped on a day with an outcome: of the bank, of a branch, of a person. Void ones are
    not counted."""

    class Scope(models.TextChoices):
        BANK = "BANK", pgettext_lazy("scope", "Bank")
        BRANCH = "BRANCH", pgettext_lazy("scope", "Branch")
        PERSON = "PERSON", pgettext_lazy("scope", "Person")

    day = models.DateField(_("day"))
    kind = models.CharField(_("clock"), max_length=16, choices=Clock)
    outcome = models.CharField(_("outcome"), max_length=16, choices=Outcome)
    scope = models.CharField(max_length=6, choices=Scope)
    key = models.BigIntegerField()  # of the branch or the person; 0: the bank, and cases without a branch
    clocks = models.PositiveIntegerField(_("clocks"))
    first_pass = models.PositiveIntegerField(default=0)  # entries that had neither a problem nor a return before
    imported = models.PositiveIntegerField(default=0)  # of cases from before the system: no report counts them

    class Meta:
        verbose_name = _("figure of a day")
        verbose_name_plural = _("figures of days")
        constraints = [
            # Also what a table over one clock reads, from the index alone: all branches, all people.
            models.UniqueConstraint(
                fields=["scope", "kind", "day", "key", "outcome"],
                include=["clocks", "first_pass", "imported"],
                name="dayfigure_once",
            ),
        ]
        indexes = [
            # One branch, one person, over all clocks.
            models.Index(fields=["scope", "key", "day"], name="dayfigure_of_one"),
            # A day is counted anew.
            models.Index(fields=["day"], name="dayfigure_day"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.kind} {self.outcome} {self.clocks}"


class CaseCount(models.Model):
    """How many cases stand where, as the funnel tells them apart: by the month in which they began. The rows add up: a
    trigger on the cases writes in their own transaction what a change takes away and what it adds, never touching a row
    that is there, so nobody waits for anybody; now and then the job puts the rows of a month together."""

    month = models.DateField()  # its first day
    branch = models.ForeignKey(Branch, models.PROTECT, null=True, related_name="+", db_index=False)
    host_branch = models.ForeignKey(Branch, models.PROTECT, null=True, related_name="+", db_index=False)
    is_referred = models.BooleanField()
    is_taken_in = models.BooleanField()
    is_entered = models.BooleanField()
    is_issued = models.BooleanField()
    is_activated = models.BooleanField()
    is_returned = models.BooleanField()  # at least once
    ended_as = models.CharField(max_length=12, blank=True)  # the state that finished it; empty: it is open
    cases = models.IntegerField()  # of a change: -1 and 1
    is_sum = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("count of cases")
        verbose_name_plural = _("counts of cases")
        indexes = [
            models.Index(fields=["month"], name="casecount_month"),
            models.Index(fields=["month"], condition=Q(is_sum=False), name="casecount_changes"),
        ]

    def __str__(self) -> str:
        return f"{self.month} {self.branch_id} {self.cases}"


class BreachCount(models.Model):
    """How many breaches fell due on a day, of the whole bank; rows that add up like those of the cases. Of a branch
    or a person they are few enough to be counted."""

    day = models.DateField()
    breaches = models.IntegerField()
    is_sum = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("count of breaches")
        verbose_name_plural = _("counts of breaches")
        indexes = [models.Index(fields=["day"], name="breachcount_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.breaches}"


class WorkCount(models.Model):
    """How many cases a person brought through a step of the center on a day; rows that add up like those of the cases,
    written by a trigger on the events. A case counts once for a person, a day and a step; imported ones do not."""

    day = models.DateField()
    step = models.CharField(max_length=24)  # one of applications.selectors.FINISHES
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    pieces = models.IntegerField()
    is_sum = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("count of work")
        verbose_name_plural = _("counts of work")
        indexes = [models.Index(fields=["day"], name="workcount_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.step} {self.actor_id} {self.pieces}"


class DelayCount(models.Model):
    """The overdue minutes that each held of the breaches that fell due on a day, by clock: the charges that are kept
    (``BreachCharge``) as rows that add up, written by triggers on them."""

    day = models.DateField()
    kind = models.CharField(max_length=16)
    holder = models.CharField(max_length=12, blank=True)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    branch = models.ForeignKey(Branch, models.PROTECT, null=True, related_name="+", db_index=False)
    minutes = models.IntegerField()
    is_sum = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("count of delays")
        verbose_name_plural = _("counts of delays")
        indexes = [models.Index(fields=["day"], name="delaycount_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.kind} {self.holder} {self.minutes}"


class Part(models.TextChoices):
    """What of the time of a stage is measured, in working minutes (clocks by the calendar: in minutes)."""

    GROSS = "GROSS", pgettext_lazy("time of a stage", "Total, pauses in")
    NET = "NET", pgettext_lazy("time of a stage", "Total, pauses out")
    WAIT = "WAIT", pgettext_lazy("time of a stage", "Wait")
    WORK = "WORK", pgettext_lazy("time of a stage", "Handling")


class DayTimes(models.Model):
    """The minutes of every clock of a kind and branch that stopped on a day, part by part: the n-th minutes are of the
    n-th of the ``clocks``. ``wait`` and ``work`` are of those whose work somebody took from a queue, else empty."""

    day = models.DateField(_("day"))
    kind = models.CharField(_("clock"), max_length=16, choices=Clock)
    branch = models.ForeignKey(Branch, models.PROTECT, null=True, related_name="+", db_index=False)
    clocks = ArrayField(models.BigIntegerField(), default=list)
    gross = ArrayField(models.IntegerField())
    net = ArrayField(models.IntegerField())
    wait = ArrayField(models.IntegerField(null=True))
    work = ArrayField(models.IntegerField(null=True))

    class Meta:
        verbose_name = _("times of a day")
        verbose_name_plural = _("times of days")
        indexes = [
            models.Index(fields=["day"], name="daytimes_day"),
            models.Index(fields=["branch", "day"], name="daytimes_branch"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.kind} {self.branch_id}"


class PeriodTimes(models.Model):
    """Median and 90th percentile of the bank over a period of days that are over; a branch is small enough to be asked
    of its days."""

    period = models.CharField(max_length=7)  # "7", "30": so many days back; "2026-11": a month
    until = models.DateField()  # the last day that is counted
    kind = models.CharField(_("clock"), max_length=16, choices=Clock)
    part = models.CharField(max_length=5, choices=Part)
    median = models.PositiveIntegerField()
    p90 = models.PositiveIntegerField()
    clocks = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("times of a period")
        verbose_name_plural = _("times of periods")
        constraints = [
            models.UniqueConstraint(fields=["period", "kind", "part"], name="periodtimes_once"),
            models.CheckConstraint(condition=Q(p90__gte=models.F("median")), name="periodtimes_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.period} {self.kind} {self.part}"

"""Clocks of a case: policies by date, one row per run, every interval a row of its own, and who held the case while
they ran (domain section 4)."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from applications.lifecycle import CLOCK_OWNER, LATE_OUTCOMES, Clock, Holder, Outcome, PauseReason
from applications.models.case import Application
from applications.querysets import CaseClockQuerySet
from ops_center.kernel.worktime import Limit, Mode
from organization.models import Branch
from organization.models.versions import PolicyStatus, Version, two_people
from organization.roles import Role


def every_reason() -> list[str]:
    return [reason.value for reason in PauseReason]


class ClockPolicy(Version):
    """The limit of one clock from a day on. Running clocks keep the version that they started under (rule K8); what is
    approved never changes (trigger)."""

    about = ("kind", "variant")
    audit_name = "clockpolicy"

    kind = models.CharField(_("clock"), max_length=16, choices=Clock)
    variant = models.CharField(_("variant"), max_length=12, blank=True)  # PROBLEM_CLOSE: the party; others: empty
    mode = models.CharField(_("mode"), max_length=16, choices=[(mode.value, mode.value) for mode in Mode])
    amount = models.PositiveSmallIntegerField(_("limit"), default=0)
    warn_percent = models.PositiveSmallIntegerField(_("warning at %"), default=75)
    warn_at_day = models.PositiveSmallIntegerField(_("warning at day"), null=True, blank=True)
    pauses_for = models.JSONField(_("pauses for"), default=every_reason)  # of PauseReason; rule K4 allows no other
    owner_role = models.CharField(_("answered by"), max_length=4, choices=Role, blank=True)  # empty: the charter's
    has_money = models.BooleanField(_("moves money"), default=False)
    source = models.CharField(_("source"), max_length=80, blank=True)

    class Meta:
        ordering = ["kind", "variant", "-starts_on"]
        verbose_name = _("clock policy")
        verbose_name_plural = _("clock policies")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "variant", "starts_on"],
                condition=Q(status=PolicyStatus.APPROVED),
                name="clockpolicy_once_per_day",
            ),
            two_people("clockpolicy_two_people"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.starts_on}"

    @property
    def answered_by(self) -> str:
        """The role that answers while nobody in particular does."""
        return self.owner_role or CLOCK_OWNER.get(self.kind, "")

    @property
    def limit(self) -> Limit:
        return Limit(
            mode=Mode(self.mode), amount=self.amount, warn_percent=self.warn_percent, warn_at_day=self.warn_at_day
        )


class CaseClock(models.Model):
    """One run of one clock: (case, clock, round, run). ``due_at`` is stored when it starts (decision 4)."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="clocks", db_index=False)
    kind = models.CharField(_("clock"), max_length=16, choices=Clock)
    round = models.PositiveSmallIntegerField(_("round"))
    run = models.PositiveSmallIntegerField(_("run"), default=1)
    policy = models.ForeignKey(ClockPolicy, models.PROTECT, null=True, related_name="+", db_index=False)
    started_at = models.DateTimeField(_("started"))
    due_at = models.DateTimeField(_("due"))
    warn_at = models.DateTimeField(_("warning"))
    stopped_at = models.DateTimeField(_("stopped"), null=True)
    paused_at = models.DateTimeField(_("paused"), null=True)
    outcome = models.CharField(_("outcome"), max_length=16, choices=Outcome, blank=True)
    owner = models.ForeignKey(  # the person who answers for it, when there is one
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("owner")
    )
    owned_since = models.DateTimeField(null=True)  # when that person took it: rule LATE_QUEUE (domain section 5)
    owner_branch = models.ForeignKey(
        Branch, models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("branch")
    )
    owner_role = models.CharField(_("role"), max_length=4, choices=Role, blank=True)
    # Until then a corrected calendar, which brought the deadline forward into the past, is nobody's delay.
    exempt_until = models.DateTimeField(_("exempt until"), null=True)
    explanation = models.JSONField(_("explanation"), default=dict)  # how the date came about; see kernel.worktime

    objects: ClassVar[models.Manager[CaseClock]] = CaseClockQuerySet.as_manager()

    class Meta:
        ordering = ["started_at", "id"]
        verbose_name = _("clock")
        verbose_name_plural = _("clocks")
        constraints = [
            models.UniqueConstraint(fields=["application", "kind", "round", "run"], name="caseclock_one_run"),
            models.UniqueConstraint(
                fields=["application", "kind"], condition=Q(stopped_at=None), name="caseclock_one_running"
            ),
            models.CheckConstraint(condition=Q(due_at__gte=F("started_at")), name="caseclock_due_after_start"),
            models.CheckConstraint(
                condition=Q(stopped_at=None, outcome="") | (Q(stopped_at__isnull=False) & ~Q(outcome="")),
                name="caseclock_stopped_iff_outcome",
            ),
        ]
        indexes = [
            # The sweep: running clocks past due. No flag that the sweep sets stands in this predicate. The boards count
            # them by kind from the index alone.
            models.Index(
                fields=["due_at", "id"],
                include=["kind", "application"],
                condition=Q(stopped_at=None, paused_at=None),
                name="caseclock_sweep",
            ),
            # Clocks that stopped late: breaches that no sweep saw while they ran (rule K10).
            models.Index(fields=["stopped_at"], condition=Q(outcome__in=LATE_OUTCOMES), name="caseclock_late"),
            # Late clocks of a kind in a span of time, as the boards list those of one branch.
            models.Index(
                fields=["kind", "stopped_at", "id"],
                include=["application"],
                condition=Q(outcome__in=LATE_OUTCOMES),
                name="caseclock_late_kind",
            ),
            # What stopped in a span of time: the boards' count of a day, and the lists behind their numbers.
            models.Index(
                fields=["kind", "stopped_at", "id"], condition=Q(stopped_at__isnull=False), name="caseclock_stopped"
            ),
            # A person's own running clocks.
            models.Index(fields=["owner"], condition=Q(stopped_at=None), name="caseclock_owner"),
            # Warnings: running clocks past 75 %.
            models.Index(fields=["warn_at"], condition=Q(stopped_at=None, paused_at=None), name="caseclock_warn"),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.kind} {self.round}.{self.run}"

    @property
    def is_running(self) -> bool:
        return self.stopped_at is None and self.paused_at is None

    def is_overdue(self, at: datetime) -> bool:
        return self.is_running and self.due_at < at

    def sign(self, at: datetime) -> str:
        """What a badge shows: ``done``, ``waiting``, ``overdue``, ``soon`` or ``in-time``."""
        if self.stopped_at is not None:
            return "done"
        if self.paused_at is not None:
            return "waiting"
        if self.due_at < at:
            return "overdue"
        return "soon" if self.warn_at <= at else "in-time"


class ClockInterval(models.Model):
    """A stretch of one clock run in which it only ran, or was only paused: the rows of a run follow each other without
    a gap, and the open one is the last. ``minutes`` is filled when it ends, by the same measure for both kinds
    (``kernel.worktime.minutes_between``), so that those of a run add up to the minutes from its start to its stop."""

    clock = models.ForeignKey(CaseClock, models.CASCADE, related_name="intervals", db_index=False)
    since = models.DateTimeField(_("from"))
    until = models.DateTimeField(_("until"), null=True)
    pause = models.CharField(_("paused for"), max_length=16, choices=PauseReason, blank=True)  # empty: it ran
    minutes = models.PositiveIntegerField(_("minutes"), null=True)
    # Of a pause: what was left of the limit when it began, and where the deadline stood.
    minutes_left = models.PositiveIntegerField(_("minutes left"), null=True)
    due_before = models.DateTimeField(null=True)

    class Meta:
        ordering = ["since", F("until").asc(nulls_last=True), "id"]
        verbose_name = _("interval of a clock")
        verbose_name_plural = _("intervals of clocks")
        constraints = [
            models.UniqueConstraint(fields=["clock"], condition=Q(until=None), name="clockinterval_one_open"),
            models.CheckConstraint(condition=Q(until=None) | Q(until__gte=F("since")), name="clockinterval_forward"),
            models.CheckConstraint(
                condition=Q(until=None, minutes=None) | Q(until__isnull=False, minutes__isnull=False),
                name="clockinterval_measured_at_its_end",
            ),
            models.CheckConstraint(
                condition=Q(pause="", minutes_left=None, due_before=None)
                | (~Q(pause="") & Q(minutes_left__isnull=False, due_before__isnull=False)),
                name="clockinterval_pause_knows_the_deadline",
            ),
        ]
        indexes = [
            # The story of one run: its page, what was left, the minutes of its delay.
            models.Index(fields=["clock", "since"], name="clockinterval_clock"),
        ]

    def __str__(self) -> str:
        return f"{self.clock_id} {self.pause or 'ran'}"


class Custody(models.Model):
    """Who held the case or its paper from when to when: one open row per running case, no gap between two. A clerk's
    lease that ran out ends the clerk's row at the end of the lease. Overdue minutes are charged by these rows."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="custody", db_index=False)
    holder = models.CharField(_("holder"), max_length=12, choices=Holder)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("person")
    )
    branch = models.ForeignKey(
        Branch, models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("branch")
    )
    since = models.DateTimeField(_("from"))
    until = models.DateTimeField(_("until"), null=True)

    class Meta:
        ordering = ["since", "id"]
        verbose_name = _("custody")
        verbose_name_plural = _("custody")
        constraints = [
            models.UniqueConstraint(fields=["application"], condition=Q(until=None), name="custody_one_holder"),
            models.CheckConstraint(condition=Q(until=None) | Q(until__gte=F("since")), name="custody_forward"),
            models.CheckConstraint(condition=~Q(holder=Holder.PERSON) | Q(person__isnull=False), name="custody_person"),
            models.CheckConstraint(condition=~Q(holder=Holder.BRANCH) | Q(branch__isnull=False), name="custody_branch"),
        ]
        indexes = [
            # The history of one case: its page, the minutes of its breaches.
            models.Index(
                fields=["application", "since"], include=("until", "holder", "person", "branch"), name="custody_case"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.holder}"


class Outage(models.Model):
    """A declared outage (rule K4): every clock that ran inside the window is paused for it."""

    since = models.DateTimeField(_("from"))
    until = models.DateTimeField(_("until"))
    reason = models.CharField(_("reason"), max_length=200)
    states = models.JSONField(_("states"), default=list)  # of the cases that stood still; empty: all
    declared_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    declared_at = models.DateTimeField(_("declared"))
    moved = models.PositiveIntegerField(_("deadlines moved"), default=0)
    settled_at = models.DateTimeField(null=True)  # from when on nothing of it is left to lay: laid whole, or withdrawn
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(pgettext_lazy("outage", "withdrawn"), null=True)

    class Meta:
        ordering = ["-since"]
        verbose_name = _("outage")
        verbose_name_plural = _("outages")
        constraints = [
            models.CheckConstraint(condition=Q(until__gt=F("since")), name="outage_forward"),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_by=None)
                | Q(withdrawn_at__lt=F("since"), withdrawn_by__isnull=False, settled_at__isnull=False, moved=0),
                name="outage_withdrawn_before_it_began",
            ),
        ]
        indexes = [
            # What still has to be laid on the clocks: every minute.
            models.Index(fields=["since"], condition=Q(settled_at=None), name="outage_unsettled"),
        ]

    def __str__(self) -> str:
        return f"{self.since:%F %T}"

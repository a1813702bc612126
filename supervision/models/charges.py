"""Whose the minutes of a delay were, kept once its clock has stopped.

What decides about them (a deadline, a stop, an interval, a day of the calendar) may change later: then the breach is
named again among those that are to be charged. Until the job has charged it, readers reckon it from the clock itself;
so what they read is right at every moment, whether the job has run or not.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from applications.lifecycle import Clock, Holder
from applications.models import CaseClock
from organization.models import Branch
from supervision.models.breach import Breach


class BreachCharge(models.Model):
    """The working minutes of a breach in which one holder had the case or its paper; without a holder those of the time
    before custody was written down. ``day`` and ``kind`` are those of the breach when it was charged."""

    breach = models.ForeignKey(Breach, models.CASCADE, related_name="kept_charges")
    day = models.DateField()  # on which it fell due
    kind = models.CharField(_("clock"), max_length=16, choices=Clock)
    holder = models.CharField(_("holder"), max_length=12, choices=Holder, blank=True)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    branch = models.ForeignKey(Branch, models.PROTECT, null=True, related_name="+", db_index=False)
    minutes = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("charge of a breach")
        verbose_name_plural = _("charges of breaches")
        indexes = [
            # The list behind a number of the board: of a holder in a stage, a person, a branch.
            models.Index(fields=["holder", "kind", "day"], name="breachcharge_holder"),
            models.Index(fields=["person", "day"], condition=~models.Q(person=None), name="breachcharge_person"),
            models.Index(fields=["branch", "day"], condition=~models.Q(branch=None), name="breachcharge_branch"),
        ]

    def __str__(self) -> str:
        return f"{self.breach_id} {self.holder} {self.minutes}"


class UnchargedBreach(models.Model):
    """A breach that is to be charged once its clock has stopped, or again: written by triggers, a row for each reason,
    never merged. Only the job takes rows away, those that it has read before it reckons."""

    breach = models.ForeignKey(Breach, models.CASCADE, related_name="+")
    clock = models.ForeignKey(CaseClock, models.CASCADE, related_name="+", db_index=False)  # that of the breach
    is_again = models.BooleanField()  # it may have been charged before: what is kept of it counts no more

    class Meta:
        verbose_name = _("breach to be charged")
        verbose_name_plural = _("breaches to be charged")
        indexes = [
            # What the board takes off.
            models.Index(fields=["breach"], condition=models.Q(is_again=True), name="unchargedbreach_again"),
        ]

    def __str__(self) -> str:
        return str(self.breach_id)

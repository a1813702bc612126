"""The history of a case: timeline, start and stop of clocks, and the outbox that the floors above pull from."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from applications.lifecycle import STEP_LABELS, State, Step
from applications.models.case import Application
from ops_center.kernel.chain import link

CAME_IN = Q(to_state=State.RECEIVED) & ~Q(from_state__in=[State.RECEIVED, State.PROBLEM])  # a file at the center


class Event(models.Model):
    """One step of one case. Append-only (trigger); each row carries the digest of the row before it."""

    append_only = True

    application = models.ForeignKey(Application, models.PROTECT, related_name="events", db_index=False)
    seq = models.PositiveIntegerField(_("sequence"))  # gap-free per case
    step = models.CharField(_("step"), max_length=24)
    from_state = models.CharField(_("from"), max_length=12, choices=State, blank=True)
    to_state = models.CharField(_("to"), max_length=12, choices=State)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("person")
    )
    at = models.DateTimeField(_("at"))  # the application's clock
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())  # the database's clock, always the real time
    round = models.PositiveSmallIntegerField(_("round"))
    note = models.TextField(_("note"), blank=True)
    facts = models.JSONField(_("facts"), default=dict)  # numbers and codes; never a client's data
    digest = models.BinaryField(editable=False)

    class Meta:
        ordering = ["application_id", "seq"]
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints = [models.UniqueConstraint(fields=["application", "seq"], name="event_seq_once")]
        indexes = [
            # The hourly seal and the night's look-back: rows arrive in the order of these instants.
            BrinIndex(fields=["recorded_at"], name="event_recorded"),
            BrinIndex(fields=["at"], name="event_at"),
            # A person's finished work of the day (queues' counter line, visibility of own work).
            models.Index(fields=["actor", "at"], name="event_actor_day"),
            # The files that came to the center in a month (return rate), and those keyed a second time (error rate).
            models.Index(fields=["at"], include=["application"], condition=CAME_IN, name="event_came_in"),
            models.Index(fields=["at"], include=["application"], condition=Q(step=Step.VERIFY), name="event_verified"),
        ]

    def __str__(self) -> str:
        return f"{self.application_id}/{self.seq} {self.step}"

    @property
    def label(self) -> str:
        return str(STEP_LABELS.get(self.step, self.step))


def digest_of(
    previous: bytes, *, number: str, seq: int, step: str, from_state: str, to_state: str, actor: str | None,
    at: datetime, round: int,  # noqa: A002
    note: str, facts: dict[str, Any],
) -> bytes:  # fmt: skip
    """The digest of an event, from the digest before it; the single-case path, the importer and verify share it."""
    return link(previous, [number, seq, str(step), str(from_state), str(to_state), actor, at, round, note, facts])

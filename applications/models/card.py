"""After the entry: coaching, the card system's files, and the images of the paper."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from applications.models.case import Application


class Coaching(models.Model):
    """The coaching call: what was explained, how satisfied the client is, and a wish for another card."""

    application = models.OneToOneField(Application, models.PROTECT, related_name="coaching")
    officer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    items = models.JSONField(default=list)  # codes of the coaching list
    satisfaction = models.PositiveSmallIntegerField(
        _("satisfaction"), validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    wished_product = models.CharField(_("wish for another card"), max_length=8, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("coaching")
        verbose_name_plural = _("coachings")
        constraints = [
            models.CheckConstraint(condition=Q(satisfaction__gte=1, satisfaction__lte=5), name="coaching_score_1_to_5"),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.satisfaction}"


class CardStatusImport(models.Model):
    """One file from the card system."""

    class State(models.TextChoices):
        WAITING = "WAITING", _("Waiting")
        RUNNING = "RUNNING", _("Running")
        DONE = "DONE", _("Done")
        FAILED = "FAILED", _("Failed")

    file_name = models.CharField(_("file"), max_length=120)
    digest = models.CharField(max_length=64)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    uploaded_at = models.DateTimeField(_("uploaded"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    error = models.CharField(_("error"), max_length=200, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("card status import")
        verbose_name_plural = _("card status imports")

    def __str__(self) -> str:
        return self.file_name


class CardStatusRow(models.Model):
    """One line of such a file and what became of it; what does not match is listed, nothing is guessed (rule G8)."""

    class Fate(models.TextChoices):
        WAITING = "WAITING", _("Waiting")
        MATCHED = "MATCHED", _("Matched")
        DONE_BEFORE = "DONE_BEFORE", _("Done before")
        UNMATCHED = "UNMATCHED", _("Unmatched")

    file = models.ForeignKey(CardStatusImport, models.PROTECT, related_name="rows")
    line = models.PositiveIntegerField(_("line"))
    application_number = models.CharField(_("application number"), max_length=24)
    id_last4_index = models.BinaryField(null=True)  # keyed hash of the last four characters of the ID number
    status = models.CharField(_("status"), max_length=12)
    at = models.DateTimeField(_("at"), null=True)
    card_last4 = models.CharField(max_length=4, blank=True)
    reason = models.CharField(_("reason"), max_length=40, blank=True)
    fate = models.CharField(_("fate"), max_length=12, choices=Fate, default=Fate.WAITING)
    finding = models.CharField(_("finding"), max_length=200, blank=True)

    class Meta:
        ordering = ["line"]
        constraints = [models.UniqueConstraint(fields=["file", "line"], name="cardstatusrow_line_once")]
        indexes = [
            models.Index(fields=["file"], condition=Q(fate="UNMATCHED"), name="cardstatusrow_unmatched"),
            # What the card system said of a case: read at the registration of rewards and at a reopening.
            models.Index(fields=["application_number"], name="cardstatusrow_number"),
        ]

    def __str__(self) -> str:
        return f"{self.file_id}:{self.line}"


class Document(models.Model):
    """An image or PDF of the paper: encrypted on disk under a random name."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    application = models.ForeignKey(Application, models.PROTECT, related_name="documents")
    kind = models.CharField(_("kind"), max_length=24)
    side = models.CharField(_("side"), max_length=8, blank=True)
    media_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField()

    class Meta:
        ordering = ["uploaded_at"]
        verbose_name = _("document")
        verbose_name_plural = _("documents")

    def __str__(self) -> str:
        return f"{self.application_id} {self.kind}"

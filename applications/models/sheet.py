"""What is checked and keyed at the center: check sheet, warnings, entry and its second look (domain section 9)."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from applications.models.case import Application
from organization.fields import SealedField


class CreditCheck(models.Model):
    """The answered check sheet of one round."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="checks")
    round = models.PositiveSmallIntegerField()
    checker = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    answers = models.JSONField(default=list)  # [{code, answer: PASS|PROBLEM|NA, note}]
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["application", "round"], name="creditcheck_once_per_round")]

    def __str__(self) -> str:
        return f"{self.application_id}/{self.round}"


class CaseWarning(models.Model):
    """A computed warning. It never blocks by itself; the checker answers each with a note."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="warnings")
    code = models.CharField(_("code"), max_length=20)
    facts = models.JSONField(default=dict)  # numbers of other cases and counts; never a client's data
    raised_at = models.DateTimeField()
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["application", "code"], name="warning_once_per_code")]

    def __str__(self) -> str:
        return f"{self.application_id} {self.code}"


class EntryRecord(models.Model):
    """The keyed fields of one keyer in one round, sealed as one document; a draft until it is submitted."""

    class Turn(models.TextChoices):
        FIRST = "FIRST", _("First keyer")
        SECOND = "SECOND", _("Second keyer")
        FINAL = "FINAL", _("After arbitration")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    application = models.ForeignKey(Application, models.PROTECT, related_name="entries")
    round = models.PositiveSmallIntegerField()
    turn = models.CharField(max_length=6, choices=Turn)
    keyer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    document = SealedField()
    saved_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["application", "round", "turn", "keyer"], name="entry_once_per_keyer"),
        ]

    def __str__(self) -> str:
        return f"{self.application_id}/{self.round} {self.turn}"

    @property
    def fields(self) -> dict[str, Any]:
        """The keyed values in clear: for the keyer's own form and for the comparison, never for a list."""
        document: dict[str, Any] = json.loads(self.document.reveal()) if self.document is not None else {}
        return document

    @fields.setter
    def fields(self, values: dict[str, Any]) -> None:
        self.document = json.dumps(values, ensure_ascii=False, sort_keys=True)


class KeyDifference(models.Model):
    """One field on which the two looks differ: name and remark, never the values (they stay in the sealed records)."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="differences")
    round = models.PositiveSmallIntegerField()
    field = models.CharField(max_length=40)
    remark = models.CharField(max_length=200, blank=True)
    found_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    found_at = models.DateTimeField()
    choice = models.CharField(max_length=6, blank=True)  # FIRST, SECOND or OTHER
    wrong_keyer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="key_errors")
    settled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.application_id} {self.field}"


class FactIndex(models.Model):
    """Keyed hashes of telephones, addresses, employers and contacts: warnings find other cases with the same."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="fact_indexes")
    kind = models.CharField(max_length=12)  # mobile, home, work, employer, address, contact
    digest = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["application", "kind", "digest"], name="factindex_once")]
        indexes = [models.Index(fields=["kind", "digest"], condition=~Q(kind=""), name="factindex_lookup")]

    def __str__(self) -> str:
        return f"{self.application_id} {self.kind}"

"""Files of the card system."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from rest_framework import serializers

from applications.api import answers
from applications.models import CardStatusImport
from applications.services import card_status
from ops_center.kernel.errors import OutOfSight
from ops_center.web.api import Api, Call, Paged, UploadApi, listed, operation, paged
from ops_center.web.keyset import Keyset
from ops_center.web.shapes import Shape
from organization.services.nudges import nudge

READERS = "TR SUP AUD"
FILES = CardStatusImport.objects.select_related("uploaded_by")


class StatusFile(Shape):
    file = serializers.FileField(
        max_length=120, help_text="CSV: application_number,id_last4,status,at,card_last4,reason"
    )


class Imports(UploadApi):
    @operation(roles=READERS, asked=Paged, answer=paged(answers.ImportAnswer), summary="Files of the card system")
    def get(self, call: Call) -> dict[str, Any]:
        """Newest first."""
        return listed(call, FILES.all(), Keyset("-id"))

    @operation(roles="TR SUP", facts=StatusFile, answer=answers.ImportTaken, status=202, summary="Load a file")
    def post(self, call: Call) -> CardStatusImport:
        """Issue, activation, rejection and first spend with the card system's own times. The lines are applied in the
        background; read what became of them by the id."""
        upload = call.facts["file"]
        file = card_status.take_file(name=upload.name, content=upload.read(), actor=call.actor, at=call.at)
        transaction.on_commit(lambda: nudge("applications.apply_card_status_file", file.pk))
        return file


class OneImport(Api):
    @operation(roles=READERS, answer=answers.ImportTally, summary="What became of a file's lines")
    def get(self, call: Call, file: int) -> CardStatusImport:
        """Matched, done before, and unmatched with line numbers: nothing is guessed."""
        found = FILES.filter(pk=file).first()
        if found is None:
            raise OutOfSight("not_found", "")
        return found

"""What proves an explanation: pictures and PDFs, checked like the pages of the paper, kept sealed beside it.

Who may see the breach may read them, and every look stands in the audit log.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import datetime
from pathlib import PurePath
from typing import BinaryIO, cast

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from applications.services.documents import cleaned
from ops_center.kernel.identity import looks_personal
from organization.models import Employee
from organization.services.audit import record
from organization.vault import vault
from supervision import errors
from supervision.models import Breach, Justification, JustificationPaper
from supervision.services.locks import lock_breach, undecided

MOST_PAPERS = 5


@transaction.atomic
def add_evidence(*, breach_id: int, upload: UploadedFile[bytes], actor: Employee, at: datetime) -> JustificationPaper:
    """One more paper, by who filed the explanation and until it is decided. Malformed for what is no still picture or
    PDF of at most 10 MB; Refused for a sixth and for the same one again."""
    breach = lock_breach(breach_id, actor=actor, at=at)
    filed = undecided(breach)
    if filed.filed_by_id != actor.pk:
        raise errors.not_yours_to_prove()
    [paper] = keep(filed, [upload], at=at)
    return paper


def keep(filed: Justification, uploads: Sequence[UploadedFile[bytes]], *, at: datetime) -> list[JustificationPaper]:
    """Keeps papers of an explanation whose breach is locked."""
    there = set(filed.papers.values_list("digest", flat=True))
    if len(there) + len(uploads) > MOST_PAPERS:
        raise errors.too_much_evidence(MOST_PAPERS)
    kept = []
    for upload in uploads:
        media_type, content = cleaned(cast(BinaryIO, upload), size=upload.size or 0)
        digest = hashlib.sha256(content).hexdigest()
        if digest in there:
            raise errors.same_evidence()
        there.add(digest)
        kept.append(
            JustificationPaper.objects.create(
                justification=filed, name=_shown_name(upload.name or ""), media_type=media_type, digest=digest,
                body=vault().seal(b64encode(content).decode(), _aad(filed.pk, digest)),
                added_by=filed.filed_by, added_at=at,
            )
        )  # fmt: skip
    return kept


def read_evidence(
    *, breach_id: int, paper: int, actor: Employee, at: datetime
) -> tuple[JustificationPaper, bytes]:  # fmt: skip
    """A paper in clear, for who may see the breach; the look is logged."""
    found = (
        JustificationPaper.objects.filter(pk=paper, justification__breach=breach_id)
        .select_related("justification__breach__application")
        .first()
    )
    if found is None or not Breach.objects.visible_to(actor, at).filter(pk=breach_id).exists():
        raise errors.no_evidence()
    record(action="evidence", at=at, actor=actor, subject=found.justification.breach.application.number, paper=found.pk)
    sealed = bytes(found.body)
    return found, b64decode(vault().open(sealed, _aad(found.justification_id, found.digest)))


def _shown_name(given: str) -> str:
    """The file's own name, unless it names a client by a number."""
    name = PurePath(given.replace("\\", "/")).name[-120:]
    return name if name and name.isprintable() and not looks_personal(name) else _("evidence")


def _aad(justification: int, digest: str) -> str:
    return f"justification:{justification}:{digest}"

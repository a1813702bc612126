"""影像: pictures and PDFs of the paper, checked and made anew before they are kept, encrypted under a random name.

A picture is decoded and encoded again, so that nothing travels with it: no second file behind the first, no place
where it was taken, no thumbnail of another picture. A PDF cannot be made anew here; it is refused when it may act by
itself, and is never shown inside a page of ours.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from PIL import Image, ImageOps, UnidentifiedImageError

from applications import errors
from applications.models import Application, Document
from applications.services.engine import Ref, lock
from applications.services.personal import may_reveal
from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed, NotAllowed, OutOfSight, Refused
from organization.models import Employee
from organization.roles import Role
from organization.services.audit import record
from organization.vault import vault

KINDS = {
    "FORM": pgettext_lazy("document", "Application form"),
    "ID": pgettext_lazy("document", "ID card"),
    "CONTRACT": pgettext_lazy("document", "Contract"),
    "CREDIT_AUTH": pgettext_lazy("document", "Credit-inquiry authorisation"),
    "WITNESS": pgettext_lazy("document", "Three-witness statement"),
    "WORK": pgettext_lazy("document", "Proof of work"),
    "INCOME": pgettext_lazy("document", "Proof of income"),
    "ASSET": pgettext_lazy("document", "Proof of assets"),
    "RESIDENCE": pgettext_lazy("document", "Proof of residence"),
    "OTHER": pgettext_lazy("document", "Other paper"),
}
SIDES = {"FRONT": pgettext_lazy("document", "Front"), "BACK": pgettext_lazy("document", "Back")}
JPEG, PDF = "image/jpeg", "application/pdf"
MOST_BYTES = 10 * 1024 * 1024
MOST_PIXELS = 40_000_000
LONGEST_SIDE = 3200  # enough to read a form; what is larger is scaled down
MOST_PER_CASE = 60

_ACTING = re.compile(rb"/(?:JavaScript|JS|Launch|EmbeddedFile|RichMedia|OpenAction|AA|XFA|Encrypt)\b")
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")  # how a name of a PDF may spell a letter
_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_LONGEST_HEAD, _LARGEST_STREAM = 1024, 8 * 1024 * 1024  # bytes


@transaction.atomic
def add_document(
    *, case: Ref, actor: Employee, at: datetime, kind: str, side: str = "", content: BinaryIO, size: int
) -> Document:
    """Keeps one page of the paper. By the collector, the branch head or the tracker, while the case is open.

    Malformed for what is neither JPEG, PNG nor a still PDF, is too large, or cannot be decoded.
    """
    wrong = {}
    if kind not in KINDS:
        wrong["kind"] = _("Choose what it shows.")
    if side and side not in SIDES:
        wrong["side"] = _("Front or back.")
    if wrong:
        raise Malformed("bad_document", _("Please correct the marked fields."), wrong)
    shown = lock(case)
    _require_may_add(shown, actor=actor, at=at)
    media_type, clean = cleaned(content, size=size)
    document = Document(
        application=shown, kind=kind, side=side, media_type=media_type, size=len(clean),
        digest=hashlib.sha256(clean).hexdigest(), uploaded_by=actor, uploaded_at=at,
    )  # fmt: skip
    document.save(force_insert=True)
    _write(document, clean)  # before the commit: there is never a row without its file
    return document


def read_document(*, document: UUID, actor: Employee, at: datetime) -> tuple[Document, bytes]:
    """The page in clear, for who may see the client's ID number at this stage; every look stands in the access log."""
    found = Document.objects.select_related("application").filter(pk=document).first()
    if found is None or not Application.objects.visible_to(actor, at).filter(pk=found.application_id).exists():
        raise OutOfSight("not_found", _("No such document among those that you can see."))
    case = found.application
    if not may_reveal(case, actor=actor, at=at, field="id_number"):
        record(action="image_refused", at=at, actor=actor, subject=case.number, kind=found.kind)
        raise NotAllowed("image_not_allowed", _("Your role does not open the paper at this stage."))
    record(action="image", at=at, actor=actor, subject=case.number, kind=found.kind, side=found.side)
    return found, b64decode(vault().open(_path(found).read_bytes(), _aad(found)))


def _require_may_add(case: Application, *, actor: Employee, at: datetime) -> None:
    if not Application.objects.visible_to(actor, at).filter(pk=case.pk).exists():
        raise errors.out_of_sight()
    is_head = actor.has_role(Role.BH, on=local_day(at)) and actor.branch_id in (case.branch_id, case.host_branch_id)
    if case.collector_id != actor.pk and not is_head and not actor.has_role(Role.TR, on=local_day(at)):
        raise NotAllowed("not_the_collector", _("Papers are added by the collector, the branch head or the tracker."))
    if not case.is_open:
        raise Refused("case_closed", _("%(number)s has ended: no paper is added any more.") % {"number": case.number})
    if case.documents.count() >= MOST_PER_CASE:
        raise Refused("too_many_documents", _("A case holds at most %(most)s pages.") % {"most": MOST_PER_CASE})


# -- what is kept ------------------------------------------------------------------------------------------------------
def cleaned(content: BinaryIO, *, size: int) -> tuple[str, bytes]:
    """What may be kept of an upload, with its media type: a picture made anew, a still PDF as it is. Malformed for
    anything else."""
    if not 0 < size <= MOST_BYTES:
        raise _bad_file(_("A page has at most 10 MB."))
    head = content.read(8)
    content.seek(0)
    if head.startswith(b"%PDF-"):
        return PDF, _still_pdf(content.read())
    if head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
        return JPEG, _repainted(content)
    raise _bad_file(_("Only JPEG, PNG and PDF are taken."))


def _repainted(content: BinaryIO) -> bytes:
    """The picture encoded anew as JPEG: upright, on white, without anything that is not picture."""
    try:
        with Image.open(content, formats=("JPEG", "PNG")) as image:
            if image.width * image.height > MOST_PIXELS:  # known from the header, before anything is decoded
                raise _bad_file(_("The picture has more than 40 megapixels: take it at a lower resolution."))
            image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            upright = ImageOps.exif_transpose(image)
            picture = upright.convert("RGBA") if upright.mode in ("P", "LA", "RGBA", "PA") else upright.convert("RGB")
            if picture.mode == "RGBA":
                paper = Image.new("RGB", picture.size, "white")
                paper.paste(picture, mask=picture.getchannel("A"))
                picture = paper
            picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            out = io.BytesIO()
            picture.save(out, "JPEG", quality=85)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        raise _bad_file(_("The picture cannot be read: it is damaged or cut off.")) from None
    return out.getvalue()


def _still_pdf(content: bytes) -> bytes:
    """The PDF as it is, if it ends where a PDF ends and cannot act by itself."""
    if b"%%EOF" not in content[-64:]:
        raise _bad_file(_("The PDF is damaged, or something follows its end."))
    if any(_ACTING.search(part) for part in _readable(content)):
        raise _bad_file(_("The PDF is encrypted or contains scripts or other files: print it to a plain PDF."))
    return content


def _readable(content: bytes) -> Iterator[bytes]:
    """A PDF with its names spelled out, and the objects that it carries compressed: what acts may hide in both."""
    yield _spelled(content)
    for found in _STREAM.finditer(content):
        head = content[max(0, found.start() - _LONGEST_HEAD) : found.start()]
        named = _spelled(head[head.rfind(b" obj") :] if b" obj" in head else head)
        if b"/ObjStm" not in named:
            continue
        try:
            if set(re.findall(rb"/(\w+Decode)\b", named)) != {b"FlateDecode"}:
                raise ValueError("packed in another way than programs pack")
            unpacked = zlib.decompressobj()
            yield _spelled(unpacked.decompress(content[found.end() :], _LARGEST_STREAM))
            if unpacked.unconsumed_tail:
                raise ValueError("larger than the objects of a few pages")
        except (zlib.error, ValueError):
            raise _bad_file(_("The PDF cannot be looked through: print it to a plain PDF.")) from None


def _spelled(content: bytes) -> bytes:
    return _ESCAPED.sub(lambda escaped: bytes.fromhex(escaped[1].decode()), content)


def _bad_file(sentence: str) -> Malformed:
    return Malformed("bad_file", sentence, {"file": sentence})


def _write(document: Document, content: bytes) -> None:
    path = _path(document)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    try:
        with unfinished.open("wb") as file:
            file.write(vault().seal(b64encode(content).decode(), _aad(document)))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _path(document: Document) -> Path:
    name = document.pk.hex
    return Path(settings.DOCUMENT_ROOT) / name[:2] / name


def _aad(document: Document) -> str:
    return f"document:{document.pk}"

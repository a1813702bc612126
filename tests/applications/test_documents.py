"""Pictures and PDFs of the paper: what is taken, what is kept, who opens it."""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import pytest
from django.conf import settings
from PIL import Image

from applications.models import Application, Document
from applications.services import intake
from applications.services.documents import add_document, read_document
from ops_center.kernel.errors import DomainError, Malformed, NotAllowed, OutOfSight, Refused
from organization.models import AuditRecord
from tests.cast import Cast, at

pytestmark = pytest.mark.django_db

NOON = at("2026-11-23 12:00")
PLAIN_PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def packed(objects: bytes, said: bytes = b"/Type/ObjStm/Filter/FlateDecode") -> bytes:
    """A PDF that carries its objects compressed, as office programs write them."""
    body = b"2 0 obj<<" + said + b"/N 1>>\nstream\r\n" + zlib.compress(objects) + b"\nendstream\nendobj\n"
    return PLAIN_PDF.replace(b"trailer", body + b"trailer")


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, settings) -> None:
    settings.DOCUMENT_ROOT = tmp_path


def picture(form: str = "JPEG", *, size: tuple[int, int] = (640, 400), mode: str = "RGB", **options: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, "navy" if mode == "RGB" else None).save(out, form, **options)
    return out.getvalue()


def add(bank: Cast, case: Application, content: bytes, **facts: object) -> Document:
    given = {"actor": bank.chen_xiaoming, "at": NOON, "kind": "ID", "side": "FRONT"} | facts
    return add_document(case=case.pk, content=io.BytesIO(content), size=len(content), **given)


def stored() -> list[Path]:
    return [path for path in Path(settings.DOCUMENT_ROOT).rglob("*") if path.is_file()]


def test_a_picture_is_encoded_anew_and_kept_encrypted_under_a_random_name(bank: Cast) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Camera of LZ10001"
    sent = picture(exif=exif) + b"<script>alert(1)</script>PK\x03\x04"
    document = add(bank, bank.draft(when=NOON), sent)
    (path,) = stored()
    assert (path.name, document.media_type) == (document.pk.hex, "image/jpeg")
    raw = path.read_bytes()
    assert b"JFIF" not in raw
    assert b"script" not in raw
    _document, clear = read_document(document=document.pk, actor=bank.chen_xiaoming, at=NOON)
    assert len(clear) == document.size
    for trace in (b"script", b"PK\x03\x04", b"Camera", b"Exif"):
        assert trace not in clear
    assert Image.open(io.BytesIO(clear)).size == (640, 400)


def test_a_transparent_png_stands_on_white_and_a_large_one_is_scaled_down(bank: Cast) -> None:
    document = add(bank, bank.draft(when=NOON), picture("PNG", mode="RGBA", size=(4000, 1000)))
    _document, clear = read_document(document=document.pk, actor=bank.chen_xiaoming, at=NOON)
    image = Image.open(io.BytesIO(clear))
    assert image.size == (3200, 800)
    assert image.getpixel((10, 10)) == (255, 255, 255)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a" + b"\0" * 40,
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<html></html>",
        b"PK\x03\x04" + b"\0" * 40,
        b"MZ" + b"\0" * 60,
        b"\xff\xd8\xff\xe0 no picture",
        b"\x89PNG\r\n\x1a\n no picture",
        picture()[:300],
        b"%PDF-1.4\nno end",
        PLAIN_PDF + b"PK\x03\x04" + b"\0" * 80,
        PLAIN_PDF.replace(b"/Type", b"/OpenAction 2 0 R /Type"),
        PLAIN_PDF.replace(b"/Type", b"/JS (app.alert(1)) /Type"),
        PLAIN_PDF.replace(b"/Root", b"/Encrypt 5 0 R /Root"),
        PLAIN_PDF.replace(b"/Type", b"/J#61vaScript (app.alert(1)) /Type"),
        PLAIN_PDF.replace(b"/Root", b"/#45ncrypt 5 0 R /Root"),
        packed(b"<</OpenAction<</S/JavaScript>>>>"),
        packed(b"<</S /#4aavaScript>>", b"/Filter[/FlateDecode]/Type/Obj#53tm"),
        packed(b"<<>>", b"/Type/ObjStm/Filter[/ASCII85Decode/FlateDecode]"),
        packed(b"\0" * 9_000_000),
        packed(b"<<>>").replace(b"\x78\x9c", b"\x00\x00"),
        b"\x00" * (10 * 1024 * 1024 + 1),
    ],
    ids=lambda content: repr(content[:12]),
)
def test_what_is_no_still_picture_or_pdf_is_refused_and_nothing_is_kept(bank: Cast, content: bytes) -> None:
    case = bank.draft(when=NOON)
    with pytest.raises(Malformed) as no:
        add(bank, case, content)
    assert no.value.code == "bad_file"
    assert (stored(), Document.objects.count()) == ([], 0)


def test_a_flood_of_pixels_is_refused_by_its_header(bank: Cast) -> None:
    flood = picture("PNG", mode="1", size=(9000, 9000))
    assert len(flood) < 100_000
    with pytest.raises(Malformed):
        add(bank, bank.draft(when=NOON), flood)


def test_a_plain_pdf_whose_objects_are_compressed_is_kept(bank: Cast) -> None:
    document = add(bank, bank.draft(when=NOON), packed(b"<</Type/Page>>"), kind="INCOME", side="")
    assert document.media_type == "application/pdf"


def test_a_plain_pdf_is_kept_as_it_is(bank: Cast) -> None:
    document = add(bank, bank.draft(when=NOON), PLAIN_PDF, kind="INCOME", side="")
    _document, clear = read_document(document=document.pk, actor=bank.chen_xiaoming, at=NOON)
    assert (document.media_type, clear) == ("application/pdf", PLAIN_PDF)


def test_every_look_is_logged_and_the_collectors_ends_when_the_file_is_taken_in(bank: Cast) -> None:
    case = bank.draft(when=NOON)
    document = add(bank, case, picture())
    read_document(document=document.pk, actor=bank.chen_xiaoming, at=NOON)
    assert AuditRecord.objects.filter(action="image", subject=case.number, actor=bank.chen_xiaoming).count() == 1
    bank.complete(case, when=NOON)
    with pytest.raises(NotAllowed):
        read_document(document=document.pk, actor=bank.chen_xiaoming, at=NOON)
    assert AuditRecord.objects.filter(action="image_refused", subject=case.number).count() == 1
    read_document(document=document.pk, actor=bank.zheng_weiguo, at=NOON)


def test_another_branch_neither_adds_nor_opens(bank: Cast) -> None:
    case = bank.draft(when=NOON)
    document = add(bank, case, picture())
    with pytest.raises(OutOfSight):
        add(bank, case, picture(), actor=bank.luo_yong)
    with pytest.raises(OutOfSight):
        read_document(document=document.pk, actor=bank.luo_yong, at=NOON)


def test_a_file_moved_to_another_document_does_not_open(bank: Cast) -> None:
    case = bank.draft(when=NOON)
    first, second = add(bank, case, picture()), add(bank, case, picture("PNG"))
    root = Path(settings.DOCUMENT_ROOT)
    source, target = (root / one.pk.hex[:2] / one.pk.hex for one in (first, second))
    target.write_bytes(source.read_bytes())
    with pytest.raises(Exception, match="does not open"):
        read_document(document=second.pk, actor=bank.chen_xiaoming, at=NOON)


def test_a_disk_that_is_full_leaves_neither_row_nor_file(bank: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    case = bank.draft(when=NOON)
    monkeypatch.setattr("os.fsync", _no_room)
    with pytest.raises(OSError, match="No space"):
        add(bank, case, picture())
    assert (stored(), Document.objects.count()) == ([], 0)


def _no_room(_descriptor: int) -> None:
    raise OSError(28, "No space left on device")


def test_the_images_of_form_and_id_open_the_way_of_images(bank: Cast) -> None:
    cm = bank.chen_xiaoming
    cm.branch.has_e_intake = True
    cm.branch.save()
    case = bank.complete(bank.draft(when=NOON), when=NOON)
    with pytest.raises(Refused):
        intake.e_intake(case=case.pk, actor=cm, at=NOON)
    for kind, side in (("FORM", "FRONT"), ("ID", "FRONT"), ("ID", "BACK")):
        add(bank, case, picture(), kind=kind, side=side)
    assert intake.e_intake(case=case.pk, actor=cm, at=NOON).state == "RECEIVED"


def test_an_ended_case_takes_no_paper(bank: Cast) -> None:
    case = bank.activated(when=NOON)
    with pytest.raises(DomainError):
        add(bank, case, picture())

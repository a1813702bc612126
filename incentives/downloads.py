"""Stored sheets and documents as answers to a browser or a program."""

from __future__ import annotations

import base64

from django.http import HttpResponse

from incentives.models import PayoutFile

MEDIA_TYPES = {
    PayoutFile.Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    PayoutFile.Format.CSV: "text/csv; charset=utf-8",
}


def attachment(content: bytes, *, name: str, form: str) -> HttpResponse:
    """A file that was made for this answer only."""
    response = HttpResponse(content, content_type=MEDIA_TYPES[PayoutFile.Format(form)])
    response["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return response


def file_response(file: PayoutFile) -> HttpResponse:
    """A stored sheet as a download; its digest goes along, so that HR can compare."""
    response = HttpResponse(bytes(file.content), content_type=MEDIA_TYPES[PayoutFile.Format(file.format)])
    response["Content-Disposition"] = f'attachment; filename="payout-{file.batch_id}-{file.sheet}.{file.format}"'
    response["Digest"] = f"sha-256={base64.b64encode(bytes.fromhex(file.digest)).decode()}"
    return response


def pdf_response(name: str, content: bytes) -> HttpResponse:
    """A document to be looked at in the browser."""
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    return response

"""A stored sheet as an answer to a browser or a program."""

from __future__ import annotations

import base64

from django.http import HttpResponse

from incentives.models import PayoutFile

MEDIA_TYPES = {
    PayoutFile.Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    PayoutFile.Format.CSV: "text/csv; charset=utf-8",
}


def file_response(file: PayoutFile) -> HttpResponse:
    """A stored sheet as a download; its digest goes along, so that HR can compare."""
    response = HttpResponse(bytes(file.content), content_type=MEDIA_TYPES[PayoutFile.Format(file.format)])
    response["Content-Disposition"] = f'attachment; filename="payout-{file.batch_id}-{file.sheet}.{file.format}"'
    response["Digest"] = f"sha-256={base64.b64encode(bytes.fromhex(file.digest)).decode()}"
    return response

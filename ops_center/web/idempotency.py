"""A request that is sent again has its effect once.

An error means *unknown*: a commit may have been answered by a broken connection. A client that sends an
``Idempotency-Key`` may therefore repeat a POST. The key is inserted in the transaction of the act itself, so that the
two stand or fall together: a parallel request with the same key waits for the first at the unique index, and then
replays its answer or, when the first was refused and left nothing, does the act itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from ops_center.kernel.errors import DomainError, Malformed
from ops_center.web.models import IdempotencyKey

LONGEST_KEY = 200


class KeyReused(DomainError):
    """The key has already been used for another request (422)."""

    status = 422

    def __init__(self) -> None:
        super().__init__(
            "key_reused",
            _(
                "This Idempotency-Key has already been used for another request. Take a new key for a new request; "
                "repeat a request with exactly the same body."
            ),
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the client: a status, JSON text (empty for 204), and the version of what it shows."""

    status: int
    text: str
    etag: str = ""
    is_replayed: bool = False


def once(
    act: Callable[[], Answer], *, actor_id: int, key: str, request: object, at: datetime, is_stored: bool = True
) -> Answer:
    """Does the act, or gives the answer that it had. ``request`` is everything that makes two requests the same.

    Raises ``KeyReused`` for another request under the same key, ``Malformed`` for an unusable key, and what the act
    raises: then neither act nor key remain. An act whose answer is not stored is done each time, outside the
    transaction of its key, so that the record of a refused look survives.
    """
    if not 0 < len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise Malformed("bad_idempotency_key", _("An Idempotency-Key has 1 to 200 printable ASCII characters."))
    digest = digest_of(request)
    if not is_stored:
        with transaction.atomic():
            _claim(actor_id=actor_id, key=key, digest=digest, at=at)
        return act()
    with transaction.atomic():
        before = _claim(actor_id=actor_id, key=key, digest=digest, at=at)
        if before is not None and before.status is not None:
            return Answer(status=before.status, text=before.answer, etag=before.etag, is_replayed=True)
        answer = act()
        kept = IdempotencyKey.objects.filter(actor_id=actor_id, key=key)
        kept.update(status=answer.status, answer=answer.text, etag=answer.etag)
        return answer


def _claim(*, actor_id: int, key: str, digest: bytes, at: datetime) -> IdempotencyKey | None:
    """Takes the key, or gives what stands under it. Waits while another transaction holds the same one."""
    if _insert(actor_id=actor_id, key=key, digest=digest, at=at):
        return None
    before = IdempotencyKey.objects.get(actor_id=actor_id, key=key)
    if bytes(before.digest) != digest:
        raise KeyReused
    return before


def _insert(*, actor_id: int, key: str, digest: bytes, at: datetime) -> bool:
    """Whether the key was new."""
    table = IdempotencyKey._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (actor_id, key, digest, answer, at) VALUES (%s, %s, %s, '', %s) "  # noqa: S608
            "ON CONFLICT (actor_id, key) DO NOTHING",
            [actor_id, key, digest, at],
        )
        return bool(cursor.rowcount)


def digest_of(request: object) -> bytes:
    """A keyed hash of a request's content; the order of names does not matter, files count by their bytes."""
    text = json.dumps(request, sort_keys=True, ensure_ascii=False, default=_plain)
    return salted_hmac("ops_center.web.idempotency", text, secret=settings.INDEX_KEY, algorithm="sha256").digest()


def _plain(value: Any) -> Any:
    if isinstance(value, UploadedFile):
        content = hashlib.sha256()
        for chunk in value.chunks():
            content.update(chunk)
        value.seek(0)
        return [value.name, value.size, content.hexdigest()]
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no content of a request")


def forget(*, before: datetime) -> int:
    """Removes the keys of requests that nobody will repeat any more; returns how many."""
    removed, _by_model = IdempotencyKey.objects.filter(at__lt=before).delete()
    return removed

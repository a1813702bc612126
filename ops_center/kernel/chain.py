"""A chain of hashes: each row's link covers the row and the link before, so that no row can change, vanish or move
without every later link being wrong."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from uuid import UUID

GENESIS = bytes(32)


def link(previous: bytes, fields: Sequence[object]) -> bytes:
    """The 32 bytes that follow ``previous``: SHA-256 over it and the fields as canonical JSON.

    Fields are None, booleans, whole numbers, text, dates, aware datetimes, UUIDs, bytes, and mappings and sequences of
    these. Raises ``TypeError`` on anything else (a float has no one spelling) and ``ValueError`` on a naive datetime.
    """
    if len(previous) != len(GENESIS):
        raise ValueError("a link has 32 bytes")
    canonical = json.dumps(_plain(fields), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(previous + canonical.encode()).digest()


def _plain(value: object) -> object:
    match value:
        case None | bool() | int() | str():
            return value
        case datetime():
            if value.tzinfo is None:
                raise ValueError("an instant needs its time zone")
            return value.astimezone(UTC).isoformat(timespec="microseconds")
        case date():
            return value.isoformat()
        case UUID():
            return str(value)
        case bytes() | memoryview():
            return value.hex()
        case Mapping():
            if not all(isinstance(key, str) for key in value):
                raise TypeError("the keys of a mapping are text")
            return {key: _plain(item) for key, item in value.items()}
        case Sequence():
            return [_plain(item) for item in value]
        case _:
            raise TypeError(f"{type(value).__name__} has no canonical form")

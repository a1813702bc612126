"""Field encryption: a value leaves the database sealed and is opened on purpose, one at a time.

A sealed value is bound to its place by ``aad`` (table, column and key of its row): copied to another row it does not
open. It names its own key, so that keys rotate while old values stay readable:

    version 1 | algorithm 1 | length of key id 1 | key id | nonce 12 | ciphertext and tag

The algorithm byte leaves room for SM4. Equality is looked up through a keyed index, because ID numbers are few
enough to try them all against a plain hash.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from base64 import b64decode
from collections.abc import Callable
from typing import Any, NoReturn, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
INDEX_BYTES = 16

_VERSION = 1
_AES_256_GCM = 1
_NONCE_BYTES = 12


class VaultError(Exception):
    """A key is missing or wrong, or a sealed value was changed or moved. Never carries the value."""


class Vault:
    """Seals under the ``current`` key and opens what any of ``keys`` sealed. Raises ``VaultError`` on unusable keys."""

    __slots__ = ("_ciphers", "_current", "_index_key")

    def __init__(self, keys: dict[str, bytes], current: str, index_key: bytes) -> None:
        if current not in keys:
            raise VaultError("the current key is not among the keys")
        if any(not 0 < len(key_id.encode()) < 256 or len(key) != KEY_BYTES for key_id, key in keys.items()):
            raise VaultError(f"a key has an id and {KEY_BYTES} bytes")
        if len(index_key) < KEY_BYTES:
            raise VaultError(f"the index key has at least {KEY_BYTES} bytes")
        self._ciphers = {key_id.encode(): AESGCM(key) for key_id, key in keys.items()}
        self._current = current.encode()
        self._index_key = index_key

    def __repr__(self) -> str:
        return f"<Vault: current key {self._current.decode()} of {len(self._ciphers)}>"

    def seal(self, text: str, aad: str) -> bytes:
        header = bytes((_VERSION, _AES_256_GCM, len(self._current))) + self._current
        nonce = os.urandom(_NONCE_BYTES)
        return header + nonce + self._ciphers[self._current].encrypt(nonce, text.encode(), header + aad.encode())

    def open(self, blob: bytes | memoryview, aad: str) -> str:
        """The clear text; raises ``VaultError`` when the key is unknown, or the value was changed or moved."""
        header, nonce, ciphertext = _parts(bytes(blob))
        cipher = self._ciphers.get(header[3:])
        if cipher is None:
            raise VaultError("sealed under a key that is not configured")
        try:
            return cipher.decrypt(nonce, ciphertext, header + aad.encode()).decode()
        except (InvalidTag, UnicodeDecodeError):
            raise VaultError("does not open: wrong key, changed value or another row's value") from None

    def needs_rotation(self, blob: bytes | memoryview) -> bool:
        """Whether the value was sealed under another key than the current one."""
        return _parts(bytes(blob))[0][3:] != self._current

    def index(self, kind: str, value: str) -> bytes:
        """16 bytes that are equal for equal values of one kind: to be looked up, never to be read back. The caller
        normalises the value first."""
        domain = kind.encode()
        message = len(domain).to_bytes(2, "big") + domain + value.encode()
        return hmac.digest(self._index_key, message, hashlib.sha256)[:INDEX_BYTES]


class Sealed(str):
    """A personal value as a model's attribute gives it back: as text it *is* its mask, wherever it is printed,
    formatted, logged or turned into JSON. ``reveal()`` is the one way to the clear value. Two people may share a mask:
    equality is a question for ``Vault.index``."""

    __slots__ = ("_open",)
    _open: Callable[[], str]

    def __new__(cls, mask: str, open_value: Callable[[], str]) -> Self:
        sealed = super().__new__(cls, mask)
        sealed._open = open_value
        return sealed

    @property
    def mask(self) -> str:
        return str.__str__(self)

    def reveal(self) -> str:
        """The clear value. The caller logs who looked and why; raises ``VaultError``."""
        return self._open()

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a sealed value does not leave the process")


def parse_keys(setting: str) -> tuple[dict[str, bytes], str]:
    """Keys by id and the id that seals, from ``id:base64key,id:base64key``: the first seals, all of them open.
    Raises ``VaultError``."""
    keys: dict[str, bytes] = {}
    for entry in filter(None, (entry.strip() for entry in setting.split(","))):
        key_id, _colon, key = entry.partition(":")
        if not key_id or key_id in keys:
            raise VaultError("every key has an id of its own")
        keys[key_id] = parse_key(key)
    if not keys:
        raise VaultError("no key is configured")
    return keys, next(iter(keys))


def parse_key(text: str) -> bytes:
    """One key of 32 bytes in base64; raises ``VaultError``."""
    try:
        key = b64decode(text.strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise VaultError(f"a key is {KEY_BYTES} bytes in base64")
    return key


def _parts(blob: bytes) -> tuple[bytes, bytes, bytes]:
    """Header, nonce, ciphertext with tag; raises ``VaultError`` when it is no sealed value."""
    start = 3 + blob[2] if len(blob) > 2 else 3
    if len(blob) < start + _NONCE_BYTES + 16 or blob[:2] != bytes((_VERSION, _AES_256_GCM)):
        raise VaultError("not a sealed value")
    return blob[:start], blob[start : start + _NONCE_BYTES], blob[start + _NONCE_BYTES :]

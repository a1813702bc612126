"""Keys and passwords: invented once, kept in files that only their owner can read.

``python -m ops_center.embedded.keys`` prints a fresh set, for an installation that is not started by ``script/server``.
"""

from __future__ import annotations

import base64
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from ops_center import env
from ops_center.embedded.processes import StackError


def invent() -> dict[str, str]:
    """A fresh set: what the product needs (SECRET_KEY, FIELD_KEYS, INDEX_KEY) and the passwords of its servers."""
    return {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "FIELD_KEYS": f"k1:{_key()}",
        "INDEX_KEY": _key(),
        **{f"{role}_PASSWORD": secrets.token_urlsafe(24) for role in ("POSTGRES", "OWNER", "RUNTIME", "VALKEY")},
    }


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def kept_in(path: Path) -> dict[str, str]:
    """The set in this file; a new one is written there when the file is absent. ``StackError`` when it is incomplete:
    inventing the missing key would make what the lost one encrypted unreadable for good."""
    if not path.exists():
        write(path, invent())
    values = env.lines_of(path)
    if missing := [name for name in invent() if name not in values]:
        raise StackError(f"{path} lacks {', '.join(missing)}: put the right file back")
    return values


def write(path: Path, values: Mapping[str, str]) -> None:
    """Writes ``NAME=value`` lines, whole or not at all, readable by their owner alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    draft.replace(path)


if __name__ == "__main__":
    sys.stdout.write("".join(f"{name}={value}\n" for name, value in invent().items()))

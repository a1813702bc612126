"""What the environment says, read once and typed. Every variable the product knows is read through this file.

While ``./script/server`` runs, commands typed in another shell (``python manage.py verify``) should meet the same
database, broker and keys. So when the shell names no ``DATABASE_URL``, what it leaves unset is taken from the file
that the server wrote: ``secrets/stack.env`` in the data folder (``OPS_CENTER_DATA``, default ``var/``), readable by
its owner alone and gone when the server stops. A shell that names its own database gets nothing from that file.
"""

from __future__ import annotations

import os
from collections import ChainMap
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

BASE = Path(__file__).resolve().parent.parent


def lines_of(path: Path) -> dict[str, str]:
    """The ``NAME=value`` lines of a file; none when it is absent or not ours to read."""
    try:
        lines = path.read_text().splitlines()
    except (FileNotFoundError, PermissionError):
        return {}
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def _sources() -> Mapping[str, str]:
    if os.environ.get("DATABASE_URL"):
        return os.environ
    data = Path(os.environ.get("OPS_CENTER_DATA") or BASE / "var")
    return ChainMap(os.environ, lines_of(data / "secrets" / "stack.env"))


_values = _sources()


def text(name: str, default: str = "") -> str:
    return _values.get(name, default)


def flag(name: str, *, default: bool = False) -> bool:
    value = text(name).strip().lower()
    return default if not value else value in {"1", "true", "yes", "on"}


def words(name: str, default: str = "") -> list[str]:
    return [word for word in text(name, default).replace(",", " ").split() if word]


def database(url: str) -> dict[str, object]:
    """A Django database entry from ``postgresql://user:password@host:port/name?option=value``."""
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        # Nobody waits longer than this for another's lock: the request says 503 instead of hanging.
        "OPTIONS": {"options": "-c lock_timeout=5s", **dict(parse_qsl(parts.query))},
    }


def mail(url: str) -> dict[str, object]:
    """Django's mail settings from ``smtp://user:password@host:587/?tls=1&from=ops@bank.example``, with ``ssl=1`` where
    the server speaks TLS from the first byte; or ``file:///folder?from=…``, which writes letters into files. Without an
    address there is no mail."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    if parts.scheme == "file":
        backend = "django.core.mail.backends.filebased.EmailBackend"
    elif parts.scheme == "smtp":
        backend = "django.core.mail.backends.smtp.EmailBackend"
    elif not url:
        backend = "django.core.mail.backends.dummy.EmailBackend"
    else:
        raise ValueError("OPS_CENTER_EMAIL_URL begins with smtp:// or file://")
    return {
        "EMAIL_BACKEND": backend,
        "EMAIL_FILE_PATH": unquote(parts.path) if parts.scheme == "file" else None,
        "EMAIL_HOST": parts.hostname or "",
        "EMAIL_PORT": parts.port or 25,
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": options.get("tls") == "1",
        "EMAIL_USE_SSL": options.get("ssl") == "1",
        "DEFAULT_FROM_EMAIL": options.get("from", "ops-center@localhost"),
    }

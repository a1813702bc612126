"""The vault that the settings describe, made once per process. Without keys nothing personal can be read or written."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from ops_center.kernel.vault import Vault, parse_key, parse_keys


@cache
def vault() -> Vault:
    if not settings.FIELD_KEYS or not settings.INDEX_KEY:
        raise ImproperlyConfigured("FIELD_KEYS and INDEX_KEY are not set: personal data cannot be read or written.")
    keys, current = parse_keys(settings.FIELD_KEYS)
    return Vault(keys=keys, current=current, index_key=parse_key(settings.INDEX_KEY))

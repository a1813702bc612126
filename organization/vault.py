"""The vault that the settings describe, made once per process. Without keys nothing personal can be read or written."""

from __future__ import annotations

import base64
from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from ops_center.kernel.vault import Vault, parse_keys


@cache
def vault() -> Vault:
    if not settings.FIELD_KEYS or not settings.INDEX_KEY:
        raise ImproperlyConfigured("FIELD_KEYS and INDEX_KEY are not set: personal data cannot be read or written.")
    keys = parse_keys(settings.FIELD_KEYS)
    return Vault(keys=keys, current=next(iter(keys)), index_key=base64.b64decode(settings.INDEX_KEY))

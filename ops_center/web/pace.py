"""How often somebody may ask: for addresses without a sign-in, where a code could be guessed."""

from __future__ import annotations

import logging

from django.core.cache import cache
from redis.exceptions import RedisError

log = logging.getLogger(__name__)


def too_often(what: str, who: str, *, per_minute: int) -> bool:
    """Counts one request, and says whether there were more than so many within a minute of the first.

    While the cache is away everybody may ask: this is a pace, not a lock.
    """
    key = f"pace:{what}:{who}"
    try:
        cache.add(key, 0, timeout=60)
        return int(cache.incr(key)) > per_minute
    except ValueError:  # the minute ended between the two calls
        return False
    except RedisError as error:
        log.warning("pace of %s not counted: %s", what, type(error).__name__)
        return False

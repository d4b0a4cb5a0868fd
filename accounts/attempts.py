"""How often an address may guess at a secret."""

import redis
from django.core.cache import cache

MOST, SECONDS = 20, 60
"""So many wrong guesses from one address in so many seconds; the secrets are too long to be guessed at that pace."""


def note_wrong(what: str, address: str) -> None:
    """Count a wrong guess at ``what``."""
    key = _key(what, address)
    try:
        cache.add(key, 0, SECONDS)
        cache.incr(key)
    except (redis.RedisError, ValueError):  # away, or it ran out between the two
        return


def is_too_many(what: str, address: str) -> bool:
    """Say whether the address has to wait. Without Redis nobody has to: what is guessed at has 256 bits."""
    try:
        return int(cache.get(_key(what, address), 0)) >= MOST
    except redis.RedisError:
        return False


def _key(what: str, address: str) -> str:
    return f"attempts:{what}:{address}"

"""The keys: which one encrypts today, and which older ones are still read.

``FIELD_KEYS`` lists them as ``name:base64 of 32 bytes``, today's first. ``INDEX_KEY`` makes the keyed
hashes by which an encrypted value is found again; it is not rotated, since every hash would change.
"""

import base64
import binascii
import hashlib
import hmac
import re
from functools import lru_cache

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

KEY_BYTES = 32
NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")


class LostKeyError(Exception):
    """A stored value was encrypted with a key that the settings no longer hold."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The key “{name}” is missing from FIELD_KEYS. Put it back, behind today's key.")
        self.name = name


def current_name() -> str:
    """Return the name of the key that encrypts today."""
    return next(iter(read_keys("FIELD_KEYS")))


def key_named(name: str) -> AESGCM:
    """Return the key called ``name``; raises :class:`LostKeyError` if the settings lack it."""
    try:
        return read_keys("FIELD_KEYS")[name]
    except KeyError:
        raise LostKeyError(name) from None


def names() -> list[str]:
    """Return the names of all keys, today's first."""
    return list(read_keys("FIELD_KEYS"))


def fingerprint(value: str, purpose: str) -> str:
    """Return a keyed hash (hexadecimal, 64 characters) by which equal values of one purpose are found."""
    message = f"{purpose}\x00{value}".encode()
    return hmac.new(settings.INDEX_KEY.encode(), message, hashlib.sha256).hexdigest()


def read_keys(setting: str) -> dict[str, AESGCM]:
    """Return the keys of a setting by name, today's first."""
    return _read(setting, tuple(getattr(settings, setting)))


@lru_cache(maxsize=8)
def _read(setting: str, entries: tuple[str, ...]) -> dict[str, AESGCM]:
    keys = dict(_key(setting, entry) for entry in entries)
    if not keys:
        raise ImproperlyConfigured(f"{setting} is empty: name at least one key as name:base64 of 32 bytes.")
    return keys


def _key(setting: str, entry: str) -> tuple[str, AESGCM]:
    name, _, encoded = entry.partition(":")
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        key = b""
    if not NAME.fullmatch(name) or len(key) != KEY_BYTES:
        raise ImproperlyConfigured(f"{setting}: “{name[:32]}” is not written as name:base64 of {KEY_BYTES} bytes.")
    return name, AESGCM(key)

"""Encrypt a text, read it back, and move it under another key without reading it.

Envelope: each value has a random data key of its own; the key of the settings only wraps that one. A
token is ``v1.<key's name>.<wrapped data key>.<encrypted text>``, both parts a nonce of 12 bytes, the
cipher text and a tag of 16 bytes (AES-256-GCM, NIST SP 800-38D) in URL-safe base64. The purpose, such
as the column's name, is authenticated with both, so a token moved to another column can't be read.
"""

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from accounts.encryption.keyring import KEY_BYTES, current_name, key_named

VERSION = "v1"
NONCE_BYTES = 12


class DamagedTokenError(Exception):
    """A stored value is not what was written there: changed, cut, or moved from another place."""


def encrypt_text(text: str, *, purpose: str) -> str:
    """Return ``text`` as a token that only the same ``purpose`` reads back."""
    data_key = os.urandom(KEY_BYTES)
    return _token(current_name(), data_key, _seal(AESGCM(data_key), text.encode(), purpose), purpose)


def decrypt_text(token: str, *, purpose: str) -> str:
    """Return the text of ``token``.

    Raises :class:`DamagedTokenError` if it is none of ours, and ``LostKeyError`` if its key is missing.
    """
    name, wrapped, sealed = _parts(token)
    data_key = _open(key_named(name), wrapped, purpose)
    return _open(AESGCM(data_key), sealed, purpose).decode()


def rewrap(token: str, *, purpose: str) -> str:
    """Return the same value under today's key; the text itself is not read."""
    name, wrapped, sealed = _parts(token)
    return _token(current_name(), _open(key_named(name), wrapped, purpose), sealed, purpose)


def is_current(token: str) -> bool:
    """Say whether ``token`` is under today's key."""
    return token.startswith(f"{VERSION}.{current_name()}.")


def _token(name: str, data_key: bytes, sealed: bytes, purpose: str) -> str:
    wrapped = _seal(key_named(name), data_key, purpose)
    return ".".join((VERSION, name, _text(wrapped), _text(sealed)))


def _parts(token: str) -> tuple[str, bytes, bytes]:
    try:
        version, name, wrapped, sealed = token.split(".")
        if version != VERSION:
            raise DamagedTokenError("A stored value is not written the way this version reads it.")
        return name, base64.urlsafe_b64decode(wrapped), base64.urlsafe_b64decode(sealed)
    except ValueError:
        raise DamagedTokenError("A stored value is no encrypted text.") from None


def _seal(key: AESGCM, content: bytes, purpose: str) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + key.encrypt(nonce, content, purpose.encode())


def _open(key: AESGCM, sealed: bytes, purpose: str) -> bytes:
    try:
        return key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], purpose.encode())
    except (InvalidTag, ValueError):
        raise DamagedTokenError("A stored value was changed, or moved from another place.") from None


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode()

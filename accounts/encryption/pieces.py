"""Seal bytes in pieces of one MiB, so that files of any length are written to the database and read from it by parts.

Each file has a data key of its own, used once, so that a piece's number can serve as its nonce (AES-256-GCM); the
last piece is marked. This is the STREAM construction (Hoang, Reyhanitabar, Rogaway and Vizár, 2015): a piece that was
changed, cut, moved or left out is refused. Who keeps the data key encrypts it, so that rotation never reads a file.
"""

import base64
import os
from collections.abc import Iterable, Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from accounts.encryption.cipher import NONCE_BYTES, DamagedTokenError
from accounts.encryption.keyring import KEY_BYTES

PIECE_BYTES = 1024 * 1024
DAMAGED = "A stored file was changed or cut, or belongs elsewhere."


def new_key() -> str:
    """Return a data key for one file, as text."""
    return base64.b64encode(os.urandom(KEY_BYTES)).decode()


def seal_pieces(content: bytes, key: str, *, purpose: str) -> Iterator[bytes]:
    """Yield ``content`` sealed, piece by piece."""
    cipher, count = AESGCM(base64.b64decode(key)), piece_count(len(content))
    for number in range(count):
        piece = content[number * PIECE_BYTES : (number + 1) * PIECE_BYTES]
        yield cipher.encrypt(_nonce(number, count), piece, purpose.encode())


def open_pieces(pieces: Iterable[bytes], key: str, *, size: int, purpose: str) -> Iterator[bytes]:
    """Yield the content of ``size`` bytes; raises :class:`DamagedTokenError` at the first piece that is not ours."""
    cipher, count, number = AESGCM(base64.b64decode(key)), piece_count(size), 0
    for number, piece in enumerate(pieces, start=1):
        try:
            yield cipher.decrypt(_nonce(number - 1, count), piece, purpose.encode())
        except (InvalidTag, ValueError, OverflowError):
            raise DamagedTokenError(DAMAGED) from None
    if number != count:
        raise DamagedTokenError(DAMAGED)


def piece_count(size: int) -> int:
    """Return how many pieces hold ``size`` bytes."""
    return -(-size // PIECE_BYTES)


def _nonce(number: int, count: int) -> bytes:
    return number.to_bytes(NONCE_BYTES - 1, "big") + bytes([number == count - 1])

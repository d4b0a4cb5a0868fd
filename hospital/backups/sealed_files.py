"""Encrypt a stream of any length into a file, and read it back.

The file begins with a line of JSON: the format, the name of the key, and a data key that is wrapped
by that key. Records of one MiB follow, each encrypted by AES-256-GCM under the data key. A record's
nonce is its number and whether it is the last one (the STREAM construction of Hoang, Reyhanitabar,
Rogaway and Vizár, 2015), and the first line is authenticated with each: cut, joined, reordered or
changed, the file is refused. The data key is used once, so numbers can serve as nonces.
"""

import base64
import json
import os
from collections.abc import Iterator
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from accounts.encryption.keyring import KEY_BYTES, read_keys
from hospital.backups.errors import BackupError

FORMAT = "operation-scheduler-backup-1"
RECORD = 1024 * 1024
TAG = 16
NONCE = 12
LONGEST_HEAD = 1000
SETTING = "BACKUP_KEYS"
DAMAGED = "The backup is damaged: it was changed or cut, or is not one of ours. Take another one."


def seal(source: IO[bytes], target: IO[bytes]) -> Iterator[bytes]:
    """Encrypt ``source`` into ``target``, giving each piece in clear once it is written."""
    name, key = next(iter(read_keys(SETTING).items()))
    data_key, nonce = os.urandom(KEY_BYTES), os.urandom(NONCE)
    wrapped = nonce + key.encrypt(nonce, data_key, _about(name))
    head = json.dumps({"format": FORMAT, "key": name, "data_key": base64.b64encode(wrapped).decode()}).encode()
    target.write(head + b"\n")
    cipher, piece, number = AESGCM(data_key), _exactly(source), 0
    while True:
        following = _exactly(source) if len(piece) == RECORD else b""
        target.write(cipher.encrypt(_nonce(number, last=not following), piece, head))
        yield piece
        if not following:
            return
        piece, number = following, number + 1


def unseal(source: IO[bytes]) -> Iterator[bytes]:
    """Give the content of a sealed file, piece by piece; raises :class:`BackupError` at the first wrong byte."""
    head = source.readline(LONGEST_HEAD).removesuffix(b"\n")
    cipher = AESGCM(_data_key(head))
    piece, number = source.read(RECORD + TAG), 0
    while True:
        following = source.read(RECORD + TAG)
        try:
            yield cipher.decrypt(_nonce(number, last=not following), piece, head)
        except (InvalidTag, ValueError):
            raise BackupError(DAMAGED) from None
        if not following:
            return
        piece, number = following, number + 1


def sign(content: bytes) -> str:
    """Return a seal on ``content`` under today's key: ``name:base64``."""
    name, key = next(iter(read_keys(SETTING).items()))
    nonce = os.urandom(NONCE)
    return f"{name}:{base64.b64encode(nonce + key.encrypt(nonce, b'', content)).decode()}"


def check_signature(content: bytes, signature: str) -> None:
    """Raise :class:`BackupError` unless ``signature`` is ours and of this ``content``."""
    name, _, encoded = signature.partition(":")
    sealed = base64.b64decode(encoded)
    try:
        _key(name).decrypt(sealed[:NONCE], sealed[NONCE:], content)
    except (InvalidTag, ValueError):
        raise BackupError("The backup's manifest was changed. Take another backup.") from None


def _data_key(head: bytes) -> bytes:
    try:
        fields = json.loads(head)
        name, wrapped = fields["key"], base64.b64decode(fields["data_key"])
        return _key(name).decrypt(wrapped[:NONCE], wrapped[NONCE:], _about(name))
    except (InvalidTag, ValueError, KeyError, TypeError):
        raise BackupError(DAMAGED) from None


def _key(name: str) -> AESGCM:
    keys = read_keys(SETTING)
    if name not in keys:
        raise BackupError(f"The key “{name}” is missing from {SETTING}. Put it there, behind today's key.")
    return keys[name]


def _about(name: str) -> bytes:
    return f"{FORMAT}:{name}".encode()


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(NONCE - 1, "big") + bytes([last])


def _exactly(source: IO[bytes]) -> bytes:
    """Read a whole record, however a pipe cuts it; less only at the end."""
    pieces, missing = [], RECORD
    while missing and (piece := source.read(missing)):
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)

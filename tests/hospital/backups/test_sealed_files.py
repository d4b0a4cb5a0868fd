"""The format of backups: any length comes back, and no byte can be changed, cut, joined or reordered."""

import base64
import os
from io import BytesIO
from typing import Any

import pytest

from hospital.backups.errors import BackupError
from hospital.backups.sealed_files import RECORD, TAG, check_signature, seal, sign, unseal


def sealed(content: bytes) -> bytes:
    target = BytesIO()
    assert b"".join(seal(BytesIO(content), target)) == content
    return target.getvalue()


def read(content: bytes) -> bytes:
    return b"".join(unseal(BytesIO(content)))


@pytest.mark.parametrize("size", [0, 1, RECORD - 1, RECORD, RECORD + 1, 2 * RECORD, 2 * RECORD + 5])
def test_any_length_comes_back(size: int) -> None:
    content = os.urandom(size)
    assert read(sealed(content)) == content
    assert content[:40] not in sealed(content) or size < 8


def changed(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def test_what_was_changed_cut_or_reordered_is_refused() -> None:
    whole = sealed(os.urandom(2 * RECORD + 5))
    head = whole.index(b"\n") + 1
    one, two, last = whole[head : head + RECORD + TAG], whole[head + RECORD + TAG : -(5 + TAG)], whole[-(5 + TAG) :]
    other = sealed(os.urandom(2 * RECORD + 5))

    wrong = {
        "a changed byte": changed(whole, head + 7),
        "a changed head": changed(whole, 40),
        "cut in a record": whole[:-1],
        "cut between records": whole[: -(5 + TAG)],
        "one record left": whole[:head] + one,
        "records swapped": whole[:head] + two + one + last,
        "a record of another file": whole[:head] + one + other[head + RECORD + TAG : -(5 + TAG)] + last,
        "something behind": whole + b"x",
        "nothing": b"",
        "no head": b"\n" + whole[head:],
    }
    assert {what for what, content in wrong.items() if not is_refused(content)} == set()


def is_refused(content: bytes) -> bool:
    try:
        read(content)
    except BackupError as error:
        return "damaged" in str(error)
    return False


def test_a_missing_key_is_named(settings: Any) -> None:
    content = sealed(b"x")
    settings.BACKUP_KEYS = ["2027:" + base64.b64encode(b"n" * 32).decode(), *settings.BACKUP_KEYS]
    assert read(content) == b"x"
    settings.BACKUP_KEYS = settings.BACKUP_KEYS[:1]
    with pytest.raises(BackupError, match="“backup-test” is missing from BACKUP_KEYS"):
        read(content)


def test_a_signature_is_of_one_content() -> None:
    signature = sign(b"counts")
    check_signature(b"counts", signature)
    with pytest.raises(BackupError, match="manifest was changed"):
        check_signature(b"other counts", signature)

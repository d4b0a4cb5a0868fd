"""Files are sealed piece by piece; a piece that is not in its place is refused."""

import os

import pytest

from accounts.encryption.cipher import DamagedTokenError
from accounts.encryption.pieces import PIECE_BYTES, new_key, open_pieces, piece_count, seal_pieces

PURPOSE = "test"


@pytest.mark.parametrize("size", [1, 1000, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES])
def test_any_length_comes_back(size: int) -> None:
    content, key = os.urandom(size), new_key()
    pieces = list(seal_pieces(content, key, purpose=PURPOSE))
    assert len(pieces) == piece_count(size)
    assert all(content[:100] not in piece for piece in pieces)
    assert b"".join(open_pieces(pieces, key, size=size, purpose=PURPOSE)) == content


def test_what_is_not_in_its_place_is_refused() -> None:
    size, key = 2 * PIECE_BYTES + 5, new_key()
    first, second, last = seal_pieces(os.urandom(size), key, purpose=PURPOSE)
    changed = bytes([first[0] ^ 1]) + first[1:]
    wrong = {
        "changed": [changed, second, last],
        "exchanged": [second, first, last],
        "the end is missing": [first, second],
        "the beginning is missing": [second, last],
        "one is there twice": [first, second, second, last],
        "nothing is there": [],
    }
    for pieces in wrong.values():
        with pytest.raises(DamagedTokenError):
            list(open_pieces(pieces, key, size=size, purpose=PURPOSE))
    for size_, key_, purpose in ((size, new_key(), PURPOSE), (size, key, "other"), (2 * PIECE_BYTES, key, PURPOSE)):
        with pytest.raises(DamagedTokenError):
            list(open_pieces([first, second, last], key_, size=size_, purpose=purpose))


def test_no_two_files_are_sealed_alike() -> None:
    one, other = (next(seal_pieces(b"same", new_key(), purpose=PURPOSE)) for _ in range(2))
    assert one != other

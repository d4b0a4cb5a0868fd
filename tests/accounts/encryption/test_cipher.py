"""The cipher: what it keeps, what it refuses, and how a value moves under a new key."""

import base64
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from accounts.encryption import LostKeyError, decrypt_text, encrypt_text, fingerprint, is_current, rewrap
from accounts.encryption.cipher import DamagedTokenError

NEW = "2027:" + base64.b64encode(b"n" * 32).decode()


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_goes_in_comes_out(text: str) -> None:
    token = encrypt_text(text, purpose="a")
    assert token.startswith("v1.test.")
    assert decrypt_text(token, purpose="a") == text


def test_equal_texts_look_different() -> None:
    assert encrypt_text("x", purpose="a") != encrypt_text("x", purpose="a")


def test_a_value_is_not_read_in_another_place() -> None:
    with pytest.raises(DamagedTokenError, match="moved"):
        decrypt_text(encrypt_text("x", purpose="a"), purpose="b")


@pytest.mark.parametrize("place", [-1, 20, 90])
def test_a_changed_value_is_refused(place: int) -> None:
    token = list(encrypt_text("a secret", purpose="a").rstrip("="))
    token[place] = "A" if token[place] != "A" else "B"
    with pytest.raises(DamagedTokenError):
        decrypt_text("".join(token), purpose="a")


@pytest.mark.parametrize(
    "token", ["", "clear text", "v1.test.x", "v2.test.AAAA.AAAA", "v1.test.AAAA.AAAA", "v1.test.é.é"]
)
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(DamagedTokenError):
        decrypt_text(token, purpose="a")


def test_a_missing_key_is_named() -> None:
    with pytest.raises(LostKeyError, match="“2019” is missing from FIELD_KEYS"):
        decrypt_text("v1.2019.AAAA.AAAA", purpose="a")


def test_moving_under_a_new_key(settings: Any) -> None:
    old = encrypt_text("a secret", purpose="a")
    settings.FIELD_KEYS = [NEW, *settings.FIELD_KEYS]
    assert not is_current(old)
    new = rewrap(old, purpose="a")
    assert is_current(new)
    settings.FIELD_KEYS = [NEW]
    assert decrypt_text(new, purpose="a") == "a secret"
    with pytest.raises(LostKeyError):
        decrypt_text(old, purpose="a")


@pytest.mark.parametrize("keys", [[], ["short:AAAA"], ["no key"], [":" + NEW], ["a b:" + NEW[5:]], ["x:%%%"]])
def test_bad_keys_are_named_at_once(settings: Any, keys: list[str]) -> None:
    settings.FIELD_KEYS = keys
    with pytest.raises(ImproperlyConfigured, match="FIELD_KEYS"):
        encrypt_text("x", purpose="a")


def test_fingerprints(settings: Any) -> None:
    first = fingerprint("943 476 5919", "number")
    assert first == fingerprint("943 476 5919", "number")
    assert len({first, fingerprint("943 476 5919", "other"), fingerprint("943 476 5918", "number")}) == 3
    settings.INDEX_KEY = "another"
    assert fingerprint("943 476 5919", "number") != first

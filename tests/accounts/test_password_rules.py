"""Which passwords are taken, and how they are kept."""

import re
from typing import Any

import pytest
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.models import User
from hospital.settings import base
from tests.factories import UserFactory

INES = User(email="ines.carvalho@st-marys.example.org", given_name="Ines", family_name="Carvalho")


def reasons(password: str) -> list[str]:
    try:
        validate_password(password, user=INES)
    except ValidationError as error:
        return [str(one.code) for one in error.error_list]
    return []


@pytest.mark.parametrize(
    "password",
    [
        "seven clouds over the harbour",
        "onlysmalllettersofsomelength",
        "þrjú ský yfir höfninni",
        "x7#Kq!vT2m$Lp9&Zr",
        "my theatre of small green frogs",
        "847261950374615",
        "seven clouds " * 20,
    ],
)
def test_long_ones_are_taken_without_any_mixture_of_signs(password: str) -> None:
    assert reasons(password) == []


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("Short-Mixed-1!", "password_too_short"),
        ("1q2w3e4r5t6y7u8i9o0p", "password_too_common"),
        ("ines.carvalho@st-marys.example.org", "password_too_similar"),
        ("ines-carvalho-2026!", "password_guessable"),
        ("Carvalho!Carvalho!1", "password_guessable"),
        ("stmarysmarysmarys99", "password_guessable"),
        ("Theatres2026Theatres", "password_guessable"),
        ("OperationScheduler1", "password_guessable"),
        ("operating-theatre-demo", "password_guessable"),
        ("hospitalpassword12", "password_guessable"),
        ("aaaaaaaaaaaaaaaaaa", "password_row"),
        ("abcdefghijklmnopqr", "password_row"),
        ("98765432101234567", "password_row"),
    ],
)
def test_what_others_would_try_first_is_refused(password: str, reason: str) -> None:
    assert reason in reasons(password)


@pytest.mark.django_db
def test_the_page_of_a_link_asks_the_rules_too(settings: Any) -> None:
    user = UserFactory(email="ines@example.org", given_name="Ines", family_name="Carvalho")
    client = Client()
    client.post("/accounts/password/reset/", {"email": user.email})
    link = re.search(r"http://testserver(/\S+)", mail.outbox[0].body)[1]
    form = client.get(link, follow=True).redirect_chain[-1][0]
    easy = "carvalho-ines-2026"
    refused = client.post(form, {"password1": easy, "password2": easy})
    assert "others would try first" in refused.content.decode()
    user.refresh_from_db()
    assert not user.check_password(easy)


def test_they_are_kept_by_argon2(settings: Any) -> None:
    settings.PASSWORD_HASHERS = base.PASSWORD_HASHERS
    kept = make_password("seven clouds over the harbour")
    memory, passes = (int(re.search(rf"{name}=(\d+)", kept)[1]) for name in ("m", "t"))
    assert kept.startswith("argon2$argon2id$")
    assert (memory >= 19 * 1024, passes >= 2) == (True, True)  # at least what OWASP asks
    assert check_password("seven clouds over the harbour", kept)

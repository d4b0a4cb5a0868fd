"""Passkeys with Chromium's virtual authenticator, and an administrator who can't go round the second factor."""

import re
from collections.abc import Iterator
from typing import Any

import pyotp
import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from playwright.sync_api import Page, expect

from accounts.models import User
from tests.browser.conftest import OpenPage
from tests.factories import UserFactory

pytestmark = pytest.mark.browser
PASSWORD = "a long enough sentence"
KEY = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture(autouse=True)
def _rules(settings: Any, transactional_db: None) -> Iterator[None]:
    cache.clear()
    settings.SECOND_FACTOR_ROLES = ["administrator", "privacy_officer"]
    yield
    cache.clear()


@pytest.fixture
def admin() -> User:
    user: User = UserFactory(email="ada@example.org", given_name="Ada", role="administrator", is_staff=True)
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    return user


def sign_in(page: Page, email: str) -> None:
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def plug_in_key(page: Page) -> None:
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})


def sign_out(page: Page) -> None:
    page.locator("summary", has_text="Your menu").click()
    page.get_by_role("button", name="Sign out").click()


def test_an_administrator_sets_up_a_passkey_and_signs_in_with_it_alone(open_page: OpenPage, admin: User) -> None:
    page = open_page("/admin/accounts/user/", None)
    plug_in_key(page)
    sign_in(page, admin.email)
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    page.goto("/admin/")  # no way round
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()

    page.get_by_role("link", name="Use a passkey").click()
    page.get_by_label("Name").fill("This laptop")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("main")).to_contain_text("ecovery codes")
    assert Authenticator.objects.filter(user=admin, type="webauthn").count() == 1

    page.goto("/")
    sign_out(page)
    page.goto("/admin/accounts/user/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).to_have_url(re.compile("/admin/accounts/user/$"))
    expect(page.locator("#content")).to_contain_text("ada@example.org")


def test_an_administrator_sets_up_an_app_and_gives_its_code(open_page: OpenPage, admin: User) -> None:
    page = open_page("/admin/", None)
    sign_in(page, admin.email)
    page.get_by_role("link", name="Use an authenticator app").click()
    secret = page.locator(".secret").inner_text()
    page.get_by_label("Code that the app shows").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Set it up").click()
    expect(page.locator("main")).to_contain_text("ecovery codes")
    page.goto("/admin/")
    expect(page.locator("#content")).to_contain_text("Recent actions")

    cache.clear()  # the next code comes in half a minute; here the same one counts again
    page.context.clear_cookies()
    page.goto("/admin/")
    sign_in(page, admin.email)
    page.get_by_label(re.compile("[Cc]ode")).first.fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator("#content")).to_contain_text("Recent actions")

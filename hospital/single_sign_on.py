"""The hospital's identity provider, from the environment; what is wrong there stops the start."""

import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from accounts.identity_provider import IdentityProvider
from accounts.roles import Role
from hospital.environment import ConfigurationError, value, words

LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def identity_provider(environ: Mapping[str, str] = os.environ) -> IdentityProvider | None:
    """Return what ``OIDC_*`` says, or ``None`` where ``OIDC_ISSUER`` is not set."""
    issuer = value("OIDC_ISSUER", environ).rstrip("/")
    if not issuer:
        return None
    _check_issuer(issuer)
    return IdentityProvider(
        issuer=issuer,
        client_id=_needed("OIDC_CLIENT_ID", environ),
        client_secret=_needed("OIDC_CLIENT_SECRET", environ),
        name=value("OIDC_NAME", environ) or "your hospital account",
        groups_claim=value("OIDC_GROUPS_CLAIM", environ) or "groups",
        roles=tuple(_pair(word) for word in words("OIDC_ROLES", environ)),
        trusted_mfa=frozenset(words("OIDC_TRUSTED_MFA", environ)),
        makes_accounts=value("OIDC_CREATE", environ) == "1",
    )


def _check_issuer(issuer: str) -> None:
    parts = urlsplit(issuer)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise ConfigurationError("OIDC_ISSUER must begin with https://: whoever speaks in its name opens accounts.")


def _needed(name: str, environ: Mapping[str, str]) -> str:
    found = value(name, environ)
    if not found:
        raise ConfigurationError(f"Set {name} (or {name}_FILE) too: OIDC_ISSUER is set.")
    return found


def _pair(word: str) -> tuple[str, str]:
    """Split at the last colon: names of groups may hold some."""
    group, _, role = word.rpartition(":")
    if not group or role not in Role.values:
        known = ", ".join(Role.values)
        raise ConfigurationError(f"OIDC_ROLES: {word!r} is not group:role with a role of {known}.")
    return group, role

"""The hospital's identity provider, from the environment; what is wrong there stops the start."""

import os
from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from accounts.identity_provider import IdentityProvider, Saml
from accounts.roles import Role
from hospital.environment import ConfigurationError, value, words

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
GROUPS = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"


def saml_is_installed() -> bool:
    """Say whether the packages of ``requirements-saml.txt`` are there."""
    return find_spec("onelogin") is not None


def identity_provider(environ: Mapping[str, str] = os.environ) -> IdentityProvider | None:
    """Return what ``OIDC_*`` or ``SAML_*`` says, or ``None`` where neither names a provider."""
    issuer = value("OIDC_ISSUER", environ).rstrip("/")
    entity = value("SAML_ENTITY_ID", environ)
    if issuer and entity:
        raise ConfigurationError("Set OIDC_ISSUER or SAML_ENTITY_ID, not both.")
    if entity:
        return _saml(entity, environ)
    if not issuer:
        return None
    _check_address("OIDC_ISSUER", issuer)
    return IdentityProvider(
        issuer=issuer,
        client_id=_needed("OIDC_CLIENT_ID", environ, because="OIDC_ISSUER"),
        client_secret=_needed("OIDC_CLIENT_SECRET", environ, because="OIDC_ISSUER"),
        **_people("OIDC", environ, groups="groups"),
    )


def _saml(entity: str, environ: Mapping[str, str]) -> IdentityProvider:
    if not saml_is_installed():
        message = "SAML_ENTITY_ID is set, and SAML is not installed: pip install -r requirements-saml.txt."
        raise ConfigurationError(message)
    address = _needed("SAML_SSO_URL", environ, because="SAML_ENTITY_ID")
    _check_address("SAML_SSO_URL", address)
    saml = Saml(sso_url=address, certificate=_needed("SAML_CERTIFICATE", environ, because="SAML_ENTITY_ID"))
    named: dict[str, Any] = {
        name: tuple(words(f"SAML_{name.upper()}_ATTRIBUTE", environ)) or getattr(saml, name)
        for name in ("email", "given_name", "family_name")
    }
    saml = replace(saml, mfa=value("SAML_MFA_ATTRIBUTE", environ) or saml.mfa, **named)
    return IdentityProvider(issuer=entity, saml=saml, **_people("SAML", environ, groups=GROUPS))


def _people(prefix: str, environ: Mapping[str, str], *, groups: str) -> dict[str, Any]:
    """Return what both protocols have in common: whom we let in, and as what."""
    return {
        "name": value(f"{prefix}_NAME", environ) or "your hospital account",
        "groups_claim": value(f"{prefix}_GROUPS_CLAIM", environ) or groups,
        "roles": tuple(_pair(f"{prefix}_ROLES", word) for word in words(f"{prefix}_ROLES", environ)),
        "trusted_mfa": frozenset(words(f"{prefix}_TRUSTED_MFA", environ)),
        "makes_accounts": value(f"{prefix}_CREATE", environ) == "1",
    }


def _check_address(name: str, address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise ConfigurationError(f"{name} must begin with https://: whoever speaks in its name opens accounts.")


def _needed(name: str, environ: Mapping[str, str], *, because: str) -> str:
    found = value(name, environ)
    if not found:
        raise ConfigurationError(f"Set {name} (or {name}_FILE) too: {because} is set.")
    return found


def _pair(name: str, word: str) -> tuple[str, str]:
    """Split at the last colon: names of groups may hold some."""
    group, _, role = word.rpartition(":")
    if not group or role not in Role.values:
        known = ", ".join(Role.values)
        raise ConfigurationError(f"{name}: {word!r} is not group:role with a role of {known}.")
    return group, role

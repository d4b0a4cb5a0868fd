"""What the site knows of the hospital's identity provider. Settings make one; ``None`` stands for none."""

from dataclasses import dataclass, field
from typing import Any

PROVIDER_ID = "hospital"
"""In the address that is registered with the provider: ``/accounts/single-sign-on/hospital/login/callback/``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityProvider:
    """An OpenID Connect or SAML provider, and what its word counts for here."""

    issuer: str
    """Its address, or for SAML its entity id."""
    client_id: str = PROVIDER_ID
    client_secret: str = field(default="", repr=False)
    saml: "Saml | None" = None
    """How it is reached by SAML; ``None`` for OpenID Connect."""
    name: str = "your hospital account"
    """What stands after "Sign in with" on the button."""
    groups_claim: str = "groups"
    roles: tuple[tuple[str, str], ...] = ()
    """(group, role): a group may give several roles, and several groups the same one."""
    trusted_mfa: frozenset[str] = frozenset()
    """Values of the claims ``acr`` and ``amr`` that say that a second factor was given."""
    makes_accounts: bool = False
    """Whether somebody unknown gets an account; otherwise an administrator makes it first."""

    @property
    def mapped_roles(self) -> frozenset[str]:
        """Return the roles that groups decide; all others are given by hand."""
        return frozenset(role for _, role in self.roles)

    def roles_of(self, groups: frozenset[str]) -> frozenset[str]:
        """Return what members of ``groups`` are here."""
        return frozenset(role for group, role in self.roles if group in groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saml:
    """Where a SAML 2.0 provider takes requests, what it signs with, and how it calls what it says of people.

    Names are lists: the first attribute that is there counts.
    """

    sso_url: str
    certificate: str = field(repr=False)
    email: tuple[str, ...] = (
        "urn:oid:0.9.2342.19200300.100.1.3",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
        "mail",
        "email",
    )
    given_name: tuple[str, ...] = (
        "urn:oid:2.5.4.42",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname",
        "givenName",
    )
    family_name: tuple[str, ...] = (
        "urn:oid:2.5.4.4",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname",
        "sn",
    )
    mfa: str = "http://schemas.microsoft.com/claims/authnmethodsreferences"

    def claims(self, attributes: dict[str, list[str]]) -> dict[str, Any]:
        """Return attributes by the names that OpenID Connect gives them.

        The hospital's own provider signs the address; SAML has no word for whether it was verified.
        """
        said = {name: _first(attributes, getattr(self, name)) for name in ("email", "given_name", "family_name")}
        return {**attributes, **said, "email_verified": True, "amr": attributes.get(self.mfa, [])}


def _first(attributes: dict[str, list[str]], names: tuple[str, ...]) -> str:
    return next((attributes[name][0] for name in names if attributes.get(name)), "")

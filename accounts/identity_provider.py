"""What the site knows of the hospital's identity provider. Settings make one; ``None`` stands for none."""

from dataclasses import dataclass, field

PROVIDER_ID = "hospital"
"""In the address that is registered with the provider: ``/accounts/single-sign-on/hospital/login/callback/``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityProvider:
    """An OpenID Connect provider, and what its word counts for here."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
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

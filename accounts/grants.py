"""What a role gives its holder, and where."""

from dataclasses import dataclass

from accounts.role_bounds import capabilities_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One role held today. ``sites`` and ``specialties`` are row numbers; empty means all of them.

    ``given`` and ``taken`` are the hospital's own changes to what the role may do.
    """

    role: str
    sites: frozenset[int] = frozenset()
    specialties: frozenset[int] = frozenset()
    given: frozenset[str] = frozenset()
    taken: frozenset[str] = frozenset()

    @property
    def capabilities(self) -> frozenset[str]:
        """Everything that the role lets one do, within the limits."""
        return capabilities_of(self.role, self.given, self.taken)

    @property
    def is_limited(self) -> bool:
        """Say whether it counts at some sites or in some specialties only."""
        return bool(self.sites or self.specialties)

    def covers(self, other: "Grant") -> bool:
        """Say whether whoever holds this one could act wherever the holder of ``other`` could."""
        return _within(other.sites, self.sites) and _within(other.specialties, self.specialties)


def _within(inner: frozenset[int], outer: frozenset[int]) -> bool:
    return not outer or (bool(inner) and inner <= outer)

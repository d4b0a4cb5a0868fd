"""How many of each profession sessions need."""

from collections import defaultdict

from resources.models import OwnerKind, TeamNeed, TheatreSession

UNMANNED = frozenset({OwnerKind.CLOSED, OwnerKind.ON_HOLD})
"""Sessions that need nobody."""

Needs = dict[int | None, dict[str, int]]
"""By specialty, how many of each profession; ``None`` for specialties without rows of their own."""


def team_needs() -> Needs:
    """Return the hospital's table."""
    found: Needs = defaultdict(dict)
    for specialty, profession, quantity in TeamNeed.objects.values_list("specialty", "profession", "quantity"):
        found[specialty][profession] = quantity
    return dict(found)


def needs_of(session: TheatreSession, needs: Needs) -> dict[str, int]:
    """Return how many of each profession one session needs."""
    if session.owner_kind in UNMANNED:
        return {}
    return needs.get(session.specialty_id) or needs.get(None, {})

"""Which theatre time a release gives up, to whom, and whether it was in time. Pure, but for the rules it reads."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from resources.models import OwnerKind, ReleaseRule
from resources.models.sessions import OWNERS_FIELDS, Owned
from scheduling.period import Period, without

RELEASABLE = frozenset(OWNERS_FIELDS)
"""The kinds of owner who can give something up."""
TIMELY_DAYS = 7
"""Days ahead from which a release counts as timely where the owner's rule names none."""


@dataclass(frozen=True, slots=True)
class ReleaseRules:
    """The hospital's rules, read once."""

    by_specialty: dict[int | None, ReleaseRule]

    @classmethod
    def read(cls) -> "ReleaseRules":
        """Read them all, in one query."""
        return cls({rule.specialty_id: rule for rule in ReleaseRule.objects.all()})

    def of(self, owned: Owned) -> ReleaseRule:
        """Return the rule that holds for an owner."""
        return self.by_specialty.get(owned.specialty_id) or self.by_specialty.get(None) or ReleaseRule.fallback()


def unbooked(whole: Period, booked: Iterable[Period], shortest_minutes: int, now: datetime) -> list[Period]:
    """Return the stretches of ``whole`` that are still to come, hold nothing and are long enough to be of use."""
    start = max(whole.start, _next_five(now))
    if start >= whole.end:
        return []
    return [gap for gap in without(Period(start, whole.end), booked) if gap.minutes >= shortest_minutes]


def _next_five(at: datetime) -> datetime:
    return at + timedelta(seconds=-at.timestamp() % 300)


def is_timely(rule: ReleaseRule, lead_days: int) -> bool:
    """Say whether a release so many days ahead earns credit: before the rule would have released it by itself."""
    return lead_days > (TIMELY_DAYS - 1 if rule.days_ahead is None else rule.days_ahead)


def offered_to(owned: Owned, rule: ReleaseRule, now: datetime, starts: datetime) -> dict[str, Any]:
    """Return the columns of who has the time after a release: a surgeon's goes to the specialty before everybody.

    The specialty has it for the rule's days, but not in the last day before the session: then everybody has it.
    """
    until = now + timedelta(days=rule.own_specialty_days)
    first_refusal = owned.owner_kind == OwnerKind.SURGEON and rule.own_specialty_days
    if first_refusal and until <= starts - timedelta(days=1):
        return {
            "owner_kind": OwnerKind.SPECIALTY,
            "specialty_id": owned.specialty_id,
            "surgeon_id": None,
            "group_id": None,
            "open_from": until,
        }
    return {"owner_kind": OwnerKind.OPEN, "specialty_id": None, "surgeon_id": None, "group_id": None, "open_from": None}


def due_on(day: date, rule: ReleaseRule) -> date | None:
    """Return the day on which what is not booked is released by itself, or None for never."""
    return None if rule.days_ahead is None else day - timedelta(days=rule.days_ahead)

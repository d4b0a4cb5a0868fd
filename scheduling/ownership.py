"""Whose theatre time it is for an operation: its own, open to it, or somebody else's."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from django.db import connection

from resources.models import OwnerKind
from scheduling.period import Period


class Standing(Enum):
    """How an operation stands to theatre time that has an owner."""

    OWN = "own"
    OPEN = "open"
    OTHERS = "others"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedTime:
    """One dated session as rules and calendars need it.

    ``members`` are the surgeons of a group; ``names`` those of specialty, surgeon or group, none where
    nobody owns it.
    """

    number: int
    day: date
    period: Period
    kind: str
    names: tuple[str, ...] = ()
    hue: str = "slate"
    specialty_id: int | None = None
    surgeon_id: int | None = None
    members: frozenset[int] = frozenset()
    open_from: datetime | None = None

    @property
    def owner(self) -> str:
        """Return whose it is, in words."""
        return " · ".join(self.names) or OwnerKind(self.kind).label

    @property
    def short_owner(self) -> str:
        """Return the specialty or group alone."""
        return self.names[0] if self.names else str(OwnerKind(self.kind).label)

    def standing(self, *, specialty_id: int | None, surgeon_id: int | None, emergency: bool, now: datetime) -> Standing:
        """Return how an operation of this specialty and lead surgeon stands to it at ``now``."""
        match self.kind:
            case OwnerKind.SPECIALTY:
                own = self.specialty_id == specialty_id
            case OwnerKind.SURGEON:
                own = self.specialty_id == specialty_id and self.surgeon_id == surgeon_id
            case OwnerKind.GROUP:
                own = surgeon_id in self.members
            case OwnerKind.EMERGENCY:
                own = emergency
            case _:
                own = False
        if own:
            return Standing.OWN
        is_open = self.kind == OwnerKind.OPEN or (self.open_from is not None and self.open_from <= now)
        return Standing.OPEN if is_open else Standing.OTHERS


OWNED_BY = """
CASE owned.owner_kind
    WHEN 'specialty' THEN owned.specialty_id = %(specialty)s
    WHEN 'surgeon' THEN owned.specialty_id = %(specialty)s AND owned.surgeon_id = %(surgeon)s
    WHEN 'group' THEN EXISTS (
        SELECT FROM resources_surgeongroup_members member
        WHERE member.surgeongroup_id = owned.group_id AND member.staffmember_id = %(surgeon)s)
    WHEN 'emergency' THEN %(emergency)s
    ELSE false
END
"""
"""SQL for :attr:`Standing.OWN` of a row ``owned`` of ``resources_theatresession``."""

OPEN_TO_ALL = "(owned.owner_kind = 'open' OR coalesce(owned.open_from <= now(), false))"
"""SQL for: not its own, and open to it all the same."""


_ASKED = """
SELECT owned.theatre_id, owned.id, owned.day, owned.period, owned.owner_kind, owned.specialty_id, owned.surgeon_id,
    ARRAY(SELECT member.staffmember_id FROM resources_surgeongroup_members member
          WHERE member.surgeongroup_id = owned.group_id),
    owned.open_from, ARRAY[specialty.name, surgeon.name, firm.name], specialty.hue
FROM resources_theatresession owned
LEFT JOIN resources_specialty specialty ON specialty.id = owned.specialty_id
LEFT JOIN resources_resource surgeon ON surgeon.id = owned.surgeon_id
LEFT JOIN resources_surgeongroup firm ON firm.id = owned.group_id
WHERE owned.period && %(window)s::tstzrange
  AND (%(theatres)s::bigint[] IS NULL OR owned.theatre_id = ANY(%(theatres)s::bigint[]))
ORDER BY owned.period
"""


def owned_times(window: Period, theatre_ids: Iterable[int] | None = None) -> dict[int, list[OwnedTime]]:
    """Return the sessions in the window with their owners, by theatre, in order of time; one query."""
    theatres = None if theatre_ids is None else list(theatre_ids)
    with connection.cursor() as cursor:
        cursor.execute(_ASKED, {"window": window.as_range(), "theatres": theatres})
        rows = cursor.fetchall()
    found: dict[int, list[OwnedTime]] = defaultdict(list)
    for theatre, number, day, period, kind, specialty, surgeon, members, open_from, names, hue in rows:
        found[theatre].append(
            OwnedTime(
                number=number,
                day=day,
                period=Period.of(period),
                kind=kind,
                names=tuple(name for name in names if name),
                hue=hue or "slate",
                specialty_id=specialty,
                surgeon_id=surgeon,
                members=frozenset(members),
                open_from=open_from,
            )
        )
    return found

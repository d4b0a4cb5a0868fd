"""The theatre time that is open, now or to its specialty first."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from resources.models import (
    BlockRelease,
    OwnerKind,
    TheatreSession,
)
from resources.models.sessions import RELEASE_STANDS
from scheduling.block_owners import BlockAccess
from scheduling.period import Period
from scheduling.permissions import USE_BLOCKS
from scheduling.releasing import unbooked
from scheduling.selectors.blocks.theatre_time import held_by_theatre, state_of
from scheduling.services.time_requests import is_open_to

WORTH_OFFERING = 30
"""Minutes of free time from which open time is listed."""
SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTime:
    """One session that is open, now or to its specialty first, with what is free in it."""

    session: TheatreSession
    free: list[Period]
    state: str
    release: BlockRelease | None
    may_claim: bool

    @property
    def minutes(self) -> int:
        """Free minutes."""
        return sum(period.minutes for period in self.free)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTimeFilter:
    """What the address asks for; ``minutes`` in one piece."""

    first: date
    last: date
    theatre: int | None = None
    feature: int | None = None
    minutes: int = WORTH_OFFERING


def open_time(viewer: User, wanted: OpenTimeFilter) -> list[OpenTime]:
    """Return the open time from now on in order of time, in a fixed number of queries."""
    now = timezone.now()
    rows = TheatreSession.objects.filter(
        Q(owner_kind=OwnerKind.OPEN) | Q(open_from__isnull=False),
        day__range=(wanted.first, wanted.last),
        period__endswith__gt=now,
        theatre__in_use=True,
    ).select_related("theatre", "specialty", "surgeon", "group")
    if wanted.theatre:
        rows = rows.filter(theatre=wanted.theatre)
    if wanted.feature:
        rows = rows.filter(theatre__features=wanted.feature)
    sessions = list(rows.order_by("period", "theatre__position"))
    held = held_by_theatre(sessions)
    standing = BlockRelease.objects.filter(RELEASE_STANDS, session__in=sessions)
    releases = {one.session_id: one for one in standing.select_related("specialty", "surgeon", "group", "by")}
    asks_for, may_use = BlockAccess(viewer).asks_for, viewer.can(USE_BLOCKS)
    found = []
    for session in sessions:
        free = unbooked(Period.of(session.period), held[session.theatre_id], wanted.minutes, now)
        if free:
            found.append(
                OpenTime(
                    session=session,
                    free=free,
                    state=state_of(session.owner_kind, session.open_from, now),
                    release=releases.get(session.pk),
                    may_claim=may_use and (asks_for is None or any(is_open_to(session, number) for number in asks_for)),
                )
            )
    return found[:SHOWN]

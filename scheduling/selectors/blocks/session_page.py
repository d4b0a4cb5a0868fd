"""One session, with what is booked, released and asked for in it."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from resources.models import (
    BlockRelease,
    TheatreSession,
    TimeRequest,
)
from scheduling.block_owners import BlockAccess
from scheduling.models import Operation
from scheduling.period import Period, merged
from scheduling.permissions import USE_BLOCKS
from scheduling.releasing import RELEASABLE, ReleaseRules, due_on, unbooked
from scheduling.selectors.blocks.theatre_time import held_by_theatre, state_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPage:
    """Everything the page of one session shows; ``free`` are the stretches that nothing is booked in."""

    session: TheatreSession
    period: Period
    operations: list[Operation]
    used: int
    free: list[Period]
    releases: list[BlockRelease]
    requests: list[TimeRequest]
    released_on: date | None
    may_release: bool
    may_run: bool
    state: str

    @property
    def load(self) -> int:
        """Percent of the session that is booked."""
        return round(100 * self.used / self.period.minutes) if self.period.minutes else 0

    @property
    def standing_release(self) -> BlockRelease | None:
        """The release whose time is on offer, if there is one."""
        return next((one for one in self.releases if one.undone_at is None and one.taken_at is None), None)

    @property
    def is_over(self) -> bool:
        """Say whether it has ended."""
        return self.period.end <= timezone.now()


def session_page(session: TheatreSession, viewer: User) -> SessionPage:
    """Return the page of a session as ``viewer`` may see it."""
    period, now = Period.of(session.period), timezone.now()
    rules = ReleaseRules.read()
    operations = list(
        Operation.objects.filter(theatre=session.theatre_id, period__overlap=session.period)
        .with_facts()
        .with_board_standing(viewer)
        .order_by("period")
    )
    booked = held_by_theatre([session])[session.theatre_id]
    releases = list(session.releases.select_related("by", "undone_by", "specialty", "surgeon", "group"))
    requests = list(
        TimeRequest.objects.filter(Q(session=session) | Q(other=session)).select_related(
            "asked_by", "surgeon", "specialty", "decided_by", "other__theatre", "session__theatre"
        )
    )
    owned = session.owner_kind in RELEASABLE and session.open_from is None
    rule = rules.of(session)
    due = None if session.kept or not owned else due_on(session.day, rule)
    access = BlockAccess(viewer)
    runs = access.runs(session.theatre, session.specialty_id)
    return SessionPage(
        session=session,
        period=period,
        operations=operations,
        used=sum(one.shared_minutes(period) for one in merged(Period.of(o.period) for o in operations)),
        free=unbooked(period, booked, 5, now),
        releases=releases,
        requests=requests,
        released_on=due,
        may_release=viewer.can(USE_BLOCKS) and (runs or access.owns(session)),
        may_run=runs,
        state=state_of(session.owner_kind, session.open_from, now),
    )

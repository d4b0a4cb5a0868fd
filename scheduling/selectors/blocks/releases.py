"""What was released and how it was filled, and what is about to be."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from django.utils import timezone

from accounts.models import User
from resources.models import (
    BlockRelease,
    TheatreSession,
)
from resources.models.sessions import RELEASE_STANDS
from scheduling.block_owners import BlockAccess
from scheduling.models import Operation
from scheduling.period import Period, merged
from scheduling.releasing import RELEASABLE, ReleaseRules, due_on, unbooked
from scheduling.selectors.blocks.theatre_time import held_by_theatre


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """One release and how much of the time was filled since: in-room minutes of what is booked in it."""

    release: BlockRelease
    minutes: int
    filled: int
    cases: int

    @property
    def share(self) -> int:
        """Percent of the released minutes that are filled."""
        return round(100 * self.filled / self.minutes) if self.minutes else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnersReleases:
    """What one owner released in the span: ``credit`` are the minutes released in time."""

    owner: str
    count: int
    minutes: int
    filled: int
    credit: int
    median_lead: float
    automatic: int

    @property
    def share(self) -> int:
        """Filled minutes over released minutes, in percent."""
        return round(100 * self.filled / self.minutes) if self.minutes else 0


def releases(first: date, last: date) -> tuple[list[Released], list[OwnersReleases]]:
    """Return the releases of sessions from ``first`` through ``last``, newest first, and summed up by owner.

    Fill is in-room minutes of operations in the released time over the released minutes (sum over sum). Lead is
    whole days from the release to the session.
    """
    rows = list(
        BlockRelease.objects.filter(undone_at=None, session__day__range=(first, last))
        .select_related("session__theatre", "specialty", "surgeon", "group", "by")
        .order_by("-at", "-pk")
    )
    booked: dict[int, list[Period]] = defaultdict(list)
    if rows:
        whole = Period(min(Period.of(row.period).start for row in rows), max(Period.of(row.period).end for row in rows))
        operations = Operation.objects.filter(
            theatre__in={row.session.theatre_id for row in rows}, period__overlap=whole.as_range()
        )
        for theatre, planned in operations.values_list("theatre_id", "period"):
            booked[theatre].append(Period.of(planned))
    found = []
    for row in rows:
        given_up = Period.of(row.period)
        inside = [one for one in booked[row.session.theatre_id] if one.overlaps(given_up)]
        filled = sum(one.shared_minutes(given_up) for one in merged(inside))
        found.append(Released(release=row, minutes=given_up.minutes, filled=filled, cases=len(inside)))
    return found, _by_owner(found)


def _by_owner(found: Iterable[Released]) -> list[OwnersReleases]:
    groups: dict[str, list[Released]] = defaultdict(list)
    for one in found:
        groups[one.release.owner].append(one)
    summed = [
        OwnersReleases(
            owner=owner,
            count=len(rows),
            minutes=sum(one.minutes for one in rows),
            filled=sum(one.filled for one in rows),
            credit=sum(one.minutes for one in rows if one.release.timely),
            median_lead=median(one.release.lead_days for one in rows),
            automatic=sum(one.release.by_id is None for one in rows),
        )
        for owner, rows in groups.items()
    ]
    return sorted(summed, key=lambda one: -one.minutes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """Time that will be released by itself on ``on``, if nobody books it."""

    session: TheatreSession
    on: date
    minutes: int


def about_to_be_released(viewer: User | None = None, *, today: date | None = None) -> list[Coming]:
    """Return what the rules release by themselves within their days of notice, soonest first.

    With ``viewer`` only what is theirs, or what they run.
    """
    today = today or timezone.localdate()
    rules = ReleaseRules.read()
    reach = [rule.days_ahead + rule.notice_days for rule in rules.by_specialty.values() if rule.days_ahead is not None]
    if not reach:
        return []
    sessions = list(
        TheatreSession.objects.filter(
            owner_kind__in=RELEASABLE,
            open_from=None,
            kept=False,
            day__range=(today, today + timedelta(days=max(reach))),
        )
        .exclude(pk__in=BlockRelease.objects.filter(RELEASE_STANDS).values("session"))
        .select_related("theatre", "specialty", "surgeon", "group")
        .order_by("day", "theatre__position")
    )
    held = held_by_theatre(sessions)
    access = BlockAccess(viewer) if viewer else None
    found = []
    for session in sessions:
        rule = rules.of(session)
        due = due_on(session.day, rule)
        if due is None or due - timedelta(days=rule.notice_days) > today:
            continue
        if access and not (access.owns(session) or access.runs(session.theatre, session.specialty_id)):
            continue
        free = unbooked(Period.of(session.period), held[session.theatre_id], rule.shortest_minutes, timezone.now())
        if free:
            found.append(Coming(session=session, on=max(due, today), minutes=sum(one.minutes for one in free)))
    return sorted(found, key=lambda one: (one.on, one.session.day))

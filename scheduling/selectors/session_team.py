"""The team of a session: who is needed, who is on it, and who else could be, fairest first."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from resources.models import OwnerKind, Profession, SessionStaff, Shift, StaffMember, TheatreSession, Unavailability
from scheduling.models import Reservation
from scheduling.period import Period, merged
from scheduling.querysets import local_midnight
from scheduling.selectors.team_needs import needs_of, team_needs


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Somebody who is free and trained; ``minutes`` are on teams and in operations this week."""

    person: StaffMember
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody on the team; ``trouble`` says what came up since: another team then, or an absence."""

    person: StaffMember
    trouble: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One profession of the session: how many are needed, who is there, and who could come."""

    profession: str
    label: str
    needed: int
    members: list[Member]
    candidates: list[Candidate]

    @property
    def missing(self) -> int:
        """Return how many are lacking."""
        return max(0, self.needed - len(self.members))


def session_team(session: TheatreSession, *, candidates: bool = True) -> list[Post]:
    """Return the posts of a session, needed or filled; the number of queries does not grow with people."""
    needed = needs_of(session, team_needs())
    trouble = _trouble(session)
    members: dict[str, list[Member]] = defaultdict(list)
    for row in SessionStaff.objects.filter(session=session).select_related("staff_member").order_by("staff_member"):
        one = Member(person=row.staff_member, trouble=trouble.get(row.staff_member_id, ""))
        members[one.person.profession].append(one)
    wanted = [one for one in Profession if needed.get(one) or members.get(one)]
    free = _candidates(session, [one for one in wanted if candidates])
    return [
        Post(
            profession=one,
            label=Profession(one).label,
            needed=needed.get(one, 0),
            members=members.get(one, []),
            candidates=free.get(one, []),
        )
        for one in wanted
    ]


def _trouble(session: TheatreSession) -> dict[int, str]:
    """Return in words why members can't come, who were free when they joined: the session or they were moved.

    Why somebody is away is for those who keep the roster, and they read it there.
    """
    members = SessionStaff.objects.filter(session=session).values("staff_member")
    overlapping = {"session__period__overlap": session.period, "staff_member__in": members}
    others = SessionStaff.objects.filter(**overlapping).exclude(session=session).select_related("session__theatre")
    away = Unavailability.objects.filter(resource__in=members, period__overlap=session.period)
    found = {
        one.staff_member_id: f"also on the team of {one.session.theatre}, {Period.of(one.session.period)}"
        for one in others
    }
    return found | dict.fromkeys(away.values_list("resource_id", flat=True), "away")


def _candidates(session: TheatreSession, professions: Collection[str]) -> dict[str, list[Candidate]]:
    """Return by profession who is on duty and not away, nor on another team, nor held by an operation elsewhere."""
    on_duty = Shift.objects.filter(staff_member=OuterRef("pk"), period__contains=session.period)
    if session.owner_kind != OwnerKind.EMERGENCY:
        on_duty = on_duty.filter(on_call=False)
    away = Unavailability.objects.filter(resource=OuterRef("pk"), period__overlap=session.period)
    on_team = SessionStaff.objects.filter(staff_member=OuterRef("pk"), session__period__overlap=session.period)
    held = Reservation.objects.filter(resource=OuterRef("pk"), active=True, period__overlap=session.period)
    elsewhere = held.exclude(operation__theatre=session.theatre_id)
    people = StaffMember.objects.filter(
        Q(rostered=False) | Exists(on_duty),
        ~Exists(away),
        ~Exists(on_team),
        ~Exists(elsewhere),
        in_use=True,
        profession__in=professions,
    )
    found = list(people)
    minutes = week_minutes({person.pk for person in found}, session)
    by_profession: dict[str, list[Candidate]] = defaultdict(list)
    for person in sorted(found, key=lambda person: (minutes[person.pk], person.name)):
        by_profession[person.profession].append(Candidate(person=person, minutes=minutes[person.pk]))
    return by_profession


def week_minutes(people: Collection[int], session: TheatreSession) -> dict[int, int]:
    """Return the minutes of each in the session's week, on teams and in operations, none counted twice."""
    monday = session.day - timedelta(days=session.day.weekday())
    week = Period(local_midnight(monday), local_midnight(monday + timedelta(days=7)))
    teams = SessionStaff.objects.filter(staff_member__in=people, session__period__overlap=week.as_range())
    held = Reservation.objects.filter(resource__in=people, active=True, period__overlap=week.as_range())
    busy: dict[int, list[Period]] = defaultdict(list)
    rows: Iterable[tuple[int, Any]] = (
        *teams.values_list("staff_member", "session__period"),
        *held.values_list("resource", "period"),
    )
    for person, period in rows:
        busy[person].append(Period.of(period))
    return {person: sum(week.shared_minutes(one) for one in merged(busy[person])) for person in people}


def is_over(session: TheatreSession) -> bool:
    """Say whether the session has ended."""
    return Period.of(session.period).end <= timezone.now()

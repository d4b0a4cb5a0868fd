"""The block schedule: whose theatre time it is week by week, what is open, released, asked for, and about to go."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from resources.models import (
    BlockRelease,
    BlockTemplate,
    LayOut,
    OwnerKind,
    Theatre,
    TheatreSession,
    TimeRequest,
    TimeRequestKind,
)
from resources.models.sessions import OPEN_STATES, RELEASE_STANDS
from scheduling.block_owners import BlockAccess
from scheduling.laying_out import Difference, Verb
from scheduling.models import Operation, Reservation
from scheduling.period import Period, merged
from scheduling.permissions import USE_BLOCKS
from scheduling.querysets import local_midnight
from scheduling.releasing import RELEASABLE, ReleaseRules, due_on, unbooked
from scheduling.selectors.sessions import theatre_days
from scheduling.selectors.week import DAYS, monday_of
from scheduling.services.sessions import Preview
from scheduling.services.time_requests import is_open_to, is_other_side, may_decide

WORTH_OFFERING = 30
"""Minutes of free time from which open time is listed."""
SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """One session in its cell. ``used`` and ``minutes`` are in-room minutes and the session's length.

    ``state``: owned, open, first (its specialty has it first), hold, closed or emergency.
    """

    number: int
    owner: str
    hue: str
    clock: str
    minutes: int
    used: int
    state: str
    released: bool

    @property
    def load(self) -> int:
        """Percent of the session that is booked."""
        return round(100 * self.used / self.minutes) if self.minutes else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockCell:
    """One theatre on one day; ``closed`` says why where it is not open."""

    day: date
    chips: list[Chip]
    closed: str
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockWeek:
    """Theatres down, days across. ``laid_out_until`` is the last day with a session, or None."""

    days: list[date]
    rows: list[tuple[Theatre, list[BlockCell]]]
    laid_out_until: date | None
    last_run: LayOut | None

    @property
    def previous(self) -> date:
        """A day of the week before."""
        return self.days[0] - timedelta(days=DAYS)

    @property
    def next(self) -> date:
        """A day of the week after."""
        return self.days[0] + timedelta(days=DAYS)

    @property
    def is_empty(self) -> bool:
        """Say whether no session is laid out in this week."""
        return not any(cell.chips for _, cells in self.rows for cell in cells)


def block_week(day: date) -> BlockWeek:
    """Return the week of ``day``, in a fixed number of queries."""
    days = [monday_of(day) + timedelta(days=offset) for offset in range(DAYS)]
    theatres = list(Theatre.objects.filter(in_use=True))
    entries = theatre_days(theatres, days)
    numbers = [session.number for entry in entries.values() for session in entry.sessions]
    released = set(
        BlockRelease.objects.filter(RELEASE_STANDS, session__in=numbers).values_list("session_id", flat=True)
    )
    booked = _in_room(theatres, days)
    now = timezone.now()
    rows = []
    for theatre in theatres:
        cells = []
        for one in days:
            entry = entries[theatre.pk, one]
            chips = [
                Chip(
                    number=session.number,
                    owner=session.owner,
                    hue=session.hue,
                    clock=str(session.period),
                    minutes=session.period.minutes,
                    used=sum(a.shared_minutes(session.period) for a in booked[theatre.pk, one]),
                    state=state_of(session.kind, session.open_from, now),
                    released=session.number in released,
                )
                for session in entry.sessions
            ]
            cells.append(BlockCell(day=one, chips=chips, closed=" · ".join(entry.closed), is_open=bool(entry.opened)))
        rows.append((theatre, cells))
    run = LayOut.objects.select_related("by").first()
    return BlockWeek(days=days, rows=rows, laid_out_until=laid_out_until(), last_run=run)


def state_of(kind: str, open_from: datetime | None, now: datetime) -> str:
    """Return what a session is to those who look for time."""
    if kind == OwnerKind.OPEN or (open_from is not None and open_from <= now):
        return "open"
    if open_from is not None:
        return "first"
    return {OwnerKind.ON_HOLD: "hold", OwnerKind.CLOSED: "closed", OwnerKind.EMERGENCY: "emergency"}.get(
        OwnerKind(kind), "owned"
    )


def _in_room(theatres: Sequence[Theatre], days: Sequence[date]) -> dict[tuple[int, date], list[Period]]:
    window = Period(local_midnight(days[0]), local_midnight(days[-1] + timedelta(days=1)))
    rows = Operation.objects.filter(theatre__in=theatres, period__overlap=window.as_range())
    found: dict[tuple[int, date], list[Period]] = defaultdict(list)
    for theatre, period in rows.values_list("theatre_id", "period"):
        planned = Period.of(period)
        found[theatre, timezone.localdate(planned.start)].append(planned)
    return defaultdict(list, {key: merged(periods) for key, periods in found.items()})


# --- one session ---


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
    booked = _held([session])[session.theatre_id]
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


def _held(sessions: Sequence[TheatreSession]) -> dict[int, list[Period]]:
    """Return when the theatres of the sessions are held, from the first to the last of them; one query."""
    found: dict[int, list[Period]] = defaultdict(list)
    if not sessions:
        return found
    whole = Period(
        min(Period.of(one.period).start for one in sessions), max(Period.of(one.period).end for one in sessions)
    )
    rows = Reservation.objects.filter(
        resource__in={one.theatre_id for one in sessions},
        active=True,
        exclusive=True,
        period__overlap=whole.as_range(),
    )
    for resource, period in rows.values_list("resource_id", "period"):
        found[resource].append(Period.of(period))
    return found


# --- open time ---


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
    held = _held(sessions)
    standing = BlockRelease.objects.filter(RELEASE_STANDS, session__in=sessions)
    releases = {one.session_id: one for one in standing.select_related("specialty", "surgeon", "group", "by")}
    access, may_use = BlockAccess(viewer), viewer.can(USE_BLOCKS)
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
                    may_claim=may_use
                    and (access.runs_some or any(is_open_to(session, number) for number in access.specialties)),
                )
            )
    return found[:SHOWN]


def _fitting(request: TimeRequest, candidates: Iterable[OpenTime]) -> list[OpenTime]:
    """Return the open time that would do for time that is wanted: soonest first, five at most."""
    if request.first is None or request.last is None:
        return []
    return [
        one
        for one in candidates
        if request.first <= one.session.day <= request.last
        and any(period.minutes >= (request.minutes or WORTH_OFFERING) for period in one.free)
        and is_open_to(one.session, request.specialty_id)
    ][:5]


# --- requests ---


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request and what the viewer may do about it."""

    request: TimeRequest
    may_agree: bool
    may_approve: bool
    may_decline: bool
    may_withdraw: bool
    found: list[OpenTime]


def time_requests(viewer: User, *, closed: bool = False) -> list[Asked]:
    """Return the requests that wait, or those that are closed, which ``viewer`` asked, answers or decides."""
    rows = TimeRequest.objects.select_related(
        "session__theatre",
        "session__specialty",
        "session__surgeon",
        "session__group",
        "other__theatre",
        "other__specialty",
        "other__surgeon",
        "other__group",
        "specialty",
        "surgeon",
        "asked_by",
        "decided_by",
    )
    rows = rows.exclude(state__in=OPEN_STATES) if closed else rows.filter(state__in=OPEN_STATES)
    access = BlockAccess(viewer)
    shown = list(rows[:SHOWN])
    wanted = [one for one in shown if one.kind == TimeRequestKind.WANTED and one.state in OPEN_STATES]
    candidates = open_time(viewer, _window_of(wanted)) if wanted and access.runs_some else []
    found = []
    for request in shown:
        decides, other_side = may_decide(access, request), is_other_side(access, request)
        mine = request.asked_by_id == viewer.pk
        if not (decides or other_side or mine):
            continue
        two_sided = request.kind in (TimeRequestKind.OFFER, TimeRequestKind.SWAP)
        is_open = request.state in OPEN_STATES
        found.append(
            Asked(
                request=request,
                may_agree=is_open and other_side and request.state == "asked",
                may_approve=is_open and decides and request.state == ("agreed" if two_sided else "asked"),
                may_decline=is_open and (decides or other_side),
                may_withdraw=is_open and mine,
                found=_fitting(request, candidates) if is_open and decides else [],
            )
        )
    return found


def _window_of(wanted: Sequence[TimeRequest]) -> OpenTimeFilter:
    today = timezone.localdate()
    first = min(one.first or today for one in wanted)
    return OpenTimeFilter(first=max(first, today), last=max(one.last or today for one in wanted))


def waiting_requests(viewer: User) -> int:
    """Return how many requests wait for ``viewer``'s answer or approval."""
    return sum(one.may_agree or one.may_approve for one in time_requests(viewer))


# --- releases ---


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
    held = _held(sessions)
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


def my_sessions(viewer: User, first: date, last: date) -> list[TheatreSession]:
    """Return the sessions that ``viewer`` may offer or exchange: the own ones to come."""
    rows = TheatreSession.objects.filter(
        owner_kind__in=RELEASABLE, open_from=None, day__range=(first, last), period__endswith__gt=timezone.now()
    ).select_related("theatre", "specialty", "surgeon", "group")
    access = BlockAccess(viewer)
    return [session for session in rows.order_by("period") if access.owns(session)]


# --- templates ---


def templates_by_theatre() -> list[tuple[Theatre, list[list[BlockTemplate]]]]:
    """Return the templates by theatre and weekday, those that have ended left out."""
    today = timezone.localdate()
    rows = BlockTemplate.objects.filter(Q(valid_until=None) | Q(valid_until__gte=today)).select_related(
        "specialty", "surgeon", "group"
    )
    found: dict[int, list[list[BlockTemplate]]] = defaultdict(lambda: [[] for _ in range(DAYS)])
    for row in rows.order_by("starts", "week_of_cycle"):
        found[row.theatre_id][row.weekday - 1].append(row)
    return [(theatre, found[theatre.pk]) for theatre in Theatre.objects.filter(in_use=True)]


# --- laying out ---


def laid_out_until() -> date | None:
    """Return the last day that has a session laid out from a template."""
    rows = TheatreSession.objects.filter(template__isnull=False).order_by("-day")
    return rows.values_list("day", flat=True).first()


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewLine:
    """One line of the preview that is worth reading; ``booked`` is how many operations are in the session now."""

    line: Difference
    theatre: Theatre
    booked: int


def booked_in_lines(found: Preview) -> list[PreviewLine]:
    """Return the lines that change, remove, clash or keep something, each with what is booked; two queries."""
    telling = [line for line in found.lines if line.verb in (Verb.CHANGE, Verb.REMOVE, Verb.CLASH, Verb.KEEP)]
    theatres = {theatre.pk: theatre for theatre in Theatre.objects.all()}
    window = Period(local_midnight(found.first), local_midnight(found.last + timedelta(days=1)))
    booked: dict[tuple[int, date], list[Period]] = defaultdict(list)
    rows = Operation.objects.filter(
        theatre__in={line.theatre_id for line in telling}, period__overlap=window.as_range()
    )
    for theatre, period in rows.values_list("theatre_id", "period"):
        planned = Period.of(period)
        booked[theatre, timezone.localdate(planned.start)].append(planned)
    return [
        PreviewLine(
            line=line,
            theatre=theatres[line.theatre_id],
            booked=sum(
                line.session is not None and one.touches(line.session.period)
                for one in booked[line.theatre_id, line.day]
            ),
        )
        for line in telling
    ]

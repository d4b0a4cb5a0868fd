"""The board on the wall: each theatre's case, what comes next, and when the list will end."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.audit.recording import note
from accounts.models import User
from resources.models import Theatre, Unavailability
from scheduling.models import EventKind, Operation, Status
from scheduling.opening import closing_times
from scheduling.period import Period
from scheduling.projection import Expected
from scheduling.selectors.closed_lists import ClosedLine, closed_lines
from scheduling.selectors.expecting import WORTH_SAYING, expected, milestones_of

BUSY = "Busy"
FAMILY_WORDS = {
    Status.SCHEDULED: ("waiting", "Not yet called"),
    Status.ARRIVED: ("arrived", "Arrived, being prepared"),
    Status.IN_THEATRE: ("progress", "In theatre"),
    Status.RECOVERY: ("recovery", "In recovery"),
    Status.COMPLETED: ("done", "Back on the ward"),
}
"""What families read of each status: its look and its words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardCase:
    """One case as the wall shows it: by number or initials, never more."""

    operation: Operation
    name: str
    milestone: str
    """The last milestone, in words with its time."""
    expected: Expected

    @property
    def is_busy(self) -> bool:
        """Say whether nothing may be said of it but that there is something."""
        return self.name == BUSY

    @property
    def late(self) -> int:
        """Minutes late to begin or, once begun, to end; 0 where it is not worth saying."""
        running = self.operation.status == Status.IN_THEATRE
        minutes = self.expected.over if running else self.expected.late
        return minutes if minutes >= WORTH_SAYING else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardTheatre:
    """One line of the wall. ``over`` is the minutes its list is expected to end after the theatre closes."""

    theatre: Theatre
    state: str
    state_label: str
    now: BoardCase | None
    following: BoardCase | None
    left: int
    ends: datetime | None
    over: int
    closed_list: ClosedLine | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveBoard:
    """Everything on the wall."""

    day: date
    at: datetime
    theatres: list[BoardTheatre]

    @property
    def seconds(self) -> int:
        """Seconds since midnight on the hospital's clock."""
        return clock_seconds(self.at)

    @property
    def late(self) -> int:
        """How many theatres run late or over."""
        return sum(bool(row.over or (row.now and row.now.late)) for row in self.theatres)


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyCase:
    """One line of the families' board: a case code and how far it has come."""

    code: int
    state: str
    words: str
    since: datetime | None


def clock_seconds(at: datetime) -> int:
    """Return how many seconds past midnight the hospital's clock shows."""
    local = timezone.localtime(at)
    return local.hour * 3600 + local.minute * 60 + local.second


def live_board(
    viewer: User | None,
    *,
    site: str = "",
    theatres: Collection[int] = (),
    initials: bool = False,
    now: datetime | None = None,
) -> LiveBoard:
    """Return today's board as it stands at ``now``, of one ``site`` (its code) or of all, of some theatres or of all.

    ``initials`` names patients by theirs where ``viewer`` may open the record; otherwise the case number stands there.
    Without a viewer it is a screen at which nobody is signed in: case numbers, and confidential patients are "busy".
    """
    now = now or timezone.now()
    day = timezone.localdate(now)
    asked = {**({"site__code": site} if site else {}), **({"pk__in": theatres} if theatres else {})}
    shown = list(Theatre.objects.filter(in_use=True, **asked))
    # A case over midnight belongs to its theatre's night until it is out.
    found = Operation.objects.now_on(day).filter(theatre__in=shown).with_facts().order_by("period", "pk")
    operations = list(found.with_board_standing(viewer) if viewer else found.with_display_standing())
    milestones = milestones_of(operations)
    outlook = expected(operations, milestones, now)
    cases: dict[int, list[BoardCase]] = {theatre.pk: [] for theatre in shown}
    for operation in operations:
        known = milestones.get(operation.pk, {})
        cases[operation.theatre_id].append(  # type: ignore[index]  # they are placed
            BoardCase(
                operation=operation,
                name=_name(operation, initials=initials),
                milestone=_last(known),
                expected=outlook[operation.pk],
            )
        )
    closes = closing_times(day)
    shut = _shut(shown, now)
    settled = closed_lines([theatre.pk for theatre in shown], day, now)
    rows = [
        _theatre(theatre, cases[theatre.pk], closes.get(theatre.pk), shut.get(theatre.pk), settled.get(theatre.pk))
        for theatre in shown
    ]
    return LiveBoard(day=day, at=now, theatres=rows)


def families_board(
    *, site: str = "", theatres: Collection[int] = (), confidential: bool = True, now: datetime | None = None
) -> list[FamilyCase]:
    """Return today's cases by code with how far each has come: nothing else is on a screen in a waiting room.

    ``confidential`` false leaves out patients whose record is, as for a screen at which nobody is signed in.
    """
    now = now or timezone.now()
    operations = Operation.objects.now_on(timezone.localdate(now))
    if site:
        operations = operations.filter(theatre__site__code=site)
    if theatres:
        operations = operations.filter(theatre__in=theatres)
    if not confidential:
        operations = operations.filter(patient__confidential=False)
    rows = list(operations.order_by("pk"))
    milestones = milestones_of(rows)
    found = []
    for operation in rows:
        state, words = FAMILY_WORDS[Status(operation.status)]
        known = milestones.get(operation.pk, {})
        if operation.status == Status.RECOVERY and EventKind.READY in known:
            state, words = "ready", "Ready: please speak to the staff"
        found.append(FamilyCase(code=operation.pk, state=state, words=words, since=max(known.values(), default=None)))
    return found


def _name(operation: Any, *, initials: bool) -> str:
    if not (operation.is_open or operation.is_listed or operation.is_nameless):
        return BUSY
    if initials and operation.is_open:
        note(operation.patient_id)
        patient = operation.patient
        letters = [part[0].upper() for part in (patient.given_name, patient.family_name) if part]
        return ". ".join(letters) + "."
    return f"Case {operation.pk}"


def _last(known: dict[str, datetime]) -> str:
    if not known:
        return ""
    kind = max(known, key=lambda one: known[one])
    return f"{EventKind(kind).label} {timezone.localtime(known[kind]):%H:%M}"


def _theatre(
    theatre: Theatre,
    cases: list[BoardCase],
    closes: datetime | None,
    shut: Unavailability | None,
    settled: ClosedLine | None,
) -> BoardTheatre:
    current = next((case for case in cases if case.operation.status == Status.IN_THEATRE), None)
    to_come = [case for case in cases if case.operation.is_movable]
    last = max((case.expected.period.end for case in [current, *to_come] if case), default=None)
    over = max(0, round((last - closes) / timedelta(minutes=1))) if last and closes else 0
    if current:
        state, label = "progress", "In theatre"
    elif shut:
        state, label = "shut", shut.get_kind_display()
    elif to_come:
        state, label = "free", "Free"
    elif cases:
        state, label = "done", "List done"
    else:
        state, label = "none", "No list"
    return BoardTheatre(
        theatre=theatre,
        state=state,
        state_label=label,
        now=current,
        following=min(to_come, key=lambda case: case.expected.period.start, default=None),
        left=len(to_come),
        ends=last,
        over=over if over >= WORTH_SAYING else 0,
        closed_list=settled,
    )


def _shut(theatres: list[Theatre], now: datetime) -> dict[int, Unavailability]:
    instant = Period(now, now + timedelta(minutes=1)).as_range()
    rows = Unavailability.objects.filter(resource__in=theatres, period__overlap=instant)
    return {row.resource_id: row for row in rows}

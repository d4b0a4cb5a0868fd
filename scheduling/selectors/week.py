"""The week: theatres, surgeons or specialties down, days across, each case a line with its place in the day."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Q
from django.db.models.functions import Lower, Upper
from django.utils import timezone

from accounts.audit.recording import note
from accounts.models import User
from resources.models import Specialty, StaffMember, Theatre
from scheduling.models import Operation, Side, Status
from scheduling.period import Period
from scheduling.querysets import day_period
from scheduling.selectors.sessions import TheatreDay, theatre_days

DAYS = 7
EARLIEST, LATEST = 7 * 60, 19 * 60
"""What a strip of the day shows at least, in minutes after midnight."""

GROUPS = {"theatre": "Theatre", "surgeon": "Surgeon", "specialty": "Specialty"}
FIELDS = (
    *("pk", "status", "starts", "ends", "theatre_id", "lead_surgeon_id", "specialty_id", "side", "due_on"),
    *("procedure__name", "specialty__hue", "priority__code", "priority__emergency", "patient_id"),
    *("patient__family_name", "patient__given_name", "is_open", "is_nameless", "is_listed"),
)
"""Read as plain values: two thousand objects with six relations each take ten times as long to make as to show."""
SIDES = {side.value: str(side.label).lower() if side.is_named else "" for side in Side}
STATUSES = {status.value: str(status.label).lower() for status in Status}


class WeekCase(NamedTuple):
    """One line. ``begins`` and ``ends`` are minutes after local midnight, ``name`` what may be said of whose it is.

    ``number`` is None where not even that it is a case of its own may be known.
    """

    number: int | None
    name: str
    clock: str
    begins: int
    ends: int
    hue: str
    state: str
    words: str
    is_late: bool


@dataclass(slots=True, kw_only=True)
class WeekCell:
    """One day of one row. ``used`` and ``open`` are minutes; a surgeon's or specialty's day has no ``open``."""

    day: date
    cases: list[WeekCase]
    used: int
    open: int
    closed: str
    owners: str

    @property
    def load(self) -> int | None:
        """Percent of the open minutes that are planned, or None where nothing is open."""
        return round(100 * self.used / self.open) if self.open else None


@dataclass(slots=True, kw_only=True)
class WeekRow:
    """One theatre, surgeon or specialty."""

    key: int
    name: str
    cells: list[WeekCell]

    @property
    def cases(self) -> int:
        """How many in the week."""
        return sum(len(cell.cases) for cell in self.cells)

    @property
    def fullest(self) -> int:
        """How many on the day that has most."""
        return max(len(cell.cases) for cell in self.cells)

    @property
    def used(self) -> int:
        """Planned minutes."""
        return sum(cell.used for cell in self.cells)

    @property
    def load(self) -> int | None:
        """Planned utilisation of the week: sum over sum, in percent."""
        opened = sum(cell.open for cell in self.cells)
        return round(100 * self.used / opened) if opened else None


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekFilter:
    """What the address asks for: how to group, and whose cases; ``mine`` are those in which the viewer works."""

    by: str = "theatre"
    theatre: int | None = None
    surgeon: int | None = None
    specialty: int | None = None
    mine: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """Everything the page shows; a strip of the day begins at ``first`` and lasts ``span`` minutes."""

    days: list[date]
    rows: list[WeekRow]
    first: int
    span: int

    @property
    def previous(self) -> date:
        """A day of the week before."""
        return self.days[0] - timedelta(days=DAYS)

    @property
    def next(self) -> date:
        """A day of the week after."""
        return self.days[0] + timedelta(days=DAYS)

    @property
    def cases(self) -> int:
        """How many on the page."""
        return sum(row.cases for row in self.rows)


def monday_of(day: date) -> date:
    """Return the Monday of the week."""
    return day - timedelta(days=day.weekday())


def week(day: date, viewer: User, wanted: WeekFilter) -> Week:
    """Return the week of ``day`` as ``viewer`` may see it, in a fixed number of queries."""
    days = [monday_of(day) + timedelta(days=offset) for offset in range(DAYS)]
    rows = list(_cases(days, viewer, wanted))
    theatres = [t for t in Theatre.objects.all() if wanted.theatre in (None, t.pk)]
    by_theatre = wanted.by == "theatre"
    whole = not (wanted.surgeon or wanted.specialty or wanted.mine)
    opened = theatre_days(theatres, days) if by_theatre else {}
    cells: dict[tuple[int, date], list[tuple[WeekCase, Period]]] = defaultdict(list)
    first, last = EARLIEST, LATEST
    zone = timezone.get_current_timezone()  # asked for once: two thousand cases ask for it twice each
    for row in rows:
        begun, ended = row["starts"].astimezone(zone), row["ends"].astimezone(zone)
        period = Period(row["starts"], row["ends"])
        case = _case(row, period, begun, ended)
        first, last = min(first, case.begins // 60 * 60), max(last, min(24 * 60, -(-case.ends // 60) * 60))
        cells[_key(row, wanted.by), begun.date()].append((case, period))
    names = _names(wanted, theatres, {key for key, _ in cells})
    return Week(
        days=days,
        rows=[
            WeekRow(
                key=key,
                name=name,
                cells=[_cell(day, cells[key, day], opened.get((key, day)), whole=whole) for day in days],
            )
            for key, name in names
        ],
        first=first,
        span=last - first,
    )


def _cases(days: list[date], viewer: User, wanted: WeekFilter) -> list[dict[str, Any]]:
    whole = Period(Period.of(day_period(days[0])).start, Period.of(day_period(days[-1])).end)
    # By its start: a case over midnight is on the day on which it begins, once.
    asked = Q(period__overlap=whole.as_range(), period__startswith__gte=whole.start)
    if wanted.theatre:
        asked &= Q(theatre=wanted.theatre)
    if wanted.surgeon:
        asked &= Q(lead_surgeon=wanted.surgeon)
    if wanted.specialty:
        asked &= Q(specialty=wanted.specialty)
    if wanted.mine:
        asked &= Q(reservations__resource__staffmember__user=viewer, reservations__active=True)
    found = Operation.objects.filter(asked).with_board_standing(viewer).order_by("period", "pk")
    found = found.annotate(starts=Lower("period"), ends=Upper("period"))  # a range takes longer to read than both
    rows = list((found.distinct() if wanted.mine else found).values(*FIELDS))
    if not (wanted.surgeon or wanted.specialty):
        return rows
    return [row for row in rows if row["is_open"] or row["is_nameless"]]  # "busy" says nothing of whose it is


def _case(row: dict[str, Any], period: Period, begun: datetime, ended: datetime) -> WeekCase:
    begins = begun.hour * 60 + begun.minute
    clock = f"{begun.hour:02}:{begun.minute:02}"
    number, name = _who(row)
    side = SIDES[row["side"]]
    procedure = f"{row['procedure__name']} ({side})" if side else row["procedure__name"]
    due = row["due_on"]
    within = f"{clock}–{ended.hour:02}:{ended.minute:02}" if ended.date() == begun.date() else str(period)
    state = "emergency" if row["priority__emergency"] else row["status"]
    return WeekCase(
        number=number,
        name=name,
        clock=clock,
        begins=begins,
        ends=begins + period.minutes,
        hue=row["specialty__hue"] if number else "slate",
        state=state,
        words=f"{within} {procedure}, {row['priority__code']}, {STATUSES[row['status']]}" if number else "",
        is_late=bool(due and due < begun.date()),
    )


def _who(row: dict[str, Any]) -> tuple[int | None, str]:
    """Return number and name as the board's rules allow; who is named is on record as seen."""
    number: int = row["pk"]
    if row["is_open"]:
        note(row["patient_id"])
        return number, f"{row['patient__family_name'].upper()}, {row['patient__given_name']}".removesuffix(", ")
    if row["is_nameless"]:
        return number, f"Case {number}"
    return None, "Confidential" if row["is_listed"] else "Busy"


def _key(row: dict[str, Any], by: str) -> int:
    if by != "theatre" and not (row["is_open"] or row["is_nameless"]):
        return 0
    field = {"theatre": "theatre_id", "surgeon": "lead_surgeon_id", "specialty": "specialty_id"}[by]
    return row[field] or 0


def _names(wanted: WeekFilter, theatres: list[Theatre], used: set[int]) -> list[tuple[int, str]]:
    """Return the rows in order: theatres in use, or those surgeons and specialties that have a case."""
    if wanted.by == "theatre":
        return [(theatre.pk, theatre.name) for theatre in theatres if theatre.in_use or theatre.pk in used]
    model = StaffMember if wanted.by == "surgeon" else Specialty
    named = [(row.pk, str(row)) for row in model.objects.filter(pk__in=used).order_by("name")]
    return [*named, (0, "Not named")] if 0 in used else named


def _cell(day: date, cases: list[tuple[WeekCase, Period]], entry: TheatreDay | None, *, whole: bool) -> WeekCell:
    """Return one day of a row; of some of its cases a theatre's load would mislead."""
    periods = [period for _, period in cases]
    return WeekCell(
        day=day,
        cases=[case for case, _ in cases],
        used=entry.used_minutes(periods) if entry else sum(period.minutes for period in periods),
        open=entry.open_minutes if entry and whole else 0,
        closed=" · ".join(entry.closed) if entry else "",
        owners=entry.owners if entry else "",
    )

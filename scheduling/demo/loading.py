"""Builds the demo hospital: the house once in one piece, then its days, list by list."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count

from auditlog.context import disable_auditlog
from django.db import connection, transaction
from django.utils import timezone

from accounts.demo import address_of, make_demo_users
from accounts.models import User
from accounts.roles import Role
from patients.models import Patient
from resources.models import StaffMember, Theatre
from scheduling.demo import hospital, rosters, staff, waiting
from scheduling.demo.blocks import make_block_business
from scheduling.demo.booker import Booker
from scheduling.demo.calendar import WORKING_WEEK, planned, working_days
from scheduling.demo.cases import Catalogue
from scheduling.demo.dice import dice_for
from scheduling.demo.ledger import Ledger
from scheduling.demo.lists import DayList, afternoon, code_of
from scheduling.demo.people import make_unknown_patient
from scheduling.demo.playing import just_due, play_list
from scheduling.demo.side_by_side import finish, start
from scheduling.models import ListDecision, Operation, Status
from scheduling.reference.loading import load_reference
from scheduling.services.closing import close_list

Progress = Callable[[list[tuple[date, Theatre]]], Iterable[tuple[date, Theatre]]]
"""Wraps the lists that are to be filled, to show how far loading has come."""

MOST_THEATRES = len(hospital.ELECTIVE) + 1
CONFIRMED_DAYS = 1
"""Working days ahead that are confirmed."""
CANCELLED_SHARE, POSTPONED_SHARE = 0.03, 0.01
EMERGENCY_PROCEDURE = "0WJG0ZZ"
DAYS_CARRIED_OVER = 2
"""Past days whose patients may still lie in a bed today: loaded before the days ahead."""
WORTH_A_PROCESS = 4
"""Days from which the days ahead are loaded by a second process."""
QUARTER = timedelta(days=91)
"""How far ahead the blocks are laid out, and how far behind :func:`load_past` goes."""
SECOND_RANGE, PAST_RANGE = 20_000, 50_000
"""Where the second process, and the one that loads the past, begin to number patients."""


class NotEmptyError(Exception):
    """The database holds patients that are not the demo's."""


@dataclass(slots=True)
class Summary:
    """What the demo hospital has now."""

    theatres: int = 0
    staff: int = 0
    patients: int = 0
    booked: int = 0
    waiting: int = 0
    refused: list[str] = field(default_factory=list)


def is_loaded() -> bool:
    """Say whether the demo is there, to its last row."""
    return Operation.objects.filter(external_id=waiting.LAST).exists()


def is_unfinished() -> bool:
    """Say whether a load of the demo was interrupted: its people are there, its last row is not."""
    return _has_people() and not is_loaded()


def _has_people() -> bool:
    return User.objects.filter(email=address_of(Role.COORDINATOR)).exists()


def load_demo(
    *,
    today: date,
    theatres: int = MOST_THEATRES,
    days: int = 10,
    progress: Progress = iter,
) -> Summary:
    """Load the demo hospital around ``today``: ``days`` working days back and ahead.

    A load that was interrupted goes on where it stopped. Raises :class:`NotEmptyError` where the
    database belongs to a real hospital.
    """
    with disable_auditlog(), _quick_commits_until_done():
        users = _build(today, theatres, days)
        booker = Booker(
            actor=users[Role.COORDINATOR],
            today=today,
            catalogue=Catalogue.read(),
            ledger=Ledger.read(),
            patient_numbers=count(Patient.objects.count() + 1),
            taken_codes={code for code in Operation.objects.values_list("external_id", flat=True) if code},
        )
        _load_days(booker, days, progress)
        make_block_business(users[Role.COORDINATOR], users[Role.SURGEON], today)
        waiting.make_waiting_list(booker, users[Role.SURGEON], theatres / MOST_THEATRES)
        _settle_a_list(users[Role.COORDINATOR], today, days)
    return Summary(
        theatres=Theatre.objects.count(),
        staff=StaffMember.objects.count(),
        patients=Patient.objects.count(),
        booked=Operation.objects.filter(period__isnull=False).count(),
        waiting=Operation.objects.unplaced().exclude(status=Status.CANCELLED).count(),
        refused=booker.refused,
    )


def _quick_commits() -> None:
    """Let this session's commits not wait for the disk: a load cut short goes on where it stopped."""
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO off")


def load_past(*, today: date, progress: Progress = iter) -> int:
    """Go on from the first day of the demo back to a quarter behind ``today``; return how many operations were booked.

    Day by day, the latest first; one that was cut short goes on where it stopped. Nothing where no demo is loaded, or
    the quarter is there.
    """
    codes = Operation.objects.filter(external_id__startswith="DEMO-2").values_list("external_id", flat=True)
    taken = {code for code in codes if code}
    if not taken or not is_loaded():
        return 0
    first = datetime.strptime(min(taken)[5:13], "%Y%m%d").date()  # noqa: DTZ007  # a date in a case number
    wanted = [day for day in working_days(first, -QUARTER.days) if day >= today - QUARTER]
    with disable_auditlog(), _quick_commits_until_done():
        booker = Booker(
            actor=User.objects.get(email=address_of(Role.COORDINATOR)),
            today=today,
            catalogue=Catalogue.read(),
            ledger=Ledger.read(),
            patient_numbers=count(Patient.objects.count() + PAST_RANGE),
            taken_codes=taken,
        )
        rooms = list(Theatre.objects.prefetch_related("features"))
        before = len(taken)
        for day, theatre in progress([(day, room) for day in [first, *wanted] for room in rooms]):
            _Day(booker, day, theatre, emergency=theatre == rooms[-1]).load()
    return codes.all().count() - before


@contextmanager
def _quick_commits_until_done() -> Iterator[None]:
    _quick_commits()
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET synchronous_commit")


def _load_days(booker: Booker, days: int, progress: Progress) -> None:
    """Load today and what is left of it first, then the past and the days ahead side by side."""
    rooms = list(Theatre.objects.prefetch_related("features"))

    def load(chosen: Iterable[date], shown: Progress = iter) -> None:
        for day, theatre in shown([(day, room) for day in chosen for room in rooms]):
            _Day(booker, day, theatre, emergency=theatre == rooms[-1]).load()

    def load_ahead() -> None:
        _quick_commits()
        booker.patient_numbers = count(Patient.objects.count() + SECOND_RANGE)
        load(ahead)

    past, ahead = (
        sorted(working_days(booker.today, -days)),
        list(working_days(booker.today, days)),
    )
    carried_over = days - min(days, DAYS_CARRIED_OVER)
    load([*past[carried_over:], booker.today], progress)
    second = start(load_ahead) if days >= WORTH_A_PROCESS else None
    if second is None:
        load(ahead, progress)
    else:
        _quick_commits()
    load(past[:carried_over], progress)
    if second is not None:
        finish(second)


def _settle_a_list(coordinator: User, today: date, days: int) -> None:
    """Close the first theatre's list of the next working day, by hand: the others can be changed at will."""
    theatre = Theatre.objects.order_by("position", "pk").first()
    upcoming = next(iter(working_days(today, days)), None)
    if theatre and upcoming and upcoming >= timezone.localdate() and not ListDecision.objects.exists():
        close_list(actor=coordinator, theatre_id=theatre.pk, day=upcoming, reason="The order is agreed with the team")


def _build(today: date, theatres: int, days: int) -> dict[str, User]:
    """Build the house and hire its people, all or nothing; once there it is left alone."""
    if _has_people():
        return make_demo_users()
    if Patient.objects.exists() or Theatre.objects.exists():
        msg = "This database holds a hospital already; the demo is for an empty one."
        raise NotEmptyError(msg)
    load_reference()
    open_on = WORKING_WEEK | {today.isoweekday()}
    behind = QUARTER.days + 7 if days >= WORTH_A_PROCESS else 2 * days + 2
    roster = [today + timedelta(days=n) for n in range(-behind, 2 * days + 3)]
    with transaction.atomic():
        users = make_demo_users()
        rooms = hospital.make_theatres(theatres, open_on)
        hospital.make_blocks(rooms, open_on, roster[0], today + QUARTER)
        hospital.make_equipment()
        hospital.make_beds()
        surgeons = staff.make_surgeons(users)
        rostered = staff.make_rostered(users, theatres / MOST_THEATRES)
        staff.make_absences([*surgeons, *rostered], rooms, today)
        rosters.make_rosters(rostered, roster, today)
    return users


class _Day:
    """One theatre on one day: booked, changed a little, and played as far as time has come."""

    def __init__(self, booker: Booker, day: date, theatre: Theatre, *, emergency: bool) -> None:
        self.booker, self.day, self.theatre, self.emergency = (
            booker,
            day,
            theatre,
            emergency,
        )
        self.code = code_of(day, theatre)
        self.rng = dice_for(self.code)
        self.now = timezone.now()

    def load(self) -> None:
        if any(code.startswith(f"{self.code}-") for code in self.booker.taken_codes):
            operations = self._left_over()
        else:
            operations = self._change(self._book())
        ahead = (self.day - self.booker.today).days
        late = just_due(operations, self.now) if ahead == 0 and not self.booker.late_shown else None
        self.booker.late_shown |= late is not None
        begun = play_list(self.booker.actor, self.rng, operations, self.now, late=late)
        confirmed = list(working_days(self.booker.today, CONFIRMED_DAYS))
        if ahead == 0 or self.day in confirmed:
            to_come = Operation.objects.filter(
                pk__in=[o.pk for o in operations[begun:]],
                status=Status.SCHEDULED,
                confirmed_at=None,
            )
            waiting.confirm_most(self.booker, self.rng, list(to_come))

    def _left_over(self) -> list[Operation]:
        """Return what an interrupted load had booked and not played yet."""
        rows = Operation.objects.filter(external_id__startswith=f"{self.code}-", status=Status.SCHEDULED)
        return list(rows.order_by("period"))

    def _book(self) -> list[Operation]:
        day_list = DayList(self.booker, self.theatre, self.day, self.rng, self.emergency)
        sessions = self.theatre.sessions.filter(day=self.day).select_related("specialty", "surgeon")
        operations = day_list.fill(list(sessions.order_by("period")))
        if self.emergency and self.day <= self.booker.today:
            self._add_emergencies(day_list)
        return sorted(operations, key=planned)

    def _add_emergencies(self, day_list: DayList) -> None:
        """Add what came unplanned: some every day, and today somebody whom nobody knows yet."""
        latest = self.now - timedelta(hours=5)
        for hours in range(self.rng.randint(1, 3)):
            earliest = afternoon(self.day) + timedelta(hours=2 * hours)
            if earliest < latest:
                day_list.add_emergency(earliest)
        if self.day == self.booker.today:
            day_list.add_emergency(self._soon(), code=EMERGENCY_PROCEDURE, patient=make_unknown_patient())

    def _soon(self) -> datetime:
        """Return half an hour from now, or the afternoon where the demo's today is another day."""
        soon = self.now + timedelta(minutes=30)
        return soon if timezone.localtime(soon).date() == self.day else afternoon(self.day)

    def _change(self, operations: list[Operation]) -> list[Operation]:
        """Cancel or postpone a few, as happens."""
        if self.day <= self.booker.today:
            return waiting.cancel_some(self.booker, self.rng, operations, CANCELLED_SHARE)
        return waiting.postpone_some(self.booker, self.rng, operations, POSTPONED_SHARE)

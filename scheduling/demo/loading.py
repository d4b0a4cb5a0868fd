"""Builds the demo hospital: the house once in one piece, then its days, list by list."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
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
from scheduling.demo.calendar import WORKING_WEEK, working_days
from scheduling.demo.cases import Catalogue
from scheduling.demo.day import DemoDay
from scheduling.demo.ledger import Ledger
from scheduling.demo.record import make_records
from scheduling.demo.side_by_side import finish, start
from scheduling.models import ListDecision, Operation, Status
from scheduling.reference.loading import load_reference
from scheduling.services.closing import close_list

Progress = Callable[[list[tuple[date, Theatre]]], Iterable[tuple[date, Theatre]]]
"""Wraps the lists that are to be filled, to show how far loading has come."""

MOST_THEATRES = len(hospital.ELECTIVE) + 1
DAYS_CARRIED_OVER = 2
"""Past days whose patients may still lie in a bed today: loaded before the days ahead."""
WORTH_A_PROCESS = 4
"""Days from which the days ahead are loaded by a second process."""
QUARTER = timedelta(days=91)
"""How far ahead the blocks are laid out, and how far behind the demo goes in the end."""
SECOND_RANGE = 20_000
"""Where the second process begins to number patients."""


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
    with disable_auditlog(), quick_commits_until_done():
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
        make_records(users[Role.COORDINATOR], today)
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


@contextmanager
def quick_commits_until_done() -> Iterator[None]:
    """Have commits not wait for the disk meanwhile."""
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
            DemoDay(booker, day, theatre, emergency=theatre == rooms[-1]).load()

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
    behind = QUARTER.days + 7 if days >= WORTH_A_PROCESS else 2 * days + 2  # the rest is laid out when it is played
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

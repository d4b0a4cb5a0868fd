"""Keeps the demo hospital around today: a quarter behind it and two weeks ahead, however long ago it was loaded."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from itertools import count

from auditlog.context import disable_auditlog
from django.db import connection
from django.db.models import Max, Min

from accounts.demo import address_of
from accounts.models import User
from accounts.roles import Role
from patients.models import Patient
from resources.models import Shift, Theatre, TheatreSession
from scheduling.demo import hospital, rosters
from scheduling.demo.booker import Booker
from scheduling.demo.calendar import working_days
from scheduling.demo.cases import Catalogue
from scheduling.demo.day import UNFINISHED, DemoDay
from scheduling.demo.ledger import Ledger
from scheduling.demo.loading import QUARTER, Progress, is_loaded, quick_commits_until_done
from scheduling.demo.record import make_records
from scheduling.models import Operation

DAYS_AHEAD = 10
"""Working days."""
ROSTER_AHEAD = timedelta(weeks=4)
PATIENT_RANGE = 50_000
"""Where patients begin to be numbered, apart from those of the first load."""
CODES = "DEMO-2"
"""How the case numbers of days begin; the others are of the waiting list."""
LOCK = 7_031_991
"""The advisory lock of PostgreSQL that one keeper holds."""


class BusyError(Exception):
    """Another process keeps the demo at this moment."""


def keep_demo(*, today: date, progress: Progress = iter) -> int:
    """Bring the demo up to ``today``; return how many operations were booked.

    Today comes first, then the days ahead, then what came due since it was last kept, then the past, the latest day
    first, until a quarter is there. One that was cut short goes on where it stopped; where nothing is missing this is
    two queries. Raises :class:`BusyError` where another process is at it.
    """
    with _alone():
        days = _days_to_load(today) if is_loaded() else []
        if not days:
            return 0
        with disable_auditlog(), quick_commits_until_done():
            return _load(days, today, progress)


@contextmanager
def _alone() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            raise BusyError
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def _days_to_load(today: date) -> list[date]:
    """Return the days that lack their lists, or whose cases should have come further, in the order of loading."""
    rows = Operation.objects.filter(external_id__startswith=CODES, period__isnull=False)
    found = list(rows.values_list("external_id", "status"))
    last_rooms = _last_rooms()
    begun = {_day_of(code) for code, _ in found if _room_of(code) in last_rooms}
    unfinished = {_day_of(code) for code, status in found if status in UNFINISHED}
    ahead = list(working_days(today, DAYS_AHEAD))
    behind = [day for day in working_days(today, -QUARTER.days) if day >= today - QUARTER]
    came_due = sorted((day for day in unfinished if day < today), reverse=True)
    wanted = [today, *(day for day in ahead if day not in begun), *came_due, *(d for d in behind if d not in begun)]
    if today in begun and today not in unfinished:
        wanted.remove(today)
    return list(dict.fromkeys(wanted))


def _last_rooms() -> list[str]:
    """Return the rooms by which a day is known to be loaded: its rooms are loaded in order, and one may stay empty."""
    return list(Theatre.objects.order_by("position", "pk").values_list("code", flat=True))[-2:]


def _room_of(code: str | None) -> str:
    return (code or "").split("-")[2]


def _day_of(code: str | None) -> date:
    return datetime.strptime((code or "")[5:13], "%Y%m%d").date()  # noqa: DTZ007  # a date in a case number


def _load(days: list[date], today: date, progress: Progress) -> int:
    _lay_out(today)
    codes = Operation.objects.filter(external_id__startswith=CODES).values_list("external_id", flat=True)
    taken = {code for code in codes if code}
    booker = Booker(
        actor=User.objects.get(email=address_of(Role.COORDINATOR)),
        today=today,
        catalogue=Catalogue.read(),
        ledger=Ledger.read(),
        patient_numbers=count(Patient.objects.count() + PATIENT_RANGE),
        taken_codes=taken,
    )
    rooms = list(Theatre.objects.prefetch_related("features"))
    before = len(taken)
    for day, theatre in progress([(day, room) for day in days for room in rooms]):
        DemoDay(booker, day, theatre, emergency=theatre == rooms[-1]).load()
    make_records(booker.actor, today)
    return codes.all().count() - before


def _lay_out(today: date) -> None:
    """Lay out blocks and rosters before the first day and after the last that has them, as far as is wanted."""
    laid_out = TheatreSession.objects.filter(template__isnull=False).aggregate(first=Min("day"), last=Max("day"))
    for first, last in _missing(laid_out, today - QUARTER - timedelta(days=7), today + QUARTER):
        hospital.lay_out(first, last)
    rostered = Shift.objects.filter(assignment__isnull=False).aggregate(first=Min("day"), last=Max("day"))
    for first, last in _missing(rostered, today - QUARTER - timedelta(days=7), today + ROSTER_AHEAD):
        rosters.lay_out_again(first, last)


def _missing(there: dict[str, date | None], first: date, last: date) -> Iterator[tuple[date, date]]:
    """Yield the stretches of days before and after those that are ``there``."""
    if there["first"] is None or there["last"] is None:
        return
    if first < there["first"]:
        yield first, there["first"] - timedelta(days=1)
    if last > there["last"]:
        yield there["last"] + timedelta(days=1), last

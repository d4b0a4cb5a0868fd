"""Booked operations whose people have no shift any more that covers them. Nobody is named but staff."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.utils import timezone

from accounts.models import User
from resources.models import Shift
from scheduling.models import Operation, Reservation, ReservationRole
from scheduling.period import Period
from scheduling.period import without as left_of
from scheduling.status import MOVABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncovered:
    """One person who is booked at a time without a shift; ``is_open``: the viewer may open the operation."""

    operation_id: int
    person_id: int
    person: str
    role: str
    theatre: str
    period: Period
    is_open: bool

    @property
    def key(self) -> tuple[int, int]:
        """Return what tells it from others."""
        return self.operation_id, self.person_id


def uncovered(
    viewer: User,
    window: Period,
    people: Collection[int] | None = None,
    *,
    without: Collection[int] = (),
    with_: Iterable[tuple[int, Period, bool]] = (),
) -> list[Uncovered]:
    """Return who is booked in ``window``, from now on, and has no shift then, in order of time.

    People without a roster are left out. ``without`` are shifts that are thought away, ``with_`` are (person, period,
    on call) thought there.
    """
    rows = Reservation.objects.filter(
        active=True,
        operation__status__in=MOVABLE,
        resource__staffmember__rostered=True,
        period__overlap=window.as_range(),
        period__endswith__gt=timezone.now(),
    )
    if people is not None:
        rows = rows.filter(resource__in=people)
    found = list(
        rows.order_by("period", "pk").values_list(
            "operation_id",
            "resource_id",
            "resource__name",
            "role",
            "operation__theatre__name",
            "period",
            "operation__priority__emergency",
        )
    )
    duties = _duties({row[1] for row in found}, window, without, with_)
    lacking = [row for row in found if left_of(Period.of(row[5]), _counting(duties[row[1]], emergency=row[6]))]
    numbers = {row[0] for row in lacking}
    opened = set(Operation.objects.filter(pk__in=numbers).visible_to(viewer).values_list("pk", flat=True))
    return [
        Uncovered(
            operation_id=operation,
            person_id=person,
            person=name,
            role=ReservationRole(role).label,
            theatre=theatre or "",
            period=Period.of(period),
            is_open=operation in opened,
        )
        for operation, person, name, role, theatre, period, _ in lacking
    ]


def _duties(
    people: set[int], window: Period, without: Collection[int], with_: Iterable[tuple[int, Period, bool]]
) -> dict[int, list[tuple[Period, bool]]]:
    duties: dict[int, list[tuple[Period, bool]]] = defaultdict(list)
    wide = window.widened(before=24 * 60, after=24 * 60).as_range()
    shifts = Shift.objects.filter(staff_member__in=people, period__overlap=wide).exclude(pk__in=without)
    for person, stored, on_call in shifts.values_list("staff_member_id", "period", "on_call"):
        duties[person].append((Period.of(stored), on_call))
    for person, period, on_call in with_:
        duties[person].append((period, on_call))
    return duties


def _counting(duties: Iterable[tuple[Period, bool]], *, emergency: bool) -> list[Period]:
    return [period for period, on_call in duties if emergency or not on_call]

"""What one person is booked and rostered for from now on."""

from dataclasses import dataclass
from datetime import datetime

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from accounts.models import User
from resources.models import Shift, StaffMember, Unavailability
from scheduling.models import Operation, Reservation


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitments:
    """Everything that somebody else has to take over if the person leaves."""

    member: StaffMember
    booked: list[Reservation]
    waiting: list[Operation]
    shifts: list[Shift]
    absences: list[Unavailability]


def commitments_of(user: User, *, since: datetime) -> Commitments | None:
    """Return what ends after ``since``, in order of time, in four queries; ``None`` for who is no member of staff.

    An operation on the waiting list has no time: it counts if the person is to lead it.
    """
    member = StaffMember.objects.filter(user=user).first()
    if member is None:
        return None
    ahead = DateTimeTZRange(since, None)
    booked = Reservation.objects.filter(resource=member, active=True, period__overlap=ahead)
    waiting = Operation.objects.unplaced().filter(lead_surgeon=member)
    return Commitments(
        member=member,
        booked=list(booked.select_related("operation__theatre").order_by("period", "pk")),
        waiting=list(waiting.order_by("pk")),
        shifts=list(Shift.objects.filter(staff_member=member, period__overlap=ahead).order_by("period")),
        absences=list(member.unavailabilities.filter(period__overlap=ahead).order_by("period")),
    )

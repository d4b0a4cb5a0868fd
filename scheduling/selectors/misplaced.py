"""Booked operations whose theatre time is somebody else's since a session was changed, and where they could go."""

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.models import User
from resources.models import TheatreSession
from scheduling.models import Operation, Reservation, ReservationRole
from scheduling.ownership import OwnedTime, Standing, owned_times
from scheduling.period import Period
from scheduling.selectors.affected import SEARCHED, SHOWN, Repair, places
from scheduling.status import MOVABLE


def misplaced(viewer: User, session: TheatreSession) -> tuple[list[Repair], int]:
    """Return what is booked, open to ``viewer``, in a session and the later ones of its block that is not the owner's.

    In order of time, with how many there are in all; each with the nearest place in its own or in open time.
    """
    found = _booked_outside(viewer, session)
    shown = [operation for operation, _ in found[:SHOWN]]
    proposed = places(shown)
    rooms = {
        row.operation_id: row
        for row in Reservation.objects.filter(
            operation__in=shown, role=ReservationRole.THEATRE, active=True
        ).select_related("resource")
    }
    repairs = [
        Repair(
            operation=operation,
            reservation=rooms[operation.pk],
            why=f"The time belongs to {owned.owner} now",
            slot=proposed.get(operation.pk),
            substitutes=[],
            is_later=number >= SEARCHED,
        )
        for number, (operation, owned) in enumerate(found[:SHOWN])
        if operation.pk in rooms
    ]
    return repairs, len(found)


def count_misplaced(viewer: User, session: TheatreSession) -> int:
    """Return how many operations :func:`misplaced` finds."""
    return len(_booked_outside(viewer, session))


def _booked_outside(viewer: User, session: TheatreSession) -> list[tuple[Operation, OwnedTime]]:
    same = Q(pk=session.pk)
    if session.template_id:
        same |= Q(template=session.template_id, day__gte=session.day)
    sessions = TheatreSession.objects.filter(same, period__endswith__gt=timezone.now())
    reach = sessions.filter(theatre=OuterRef("theatre"), period__overlap=OuterRef("period"))
    operations = list(
        Operation.objects.filter(Exists(reach), status__in=MOVABLE, theatre=session.theatre_id)
        .visible_to(viewer)
        .with_facts()
        .order_by("period", "pk")
    )
    if not operations:
        return []
    whole = Period(Period.of(operations[0].period).start, max(Period.of(one.period).end for one in operations))
    numbers = set(sessions.values_list("pk", flat=True))
    owned = [one for one in owned_times(whole, [session.theatre_id])[session.theatre_id] if one.number in numbers]
    found = []
    for operation in operations:
        planned = Period.of(operation.period)
        taken = next((one for one in owned if one.period.overlaps(planned) and _is_others(one, operation)), None)
        if taken is not None:
            found.append((operation, taken))
    return found


def _is_others(owned: OwnedTime, operation: Operation) -> bool:
    standing = owned.standing(
        specialty_id=operation.specialty_id,
        surgeon_id=operation.lead_surgeon_id,
        emergency=operation.priority.emergency,
        now=timezone.now(),
    )
    return standing is Standing.OTHERS

"""Enter who is away."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import User
from accounts.permissions import authorise
from resources.models import Unavailability
from resources.models.availability import UnavailabilityKind
from resources.permissions import AVAILABILITY
from scheduling.period import Period
from scheduling.services.errors import InvalidPlanError, NotPossibleError
from scheduling.services.locking import command
from scheduling.services.rostering import FARTHEST, lock_people

ABSENCES = (UnavailabilityKind.LEAVE, UnavailabilityKind.SICKNESS)
LONGEST_ABSENCE = timedelta(days=2 * 366)


def add_absence(*, actor: User, person_id: int, kind: str, period: Period, note: str = "") -> Unavailability:
    """Enter somebody's leave or sickness; booked operations stay, and :mod:`scheduling.selectors.affected` lists them.

    Raises :class:`InvalidPlanError` for a period that can't be meant, :class:`NotPossibleError` if it is there already.
    """
    authorise(actor, AVAILABILITY)
    if kind not in ABSENCES:
        raise InvalidPlanError("kind", "Choose leave or sickness.")
    if period.end <= period.start:
        raise InvalidPlanError("until", "The end has to be after the start.")
    if period.end - period.start > LONGEST_ABSENCE or abs(period.start - timezone.now()) > FARTHEST:
        raise InvalidPlanError("until", "At most two years, and not that far from today. Check the dates.")
    with command():
        person = lock_people(actor, {person_id})[person_id]
        rows = Unavailability.objects.filter(resource=person, kind=kind)
        if rows.filter(period__contains=period.as_range()).exists():
            raise NotPossibleError(f"{person} is entered as away for all of this time already.")
        return Unavailability.objects.create(resource=person, kind=kind, period=period.as_range(), note=note)

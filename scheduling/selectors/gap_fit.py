"""Which waiting patients fit into a free stretch of a theatre, the best first, and why."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice

from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from accounts.models import User
from resources.models import Theatre
from scheduling.converters import EARLIEST, LATEST
from scheduling.models import Assessment, ClockPause, Operation, Reservation
from scheduling.ownership import OwnedTime, Standing, owned_times
from scheduling.period import Period, without
from scheduling.selectors.waiting_list import in_order_of_urgency
from scheduling.slots import Slot, find_free_slots

SHOWN = 10
MOST_SECONDS = 2**33
MOST_ASKED = 60
"""So many of the most urgent that are short enough are asked about: each is a search for a free slot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A waiting patient who fits, where, and what speaks for the rank; ``unused`` are minutes of the gap left over."""

    operation: Operation
    days_late: int
    unused: int
    is_owners: bool
    slot: Slot | None = None

    @property
    def reasons(self) -> list[str]:
        """Return in words why it stands where it stands, the weightiest first."""
        operation = self.operation
        said = []
        if self.days_late > 0:
            said.append(f"due {self.days_late} day{'s' if self.days_late != 1 else ''} ago")
        elif operation.due_on and -self.days_late <= SOON:
            said.append(f"due in {-self.days_late} day{'s' if self.days_late != -1 else ''}")
        said.append(f"{operation.priority}")
        if self.is_owners:
            said.append("the block’s own specialty")
        said.append(f"waits {operation.days_waiting} days")
        if operation.short_notice:
            said.append("can come at short notice")
        said.append("fills the gap" if self.unused < TIGHT else f"leaves {self.unused} min")
        return said


SOON, TIGHT = 7, 30
"""Days until due that are worth naming, and minutes left over that nobody could use."""


def fits(theatre: Theatre, gap: Period, viewer: User) -> list[Fit]:
    """Return the waiting patients, open to ``viewer``, who fit into ``gap`` as everything is booked now.

    Ranked by: overdue first, by days; then the priority class, the due date, and the minutes left over. Who fits is
    decided by :func:`~scheduling.slots.find_free_slots`: with all they need, the lead surgeon and the bed included.
    """
    day = timezone.localdate(gap.start)
    waiting = (
        Operation.objects.waiting()
        .visible_to(viewer)
        .with_facts()
        .with_waits()
        .alias(needs=F("anaesthesia_minutes") + F("surgery_minutes"))
        .filter(needs__lte=_longest_free(theatre, gap), paused_since=None)
        .exclude(assessment=Assessment.UNFIT)
        .exclude(fit_until__lt=day)
        .exclude(Exists(ClockPause.objects.filter(operation=OuterRef("pk"), starts__lte=day, ends__gt=day)))
    )
    sessions, now = owned_times(gap, [theatre.pk])[theatre.pk], timezone.now()
    urgent = in_order_of_urgency(waiting)[:MOST_ASKED]
    wanted = [_fit(one, gap, is_owners=any(_is_own(session, one, now) for session in sessions)) for one in urgent]
    return list(islice(_placed(sorted(wanted, key=_rank), theatre, gap), SHOWN))


def _longest_free(theatre: Theatre, gap: Period) -> int:
    """Return the minutes of the longest stretch of ``gap`` in which the theatre holds nothing: nobody longer fits."""
    held = Reservation.objects.filter(resource=theatre, active=True, period__overlap=gap.as_range())
    free = without(gap, (Period.of(one) for one in held.values_list("period", flat=True)))
    return max((period.minutes for period in free), default=0)


def _placed(wanted: Iterable[Fit], theatre: Theatre, gap: Period) -> Iterator[Fit]:
    """Yield those for whom everything is free, with where; nobody is asked about before one is needed."""
    for fit in wanted:
        slots = find_free_slots(fit.operation, gap.start, gap.end, limit=1, theatre_ids=[theatre.pk], with_closed=True)
        if slots and slots[0].period.end <= gap.end:
            yield replace(fit, slot=slots[0])


def _fit(operation: Operation, gap: Period, *, is_owners: bool) -> Fit:
    """Return a patient as ranked, which does not depend on where in the gap there would be room."""
    day = timezone.localdate(gap.start)
    return Fit(
        operation=operation,
        days_late=(day - operation.due_on).days if operation.due_on else -9999,
        unused=gap.minutes - operation.in_room_minutes,
        is_owners=is_owners,
    )


def _is_own(session: OwnedTime, operation: Operation, now: datetime) -> bool:
    standing = session.standing(
        specialty_id=operation.specialty_id,
        surgeon_id=operation.lead_surgeon_id,
        emergency=operation.priority.emergency,
        now=now,
    )
    return standing is Standing.OWN


def _rank(fit: Fit) -> tuple[int, int, int, int, int]:
    late = max(0, fit.days_late)
    return (-late, fit.operation.priority.rank, -fit.days_late, fit.unused, fit.operation.pk)


def as_gap(start: int, end: int) -> Period | None:
    """Return the stretch between two instants in seconds since 1970, or None where that can't be meant."""
    if end > MOST_SECONDS:
        return None
    try:
        period = Period(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))
    except (ValueError, OverflowError, OSError):
        return None
    if not EARLIEST <= timezone.localdate(period.start) <= LATEST:
        return None
    return period if timedelta(0) < period.end - period.start <= timedelta(days=1) else None

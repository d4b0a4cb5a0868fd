"""Which waiting patients fit into a free stretch of a theatre, the best first, and why."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from accounts.models import User
from resources.models import Theatre
from scheduling.converters import EARLIEST, LATEST
from scheduling.models import Assessment, ClockPause, Operation
from scheduling.ownership import OwnedTime, Standing, owned_times
from scheduling.period import Period
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
    slot: Slot
    days_late: int
    unused: int
    is_owners: bool

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
    length = gap.minutes
    day = timezone.localdate(gap.start)
    waiting = (
        Operation.objects.waiting()
        .visible_to(viewer)
        .with_facts()
        .alias(needs=F("anaesthesia_minutes") + F("surgery_minutes"))
        .filter(needs__lte=length, paused_since=None)
        .exclude(assessment=Assessment.UNFIT)
        .exclude(fit_until__lt=day)
        .exclude(Exists(ClockPause.objects.filter(operation=OuterRef("pk"), starts__lte=day, ends__gt=day)))
    )
    sessions = owned_times(gap, [theatre.pk])[theatre.pk]
    now = timezone.now()
    found = []
    for operation in in_order_of_urgency(waiting)[:MOST_ASKED]:
        slots = find_free_slots(operation, gap.start, gap.end, limit=1, theatre_ids=[theatre.pk], with_closed=True)
        for slot in slots:
            if slot.period.end > gap.end:
                continue
            found.append(
                Fit(
                    operation=operation,
                    slot=slot,
                    days_late=(day - operation.due_on).days if operation.due_on else -9999,
                    unused=length - slot.period.minutes,
                    is_owners=any(_is_own(session, operation, now) for session in sessions),
                )
            )
    return sorted(found, key=_rank)[:SHOWN]


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

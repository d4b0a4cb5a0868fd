"""Credentials that end, and the booked operations whose lead surgeon will not hold what the procedure asks."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, Extract, TruncDate
from django.utils import timezone

from accounts.models import User
from resources.models import Credential, Profession, StaffCredential, StaffMember, Unavailability
from scheduling.conflicts import find_conflicts
from scheduling.models import Operation, Procedure, Reservation, ReservationRole
from scheduling.period import Period
from scheduling.plan import Plan
from scheduling.querysets import OperationQuerySet, local_midnight
from scheduling.selectors.affected import Repair, Substitute
from scheduling.services.locking import reservations_of
from scheduling.slots import Slot, find_free_slots
from scheduling.status import MOVABLE

SOON = timedelta(days=90)
"""A credential that ends within so many days is listed."""
LATER = timedelta(days=14)
"""So far beyond the planned day another place is looked for."""
SHOWN = 40
SEARCHED = 8
"""For so many operations a proposal is worked out at once: each search takes its time."""
OFFERED, ASKED = 3, 8
"""So many other leads are offered, of so many who look free."""


def lapsed_leads(viewer: User, *, without: Collection[int] = ()) -> tuple[list[Repair], int]:
    """Return the operations to come, open to ``viewer``, that ask for what their lead will not hold, and how many.

    In order of time. ``without`` are operations that are told about already.
    """
    rows = _lapsed(viewer).exclude(pk__in=without).order_by("period", "pk")
    total = rows.count()
    shown = list(rows.with_facts().prefetch_related("procedure__credentials")[:SHOWN])
    leads = {
        row.operation_id: row
        for row in Reservation.objects.filter(
            operation__in=shown, role=ReservationRole.LEAD_SURGEON, active=True
        ).select_related("resource")
    }
    held = _held_by(operation.lead_surgeon_id for operation in shown)
    found = []
    for number, operation in enumerate(one for one in shown if one.pk in leads):
        later = number >= SEARCHED
        slot = None if later else _place(operation)
        found.append(
            Repair(
                operation=operation,
                reservation=leads[operation.pk],
                why=_why(operation, held),
                slot=slot,
                substitutes=[] if later or slot else _other_leads(operation, leads[operation.pk]),
                is_later=later,
            )
        )
    return found, total


def _lapsed(viewer: User) -> OperationQuerySet:
    asked = Procedure.credentials.through.objects.filter(procedure=OuterRef("procedure"))
    held = StaffCredential.objects.filter(
        _counts_on(OuterRef(OuterRef("day"))),
        staff_member=OuterRef(OuterRef("lead_surgeon")),
        credential=OuterRef("credential"),
    )
    return (
        Operation.objects.filter(status__in=MOVABLE, period__endswith__gt=timezone.now(), lead_surgeon__isnull=False)
        .visible_to(viewer)
        .alias(day=TruncDate("period__startswith"))
        .filter(Exists(asked.filter(~Exists(held))))
    )


def _counts_on(day: date | OuterRef) -> Q:
    begun = Q(valid_from=None) | Q(valid_from__lte=day)
    return begun & (Q(valid_until=None) | Q(valid_until__gte=day))


def _held_by(people: Iterable[int | None]) -> dict[tuple[int, int], StaffCredential]:
    rows = StaffCredential.objects.filter(staff_member__in={pk for pk in people if pk})
    return {(row.staff_member_id, row.credential_id): row for row in rows}


def _day_of(operation: Operation) -> date:
    return timezone.localtime(Period.of(operation.period).start).date()


def _why(operation: Operation, held: dict[tuple[int, int], StaffCredential]) -> str:
    """Say which credentials don't count on the operation's day."""
    day, said = _day_of(operation), []
    for credential in operation.procedure.credentials.all():
        row = held.get((operation.lead_surgeon_id or 0, credential.pk))
        if row is None:
            said.append(f"holds no credential for {credential}")
        elif row.valid_until and row.valid_until < day:
            said.append(f"credential for {credential} ends on {row.valid_until:%a %d %b %Y}")
        elif row.valid_from and row.valid_from > day:
            said.append(f"credential for {credential} begins on {row.valid_from:%a %d %b %Y}")
    return ", ".join(said)


def _place(operation: Operation) -> Slot | None:
    """Return the place nearest to the planned one, from now on, at which the lead may do it and all else is free."""
    planned = Period.of(operation.period).start
    slots = find_free_slots(operation, timezone.now(), planned + LATER, limit=1, order="nearest", near=planned)
    return slots[0] if slots else None


def _other_leads(operation: Operation, row: Reservation) -> list[Substitute]:
    """Return surgeons of the specialty who hold all that is asked and are free, fewest minutes that week first."""
    plan = Plan.current(operation, reservations_of([operation])[operation.pk])
    found: list[Substitute] = []
    for surgeon in _free_surgeons(operation, row)[:ASKED]:
        if all(one.resource_id != surgeon.pk for one in find_conflicts(plan.with_lead(surgeon.pk))):
            found.append(Substitute(resource=surgeon, minutes=int(surgeon.week_minutes)))  # type: ignore[attr-defined]
        if len(found) == OFFERED:
            break
    return found


def _free_surgeons(operation: Operation, row: Reservation) -> QuerySet[StaffMember]:
    day = _day_of(operation)
    monday = day - timedelta(days=day.weekday())
    week = Period(local_midnight(monday), local_midnight(monday + timedelta(days=7))).as_range()
    busy = Reservation.objects.filter(resource=OuterRef("pk"), active=True)
    length = Extract(F("period__endswith") - F("period__startswith"), "epoch") / 60.0
    minutes = busy.filter(period__overlap=week).order_by().values("resource").annotate(total=Sum(length))
    away = Unavailability.objects.filter(resource=OuterRef("pk"), period__overlap=row.period)
    able = StaffMember.objects.filter(
        ~Exists(busy.filter(period__overlap=row.period)),
        ~Exists(away),
        profession=Profession.SURGEON,
        in_use=True,
        specialties=operation.specialty_id,
    ).exclude(pk=row.resource_id)
    for credential in operation.procedure.credentials.all():
        held = StaffCredential.objects.filter(_counts_on(day), staff_member=OuterRef("pk"), credential=credential)
        able = able.filter(Exists(held))
    return able.annotate(week_minutes=Coalesce(minutes.values("total"), 0.0)).order_by("week_minutes", "name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A credential that ends or has ended, and the operations booked after its last day that ask for it."""

    held: StaffCredential
    days_left: int
    """Negative once it has ended."""
    operations: list[Operation]


def ending_credentials(viewer: User) -> list[Ending]:
    """Return what ends within :data:`SOON`, first what ends first; what has ended only while operations ask for it.

    People who have left are not listed. Operations are those to come that are open to ``viewer``.
    """
    today = timezone.localdate()
    rows = (
        StaffCredential.objects.filter(valid_until__lte=today + SOON, staff_member__in_use=True)
        .select_related("staff_member", "credential")
        .order_by("valid_until", "staff_member__name", "credential__name")
    )
    asking = _asking(viewer, [row.staff_member_id for row in rows])
    found = []
    for row in rows:
        booked = [
            operation
            for operation in asking[row.staff_member_id, row.credential_id]
            if row.valid_until and row.valid_until < _day_of(operation)
        ]
        days = (row.valid_until - today).days if row.valid_until else 0
        if booked or days >= 0:
            found.append(Ending(held=row, days_left=days, operations=booked))
    return found


def _asking(viewer: User, people: Collection[int]) -> dict[tuple[int, int], list[Operation]]:
    """Return the operations to come by lead surgeon and credential that they ask for, in order of time."""
    credentials = Prefetch("procedure__credentials", Credential.objects.only("pk"), to_attr="asked")
    operations = (
        Operation.objects.filter(status__in=MOVABLE, period__endswith__gt=timezone.now(), lead_surgeon__in=people)
        .visible_to(viewer)
        .select_related("procedure", "theatre")
        .prefetch_related(credentials)
        .order_by("period", "pk")
    )
    found = defaultdict(list)
    for operation in operations:
        for credential in operation.procedure.asked:  # type: ignore[attr-defined]
            found[operation.lead_surgeon_id or 0, credential.pk].append(operation)
    return found

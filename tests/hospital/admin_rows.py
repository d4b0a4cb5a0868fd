"""Rows for every page of the admin, each with three rows in each of its inlines."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Any

from auditlog.models import LogEntry
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Model

from accounts.models import RoleAssignment, RoleCapability, User
from accounts.roles import DEFAULTS, Role
from messaging.models import MessageTemplate
from patients.models import Allergy, IdentifierSystem, Patient
from resources.models import (
    Bed,
    BlockTemplate,
    Credential,
    EquipmentItem,
    EquipmentType,
    Feature,
    Grade,
    Holiday,
    OpeningException,
    OpeningHours,
    PatternShift,
    ReleaseRule,
    Resource,
    RosterAssignment,
    RosterPattern,
    Shift,
    ShiftKind,
    Site,
    Specialty,
    StaffCredential,
    StaffMember,
    SurgeonGroup,
    TeamNeed,
    Theatre,
    Unavailability,
)
from scheduling.models import (
    CancellationReason,
    ChecklistItem,
    DelayReason,
    ListClosing,
    Operation,
    OperationChange,
    OperationEquipment,
    OperationEvent,
    OperationStaff,
    Priority,
    Procedure,
    ProcedureEquipment,
    ProcedureStaff,
    Reservation,
    Status,
)
from tests import factories

START = datetime(2099, 3, 2, 8, tzinfo=UTC)
DAY = START.date()
THREE = range(3)


def hours(number: int) -> DateTimeTZRange:
    """Return the ``number``-th of a row of periods that do not touch."""
    start = START + timedelta(hours=2 * number)
    return DateTimeTZRange(start, start + timedelta(hours=1), "[)")


def credential(number: int) -> Credential:
    return Credential.objects.get_or_create(code=f"credential-{number}", defaults={"name": f"Credential {number}"})[0]


def absences(resource: Resource) -> None:
    for number in THREE:
        Unavailability.objects.create(resource=resource, kind="closure", period=hours(number))


def user(_: int) -> User:
    person = factories.UserFactory(role="surgeon")
    for role in ("manager", "anaesthetist"):
        RoleAssignment.objects.create(user=person, role=role)
    return person


def patient(_: int) -> Patient:
    patient = factories.PatientFactory()
    for substance in ("Latex", "Iodine", "Nickel"):
        Allergy.objects.create(patient=patient, substance=substance)
    return patient


def theatre(_: int) -> Theatre:
    theatre = factories.TheatreFactory()
    theatre.features.set(factories.FeatureFactory.create_batch(3))
    for weekday in (1, 2, 3):
        OpeningHours.objects.create(theatre=theatre, weekday=weekday, opens=time(8), closes=time(18))
    absences(theatre)
    return theatre


def staff(_: int) -> StaffMember:
    member = factories.StaffMemberFactory(user=factories.UserFactory())
    member.specialties.set(factories.SpecialtyFactory.create_batch(3))
    for number in THREE:
        StaffCredential.objects.create(staff_member=member, credential=credential(number))
        Shift.objects.create(staff_member=member, period=hours(number))
    absences(member)
    return member


def equipment(_: int) -> EquipmentItem:
    item = factories.EquipmentItemFactory()
    absences(item)
    return item


def bed(_: int) -> Bed:
    bed = factories.BedFactory()
    absences(bed)
    return bed


def procedure(_: int) -> Procedure:
    procedure = factories.ProcedureFactory()
    procedure.features.set(factories.FeatureFactory.create_batch(3))
    procedure.credentials.set(credential(number) for number in THREE)
    for role in ("assistant", "anaesthetist", "scrub_nurse"):
        ProcedureStaff.objects.create(procedure=procedure, role=role)
        ProcedureEquipment.objects.create(procedure=procedure, equipment_type=factories.EquipmentTypeFactory())
    return procedure


def operation(number: int) -> Operation:
    """Return an operation that is placed and names all it can."""
    actor = factories.UserFactory()
    operation = factories.OperationFactory(
        actor=actor,
        lead_surgeon=factories.StaffMemberFactory(),
        theatre=factories.TheatreFactory(),
        period=hours(number),
        status=Status.SCHEDULED,
        confirmed_by=actor,
        cancelled_for=factories.CancellationReasonFactory(),
    )
    operation.features.set(factories.FeatureFactory.create_batch(3))
    for role in ("assistant", "anaesthetist", "scrub_nurse"):
        OperationStaff.objects.create(operation=operation, role=role)
        OperationEquipment.objects.create(operation=operation, equipment_type=factories.EquipmentTypeFactory())
        Reservation.objects.create(
            operation=operation, resource=factories.StaffMemberFactory(), role=role, period=hours(number)
        )
    return operation


def event(number: int) -> OperationEvent:
    case = operation(number)
    return OperationEvent.objects.create(
        operation=case, kind="arrived", at=START, recorded_by=case.confirmed_by, current=False
    )


def absence(number: int) -> Unavailability:
    return Unavailability.objects.create(
        resource=factories.TheatreFactory(), kind="closure", period=DateTimeTZRange(START, None, "[)")
    )


def shift(number: int) -> Shift:
    return Shift.objects.create(staff_member=factories.StaffMemberFactory(), period=hours(number))


def block(_: int) -> BlockTemplate:
    return factories.BlockTemplateFactory(surgeon=factories.StaffMemberFactory())


def surgeon_group(number: int) -> SurgeonGroup:
    group = SurgeonGroup.objects.create(name=f"Firm {number}")
    group.members.set(factories.StaffMemberFactory.create_batch(3))
    return group


def shift_kind(number: int) -> ShiftKind:
    return ShiftKind.objects.create(code=f"kind-{number}", name=f"Early {number}", starts=time(7), ends=time(15))


def pattern(number: int) -> RosterPattern:
    pattern = RosterPattern.objects.create(name=f"Pattern {number}, {RosterPattern.objects.count()}", weeks=2)
    for weekday in (1, 2, 3):
        kind, _ = ShiftKind.objects.get_or_create(code="late", name="Late", starts=time(12), ends=time(20))
        PatternShift.objects.create(pattern=pattern, week=1, weekday=weekday, kind=kind)
    return pattern


def role_capability(number: int) -> RoleCapability:
    taken = sorted(DEFAULTS[Role.BOOKING_CLERK] | DEFAULTS[Role.COORDINATOR])[number % 15]
    role = Role.values[number // 15]
    return RoleCapability.objects.get_or_create(role=role, capability=taken, defaults={"given": True})[0]


def log_entry(_: int) -> LogEntry:
    actor = factories.UserFactory()
    entry = LogEntry.objects.get_for_object(factories.PatientFactory()).get()
    entry.actor = actor
    entry.save()
    return entry


MAKERS: dict[type[Model], Callable[[int], Any]] = {
    User: user,
    RoleCapability: role_capability,
    Patient: patient,
    IdentifierSystem: lambda n: IdentifierSystem.objects.create(uri=f"http://system-{n}.example", name=f"System {n}"),
    MessageTemplate: lambda number: MessageTemplate.objects.create(
        kind="booked", language="en", version=100 + number, subject="Date", body="{date}", written_by=user(number)
    ),
    Resource: lambda _: factories.BedFactory().resource_ptr,
    Theatre: theatre,
    StaffMember: staff,
    EquipmentItem: equipment,
    Bed: bed,
    Specialty: lambda _: factories.SpecialtyFactory(),
    Feature: lambda _: factories.FeatureFactory(),
    Grade: lambda number: Grade.objects.create(code=f"grade-{number}", name=f"Grade {number}"),
    Site: lambda _: factories.SiteFactory(),
    Credential: credential,
    EquipmentType: lambda _: factories.EquipmentTypeFactory(allergens=["latex"]),
    Unavailability: absence,
    Shift: shift,
    BlockTemplate: block,
    SurgeonGroup: surgeon_group,
    ReleaseRule: lambda _: ReleaseRule.objects.create(specialty=factories.SpecialtyFactory(), days_ahead=14),
    Holiday: lambda n: Holiday.objects.create(day=DAY + timedelta(days=n), name="Founders' day"),
    OpeningException: lambda _: OpeningException.objects.create(theatre=factories.TheatreFactory(), day=DAY),
    ShiftKind: shift_kind,
    RosterPattern: pattern,
    RosterAssignment: lambda n: RosterAssignment.objects.create(
        staff_member=factories.StaffMemberFactory(), pattern=pattern(n), starts_on=DAY
    ),
    TeamNeed: lambda _: TeamNeed.objects.create(specialty=factories.SpecialtyFactory(), profession="scrub_nurse"),
    Procedure: procedure,
    Priority: lambda n: factories.PriorityFactory(),
    DelayReason: lambda _: factories.DelayReasonFactory(),
    ListClosing: lambda _: ListClosing.objects.create(specialty=factories.SpecialtyFactory()),
    ChecklistItem: lambda _: factories.ChecklistItemFactory(),
    CancellationReason: lambda _: factories.CancellationReasonFactory(),
    Operation: operation,
    Reservation: lambda n: operation(n).reservations.first(),
    OperationChange: lambda n: operation(n).changes.get(),
    OperationEvent: event,
    LogEntry: log_entry,
}
"""How to make the n-th row of each registered model."""


def make(model: type[Model], numbers: Iterable[int]) -> list[Any]:
    return [MAKERS[model](number) for number in numbers]

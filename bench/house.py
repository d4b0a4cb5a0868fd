"""A hospital of 40 theatres: the rows that every bench starts from."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from auditlog.context import disable_auditlog
from django.db import connection
from django.utils import timezone

from accounts.models import RoleAssignment, User
from accounts.roles import Role
from resources.models import (
    Bed,
    BedKind,
    Credential,
    EquipmentItem,
    EquipmentType,
    Feature,
    OpeningHours,
    Profession,
    Shift,
    Specialty,
    StaffCredential,
    StaffMember,
    Theatre,
    TheatreSession,
)
from scheduling.localtime import wall_clock
from scheduling.models import Priority, Procedure, ProcedureEquipment, ProcedureStaff, ReservationRole
from scheduling.period import Period

THEATRES = 40
PATIENTS = 50_000
OPENS, CLOSES = time(7), time(21)
ROSTERED_DAYS = 90
TEAM = (
    (ReservationRole.ANAESTHETIST, Profession.ANAESTHETIST),
    (ReservationRole.ANAESTHETIC_NURSE, Profession.ANAESTHETIC_NURSE),
    (ReservationRole.SCRUB_NURSE, Profession.SCRUB_NURSE),
    (ReservationRole.CIRCULATING_NURSE, Profession.CIRCULATING_NURSE),
)


@dataclass(frozen=True, kw_only=True)
class Crew:
    """What works in one theatre: its lead surgeon, and (resource, role) of everybody and everything else."""

    theatre_id: int
    surgeon_id: int
    members: tuple[tuple[int, str], ...]


@dataclass(frozen=True, kw_only=True)
class House:
    """Numbers of the rows that cases are made of."""

    actor: User
    specialty: Specialty
    procedure: Procedure
    priority: Priority
    crews: list[Crew]


def build_house(*, patients: int = PATIENTS) -> House:
    """Make the hospital: every theatre open and owned 7 to 21 all week, with a crew of its own."""
    with disable_auditlog():
        actor = User.objects.create_user("bench@example.org", given_name="Bench", family_name="Coordinator")
        RoleAssignment.objects.create(user=actor, role=Role.COORDINATOR)
        specialty = Specialty.objects.create(code="surgery", name="Surgery", hue="teal")
        feature = Feature.objects.create(code="laminar", name="laminar flow")
        credential = Credential.objects.create(code="keyhole", name="keyhole surgery")
        arm = EquipmentType.objects.create(code="c-arm", name="C-arm", turnaround_minutes=10)
        procedure = _procedure(specialty, feature, credential, arm)
        priority = Priority.objects.create(code="P3", name="Within three months", target_days=1500, rank=3)
        crews = [_crew(n, specialty, feature, credential, arm) for n in range(THEATRES)]
        _roster(crews)
    if patients:
        add_patients(1, patients)
    return House(actor=actor, specialty=specialty, procedure=procedure, priority=priority, crews=crews)


def _procedure(specialty: Specialty, feature: Feature, credential: Credential, arm: EquipmentType) -> Procedure:
    procedure = Procedure.objects.create(
        code="B1",
        name="Keyhole repair",
        specialty=specialty,
        bed_kind=BedKind.RECOVERY,
        bed_minutes=60,
        allergens=["latex"],
    )
    procedure.features.add(feature)
    procedure.credentials.add(credential)
    ProcedureEquipment.objects.create(procedure=procedure, equipment_type=arm)
    for role, _ in TEAM:
        ProcedureStaff.objects.create(procedure=procedure, role=role)
    return procedure


def _crew(n: int, specialty: Specialty, feature: Feature, credential: Credential, arm: EquipmentType) -> Crew:
    theatre = Theatre.objects.create(name=f"Theatre {n + 1}", code=f"t{n + 1}", position=n, turnover_minutes=15)
    theatre.features.add(feature)
    for weekday in range(1, 8):
        OpeningHours.objects.create(theatre=theatre, weekday=weekday, opens=OPENS, closes=CLOSES)
    today = timezone.localdate()
    TheatreSession.objects.bulk_create(
        TheatreSession(
            theatre=theatre, day=day, period=Period(at(day, OPENS), at(day, CLOSES)).as_range(), specialty=specialty
        )
        for day in (today + timedelta(days=offset) for offset in range(-ROSTERED_DAYS, ROSTERED_DAYS))
    )
    surgeon = StaffMember.objects.create(name=f"Mr Able {n}", profession=Profession.SURGEON)
    StaffCredential.objects.create(staff_member=surgeon, credential=credential)
    members = [
        (StaffMember.objects.create(name=f"{profession.label} {n}", profession=profession, rostered=True).pk, role)
        for role, profession in TEAM
    ]
    members.append((EquipmentItem.objects.create(name=f"C-arm {n}", type=arm).pk, ReservationRole.EQUIPMENT))
    members.append((Bed.objects.create(name=f"Bay {n}", bed_kind=BedKind.RECOVERY).pk, ReservationRole.BED))
    named = tuple((pk, str(role)) for pk, role in members)
    return Crew(theatre_id=theatre.pk, surgeon_id=surgeon.pk, members=named)


def _roster(crews: list[Crew]) -> None:
    people = [pk for crew in crews for pk, role in crew.members if role in dict(TEAM)]
    days = [timezone.localdate() + timedelta(days=n) for n in range(ROSTERED_DAYS)]
    Shift.objects.bulk_create(
        [
            Shift(staff_member_id=pk, period=Period(at(day, OPENS), at(day, CLOSES)).as_range())
            for day in days
            for pk in people
        ],
        batch_size=2000,
    )


def add_patients(first: int, last: int) -> None:
    """Register the patients numbered ``first`` to ``last``."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO patients_patient (mrn, family_name, given_name, date_of_birth, sex, phone, email,
                                          language, allergy_status, confidential)
            SELECT 'B' || n, 'Baker' || translate(n::text, '0123456789', 'abcdefghij'), 'Ben',
                   date '1950-01-01' + n %% 20000, 'unknown', '', '', 'en', 'none_known', false
            FROM generate_series(%s, %s) AS n
            """,
            [first, last],
        )


def at(day: date, clock: time, minutes: int = 0) -> datetime:
    """Return the instant ``minutes`` after a local time."""
    return wall_clock(day, clock) + timedelta(minutes=minutes)

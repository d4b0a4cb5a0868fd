"""A day that is far too small for those who want it."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from accounts.models import RoleAssignment, User
from accounts.roles import Role
from patients.models import Patient
from resources.models import EquipmentItem, EquipmentType, OpeningHours, Profession, Specialty, StaffMember, Theatre
from scheduling.models import CancellationReason, Priority, Procedure
from scheduling.services import Request, request_operation

ALL_WEEK = range(1, 8)
THEATRES, PEOPLE, ITEMS, PATIENTS, OPERATIONS = 4, 3, 3, 20, 60


@dataclass(frozen=True, kw_only=True)
class Arena:
    """Numbers of what there is; plain values, so that processes can be given it."""

    day: str
    clients: list[int]
    theatres: list[int]
    surgeons: list[int]
    members: list[tuple[int, str]]
    operations: list[int]
    reason: int
    site: str = ""
    """``host:port`` where clients command by HTTP; empty: they call the services themselves."""

    def as_dict(self) -> dict[str, Any]:
        """Return what ``Arena(**…)`` takes."""
        return asdict(self)

    def at(self, minutes: int) -> datetime:
        """Return the instant so many minutes after the day's midnight."""
        return datetime.fromisoformat(self.day) + timedelta(minutes=minutes)


def make_arena(clients: int) -> Arena:
    """Make theatres, people, patients and waiting operations; one user for each client."""
    specialty = Specialty.objects.create(code="race", name="Race")
    theatres = [_theatre(number) for number in range(THEATRES)]
    surgeons = [_person(f"Surgeon {n}", Profession.SURGEON) for n in range(PEOPLE)]
    arm = EquipmentType.objects.create(code="arm", name="C-arm", turnaround_minutes=20)
    members = [
        *((_person(f"Anaesthetist {n}", Profession.ANAESTHETIST), "anaesthetist") for n in range(PEOPLE)),
        *((_person(f"Nurse {n}", Profession.SCRUB_NURSE), "scrub_nurse") for n in range(PEOPLE)),
        *((EquipmentItem.objects.create(name=f"C-arm {n}", type=arm).pk, "equipment") for n in range(ITEMS)),
    ]
    users = [_coordinator(number) for number in range(clients)]
    day = datetime.combine(datetime.now(UTC).date() + timedelta(days=30), time.min, tzinfo=UTC)
    return Arena(
        day=day.isoformat(),
        clients=[user.pk for user in users],
        theatres=theatres,
        surgeons=surgeons,
        members=members,
        operations=_operations(users[0], specialty, surgeons),
        reason=CancellationReason.objects.create(code="race", group="Race", label="Race").pk,
    )


def _theatre(number: int) -> int:
    theatre = Theatre.objects.create(name=f"Theatre {number}", code=f"race-{number}", turnover_minutes=0)
    for weekday in ALL_WEEK:
        OpeningHours.objects.create(theatre=theatre, weekday=weekday, opens=time.min, closes=time.min)
    return theatre.pk


def _person(name: str, profession: str) -> int:
    return StaffMember.objects.create(name=name, profession=profession).pk


def _coordinator(number: int) -> User:
    user = User.objects.create(email=f"client{number}@example.org", given_name="Client", family_name=str(number))
    RoleAssignment.objects.create(user=user, role=Role.COORDINATOR)
    return user


def _operations(actor: User, specialty: Specialty, surgeons: list[int]) -> list[int]:
    priority = Priority.objects.create(code="race", name="Race", target_days=365)
    patients = [Patient.objects.create(mrn=f"R{n}", family_name="Racer") for n in range(PATIENTS)]
    procedures = [
        Procedure.objects.create(code=f"race-{minutes}", name="Race", specialty=specialty, surgery_minutes=minutes)
        for minutes in (15, 30, 60)
    ]
    led_by = StaffMember.objects.in_bulk(surgeons)
    return [
        request_operation(
            actor=actor,
            request=Request(
                patient=patients[n % PATIENTS],
                procedure=procedures[n % len(procedures)],
                priority=priority,
                lead_surgeon=led_by[surgeons[n % len(surgeons)]],
            ),
        ).pk
        for n in range(OPERATIONS)
    ]

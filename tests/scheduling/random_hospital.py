"""A hospital drawn at random around a stretch of time, and an operation that wants a place in it."""

from datetime import datetime, time, timedelta
from random import Random
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from resources.models import (
    Bed,
    EquipmentItem,
    EquipmentType,
    OpeningHours,
    Resource,
    Shift,
    Specialty,
    StaffMember,
    Theatre,
    Unavailability,
)
from scheduling.models import Operation, OperationEquipment, OperationStaff, ReservationRole, Status
from scheduling.period import Period
from scheduling.plan import Assignment, Plan
from scheduling.services.writing import place
from tests.factories import (
    BlockFactory,
    LoanKitFactory,
    PatientFactory,
    PriorityFactory,
    ProcedureFactory,
    StaffMemberFactory,
)

DAYS = 2
ALL_WEEK = range(1, 8)


class RandomHospital:
    """Two theatres, two surgeons, three nurses and an anaesthetist, three C-arms and two beds.

    All times are on the five-minute grid of the screen; the rest is chance.
    """

    def __init__(self, seed: int, start: datetime) -> None:
        self.random, self.start = Random(seed), start
        self.specialties = [self.specialty(n) for n in range(2)]
        self.surgeons = [self.surgeon() for _ in range(2)]
        self.nurses = [self.person("scrub_nurse") for _ in range(2)] + [self.person("circulating_nurse")]
        self.others = [self.person("anaesthetist")]
        arm = EquipmentType.objects.create(code="arm", name="C-arm", turnaround_minutes=self.pick(0, 45))
        self.items = [EquipmentItem.objects.create(name=f"Arm {n}", type=arm) for n in range(3)]
        self.beds = [Bed.objects.create(name=f"Bed {n}", bed_kind="recovery") for n in range(2)]
        self.theatres = [self.theatre(n) for n in range(2)]
        self.procedure = ProcedureFactory(specialty=self.specialties[0])
        self.priority = PriorityFactory(emergency=self.chance(0.3))
        for resource in (*self.surgeons, *self.nurses, *self.items, *self.beds, *self.theatres):
            if self.chance(0.2):
                self.close(resource)
        self.patient = PatientFactory()
        for _ in range(self.random.randint(0, 8)):
            self.book_something()
        self.operation = self.wanting()

    def pick(self, *choices: Any) -> Any:
        return self.random.choice(choices)

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def specialty(self, number: int) -> Specialty:
        turnover = self.pick(None, None, 10, 45)
        return Specialty.objects.create(code=f"s{number}", name=f"Specialty {number}", turnover_minutes=turnover)

    def hours(self) -> tuple[time, time]:
        first, last = sorted(self.random.sample(range(24 * 12), 2))
        return time(first // 12, first % 12 * 5), time(last // 12, last % 12 * 5)

    def at(self) -> datetime:
        return self.start + timedelta(minutes=5 * self.random.randrange(DAYS * 24 * 12))

    def period(self, minutes: int) -> Any:
        return Period.lasting(self.at(), minutes).as_range()

    def person(self, profession: str) -> StaffMember:
        person = StaffMemberFactory(profession=profession, rostered=self.chance(0.3))
        if person.rostered:
            Shift.objects.create(staff_member=person, period=self.period(24 * 60), on_call=self.chance(0.3))
        return person

    def surgeon(self) -> StaffMember:
        surgeon = self.person("surgeon")
        surgeon.daily_operations_limit = self.pick(None, 1, 2)
        surgeon.save()
        return surgeon

    def theatre(self, number: int) -> Theatre:
        theatre = Theatre.objects.create(
            name=f"Theatre {number}", code=f"r{number}", turnover_minutes=self.pick(0, 15, 30)
        )
        for weekday in ALL_WEEK:
            self.open(theatre, weekday)
            if self.chance(0.5):
                starts, ends = self.hours()
                BlockFactory(
                    theatre=theatre,
                    weekday=weekday,
                    starts=starts,
                    ends=ends,
                    specialty=self.pick(*self.specialties),
                    surgeon=self.pick(None, self.surgeons[0]),
                )
        return theatre

    def open(self, theatre: Theatre, weekday: int) -> None:
        opens, closes = self.hours() if self.chance(0.4) else (time.min, time.min)
        if self.chance(0.9):
            OpeningHours.objects.create(theatre=theatre, weekday=weekday, opens=opens, closes=closes)

    def close(self, resource: Resource) -> None:
        Unavailability.objects.create(
            resource=Resource.objects.get(pk=resource.pk), kind="closure", period=self.period(self.pick(15, 60, 240))
        )

    def new(self, *, specialty: int = 0, **fields: Any) -> Operation:
        return Operation.objects.create(
            procedure=self.procedure,
            specialty=self.specialties[specialty],
            priority=self.priority,
            set_up_minutes=self.pick(0, 10, 20),
            anaesthesia_minutes=self.pick(0, 15),
            surgery_minutes=self.pick(5, 30, 45, 120, 300),
            clean_up_minutes=self.pick(0, 10, 25),
            infectious=self.chance(0.2),
            bed_minutes=self.pick(0, 30, 200),
            **fields,
        )

    def book_something(self) -> None:
        """Book without asking the rules: only the database's constraints have a say."""
        patient = self.patient if self.chance(0.3) else PatientFactory()
        operation = self.new(patient=patient, specialty=self.pick(0, 1))
        members = [
            (self.pick(*self.surgeons), ReservationRole.LEAD_SURGEON),
            (self.pick(*self.nurses), ReservationRole.SCRUB_NURSE),
            (self.pick(*self.items), ReservationRole.EQUIPMENT),
            (self.pick(*self.beds), ReservationRole.BED),
        ]
        plan = Plan(
            operation=operation,
            theatre_id=self.pick(*self.theatres).pk,
            period=Period.lasting(self.at(), operation.in_room_minutes),
            assignments=tuple(
                Assignment(resource_id=resource.pk, role=role, tail_minutes=self.tail(role))
                for resource, role in members
                if self.chance(0.6)
            ),
        )
        try:
            with transaction.atomic():
                place(operation, plan, [])
                operation.save()
        except IntegrityError:
            assert Operation.objects.get(pk=operation.pk).status == Status.WAITING

    def tail(self, role: str) -> int:
        return self.items[0].type.turnaround_minutes if role == ReservationRole.EQUIPMENT else 0

    def wanting(self) -> Operation:
        operation = self.new(
            patient=self.patient,
            lead_surgeon=self.pick(None, *self.surgeons),
            bed_kind=self.pick("", "recovery"),
        )
        if self.chance(0.5):
            kind = self.items[0].type
            OperationEquipment.objects.create(operation=operation, equipment_type=kind, quantity=self.pick(1, 2, 3))
        for role in ("scrub_nurse", "circulating_nurse", "anaesthetist"):
            if self.chance(0.4):
                OperationStaff.objects.create(operation=operation, role=role, quantity=self.pick(1, 1, 2))
        if self.chance(0.3):
            promised = timezone.localdate(self.start) + timedelta(days=self.pick(0, 1))
            LoanKitFactory(
                operation=operation,
                expected_on=promised,
                days_before=self.pick(0, 1),
                state=self.pick("to_order", "ordered", "arrived"),
            )
        return Operation.objects.with_facts().get(pk=operation.pk)

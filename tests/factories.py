"""Makes rows for tests. No surprises: a factory makes what its row cannot be without, and nothing else."""

from datetime import date, time, timedelta
from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from accounts.models import RoleAssignment, User
from patients.models import Allergy, AllergyStatus, Patient
from resources.models import (
    Bed,
    BedKind,
    BlockTemplate,
    EquipmentItem,
    EquipmentType,
    Feature,
    OpeningHours,
    OwnerKind,
    PatternShift,
    Profession,
    RosterAssignment,
    RosterPattern,
    Shift,
    ShiftKind,
    Site,
    Specialty,
    StaffMember,
    Theatre,
    TheatreSession,
)
from scheduling.laying_out import planned_sessions
from scheduling.models import (
    CancellationReason,
    ChangeVerb,
    ChecklistItem,
    DelayReason,
    LoanKit,
    Operation,
    OperationChange,
    OperationConsent,
    Priority,
    Procedure,
    Status,
)
from scheduling.opening import span
from scheduling.rostering import shift_period
from scheduling.services.writing import snapshot


class UserFactory(DjangoModelFactory[User]):
    """A person who may sign in; ``role="coordinator"`` gives a role, and with it capabilities."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@example.org")
    given_name = "Jo"
    family_name = factory.Sequence(lambda n: f"Marsh {n}")

    @factory.post_generation
    def role(self: User, create: bool, extracted: str | None, **limits: Any) -> None:  # noqa: FBT001
        """Give the role that was named; ``role__sites=[…]`` and ``role__specialties=[…]`` limit it."""
        if create and extracted:
            given = RoleAssignment.objects.create(user=self, role=extracted)
            for name, rows in limits.items():
                getattr(given, name).set(rows)


class SpecialtyFactory(DjangoModelFactory[Specialty]):
    """A surgical specialty."""

    class Meta:
        model = Specialty

    code = factory.Sequence(lambda n: f"specialty-{n}")
    name = factory.Sequence(lambda n: f"Specialty {n}")


class FeatureFactory(DjangoModelFactory[Feature]):
    """What only some theatres have."""

    class Meta:
        model = Feature

    code = factory.Sequence(lambda n: f"feature-{n}")
    name = factory.Sequence(lambda n: f"feature {n}")


class SiteFactory(DjangoModelFactory[Site]):
    """A building with theatres."""

    class Meta:
        model = Site

    code = factory.Sequence(lambda n: f"site-{n}")
    name = factory.Sequence(lambda n: f"Site {n}")


class TheatreFactory(DjangoModelFactory[Theatre]):
    """A theatre without opening hours; see :func:`open_all_week`."""

    class Meta:
        model = Theatre

    name = factory.Sequence(lambda n: f"Theatre {n}")
    code = factory.Sequence(lambda n: f"t{n}")
    position = factory.Sequence(lambda n: n % 1000)


class StaffMemberFactory(DjangoModelFactory[StaffMember]):
    """A surgeon, or with ``profession`` somebody else; works without a roster."""

    class Meta:
        model = StaffMember

    name = factory.Sequence(lambda n: f"Dr Adams {n}")
    profession = Profession.SURGEON


class EquipmentTypeFactory(DjangoModelFactory[EquipmentType]):
    """A kind of equipment that needs no cleaning."""

    class Meta:
        model = EquipmentType

    code = factory.Sequence(lambda n: f"equipment-{n}")
    name = factory.Sequence(lambda n: f"Equipment {n}")


class EquipmentItemFactory(DjangoModelFactory[EquipmentItem]):
    """One item."""

    class Meta:
        model = EquipmentItem

    name = factory.Sequence(lambda n: f"Item {n}")
    type = factory.SubFactory(EquipmentTypeFactory)


class BedFactory(DjangoModelFactory[Bed]):
    """A recovery bed."""

    class Meta:
        model = Bed

    name = factory.Sequence(lambda n: f"Bed {n}")
    bed_kind = BedKind.RECOVERY


class PatientFactory(DjangoModelFactory[Patient]):
    """An adult without known allergies."""

    class Meta:
        model = Patient

    mrn = factory.Sequence(lambda n: f"M{n:06}")
    family_name = factory.Sequence(lambda n: f"Baker {n}")
    given_name = "Ben"
    date_of_birth = date(1970, 5, 17)
    allergy_status = AllergyStatus.NONE_KNOWN


class AllergyFactory(DjangoModelFactory[Allergy]):
    """One substance; the patient's summary says that allergies are recorded."""

    class Meta:
        model = Allergy

    patient = factory.SubFactory(PatientFactory, allergy_status=AllergyStatus.RECORDED)
    substance = "Latex"


class ProcedureFactory(DjangoModelFactory[Procedure]):
    """10 set-up, 15 anaesthesia, 45 surgery, 10 clean-up: 60 minutes in theatre, no needs."""

    class Meta:
        model = Procedure

    code = factory.Sequence(lambda n: f"PROC{n}")
    name = factory.Sequence(lambda n: f"Procedure {n}")
    specialty = factory.SubFactory(SpecialtyFactory)


class PriorityFactory(DjangoModelFactory[Priority]):
    """Due after four weeks."""

    class Meta:
        model = Priority

    code = factory.Sequence(lambda n: f"P{n}")
    name = "Routine"
    target_days = 28
    rank = 3


class CancellationReasonFactory(DjangoModelFactory[CancellationReason]):
    """A reason for cancelling and for postponing."""

    class Meta:
        model = CancellationReason

    code = factory.Sequence(lambda n: f"reason-{n}")
    group = "Patient"
    label = "Unwell"


class DelayReasonFactory(DjangoModelFactory[DelayReason]):
    """A reason for being late."""

    class Meta:
        model = DelayReason

    code = factory.Sequence(lambda n: f"delay-{n}")
    group = "Patient"
    label = factory.Sequence(lambda n: f"Came late {n}")


class ChecklistItemFactory(DjangoModelFactory[ChecklistItem]):
    """A question of the sign-in."""

    class Meta:
        model = ChecklistItem

    code = factory.Sequence(lambda n: f"item-{n}")
    part = "sign_in"
    position = factory.Sequence(lambda n: n)
    text = factory.Sequence(lambda n: f"Question {n}")


class OperationFactory(DjangoModelFactory[Operation]):
    """A waiting operation of the procedure's length, with the first row of its history.

    ``actor`` is who asked for it. To place it, book it through the service.
    """

    class Meta:
        model = Operation
        skip_postgeneration_save = True

    patient = factory.SubFactory(PatientFactory)
    procedure = factory.SubFactory(ProcedureFactory)
    specialty = factory.SelfAttribute("procedure.specialty")
    priority = factory.SubFactory(PriorityFactory)
    status = Status.WAITING

    @factory.post_generation
    def actor(self: Operation, create: bool, extracted: User | None, **_: Any) -> None:  # noqa: FBT001
        """Write the history's first row."""
        if create:
            OperationChange.objects.create(
                operation=self,
                version=self.version,
                verb=ChangeVerb.REQUESTED,
                actor=extracted or UserFactory(),
                after=snapshot(self, []),
            )


class LoanKitFactory(DjangoModelFactory[LoanKit]):
    """Kit that is to be ordered, needed two days before the operation."""

    class Meta:
        model = LoanKit

    operation = factory.SubFactory(OperationFactory)
    what = factory.Sequence(lambda n: f"Revision set {n}")
    changed_by = factory.SubFactory(UserFactory)


class OperationConsentFactory(DjangoModelFactory[OperationConsent]):
    """Consent to what is planned, given today to the lead surgeon; no form was scanned."""

    class Meta:
        model = OperationConsent

    operation = factory.SubFactory(OperationFactory)
    answer = "given"
    procedure = factory.SelfAttribute("operation.procedure")
    side = factory.SelfAttribute("operation.side")
    signed_on = factory.LazyFunction(timezone.localdate)
    taken_by = factory.SelfAttribute("operation.lead_surgeon")
    recorded_by = factory.SubFactory(UserFactory)


class BlockTemplateFactory(DjangoModelFactory[BlockTemplate]):
    """A weekly block on Mondays from 8 to 18; a surgeon's where one is given."""

    class Meta:
        model = BlockTemplate

    theatre = factory.SubFactory(TheatreFactory)
    weekday = 1
    starts = time(8)
    ends = time(18)
    specialty = factory.SubFactory(SpecialtyFactory)

    @factory.lazy_attribute
    def owner_kind(self) -> str:
        """Return whose it is by what was given."""
        return OwnerKind.SURGEON if getattr(self, "surgeon", None) else OwnerKind.SPECIALTY


class BlockFactory(BlockTemplateFactory):
    """A weekly block that is laid out: from two weeks ago to more than a year ahead."""

    class Meta:
        model = BlockTemplate
        skip_postgeneration_save = True

    @factory.post_generation
    def laid_out(self: BlockTemplate, create: bool, extracted: None, **_: Any) -> None:  # noqa: FBT001
        """Make the dated sessions."""
        first = timezone.localdate() - timedelta(days=14)
        TheatreSession.objects.bulk_create(
            TheatreSession(
                theatre=self.theatre, day=one.day, period=one.period.as_range(), template=self, **self.owner_fields
            )
            for one in planned_sessions([self], first, first + timedelta(days=420))
        )


class TheatreSessionFactory(DjangoModelFactory[TheatreSession]):
    """A session tomorrow from 8 to 18, made by hand; give ``day``, ``starts`` and ``ends`` for another."""

    class Meta:
        model = TheatreSession
        exclude = ("starts", "ends")

    theatre = factory.SubFactory(TheatreFactory)
    specialty = factory.SubFactory(SpecialtyFactory)
    by_hand = True
    starts = time(8)
    ends = time(18)
    day = factory.LazyFunction(lambda: timezone.localdate() + timedelta(days=1))
    period = factory.LazyAttribute(lambda o: span(o.day, o.starts, o.ends).as_range())

    @factory.lazy_attribute
    def owner_kind(self) -> str:
        """Return whose it is by what was given."""
        return OwnerKind.SURGEON if getattr(self, "surgeon", None) else OwnerKind.SPECIALTY


class ShiftKindFactory(DjangoModelFactory[ShiftKind]):
    """An early shift, from 7 to 15."""

    class Meta:
        model = ShiftKind

    code = factory.Sequence(lambda n: f"kind-{n}")
    name = factory.Sequence(lambda n: f"Early {n}")
    starts = time(7)
    ends = time(15)


class ShiftFactory(DjangoModelFactory[Shift]):
    """A scrub nurse's early shift tomorrow, made by hand; give ``on``, ``starts`` and ``ends`` for another."""

    class Meta:
        model = Shift
        exclude = ("on", "starts", "ends")

    staff_member = factory.SubFactory(StaffMemberFactory, profession=Profession.SCRUB_NURSE, rostered=True)
    on = factory.LazyFunction(lambda: timezone.localdate() + timedelta(days=1))
    starts = time(7)
    ends = time(15)
    period = factory.LazyAttribute(lambda o: shift_period(o.on, o.starts, o.ends).as_range())


class RosterAssignmentFactory(DjangoModelFactory[RosterAssignment]):
    """A scrub nurse follows a pattern from the Monday of this week on; ``week=[(week, weekday, kind)]`` fills it."""

    class Meta:
        model = RosterAssignment
        skip_postgeneration_save = True

    staff_member = factory.SubFactory(StaffMemberFactory, profession=Profession.SCRUB_NURSE, rostered=True)
    pattern = factory.LazyFunction(
        lambda: RosterPattern.objects.create(name=f"Pattern {RosterPattern.objects.count()}")
    )
    starts_on = factory.LazyFunction(lambda: timezone.localdate() - timedelta(days=timezone.localdate().weekday()))

    @factory.post_generation
    def week(self: RosterAssignment, create: bool, extracted: Any, **_: Any) -> None:  # noqa: FBT001
        """Write the pattern's shifts."""
        for number, weekday, kind in extracted or ():
            PatternShift.objects.create(pattern=self.pattern, week=number, weekday=weekday, kind=kind)


def open_all_week(*theatres: Theatre, opens: time = time.min, closes: time = time.min) -> None:
    """Open theatres on all seven days, round the clock unless hours are given."""
    for theatre in theatres:
        for weekday in range(1, 8):
            OpeningHours.objects.create(theatre=theatre, weekday=weekday, opens=opens, closes=closes)

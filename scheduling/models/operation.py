"""One surgical case for its whole life."""

from datetime import datetime, timedelta

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.contrib.postgres.indexes import GistIndex
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Deferrable, Q
from django.utils import timezone

from accounts.encryption.fields import EncryptedTextField
from accounts.models import User
from patients.models import Patient
from resources.models import (
    BedKind,
    EquipmentType,
    Feature,
    Specialty,
    StaffMember,
    Theatre,
)
from scheduling.models.catalogue import AnaesthesiaType, Priority, Procedure
from scheduling.models.reservation import ReservationRole
from scheduling.querysets import OperationQuerySet
from scheduling.status import MOVABLE, PLACED, UNPLACED, Status

PATIENT_NO_OVERLAP = "operation_patient_no_overlap"
MAX_MINUTES = 24 * 60
"""The longest planned time in theatre; longer is a typing error."""


class Side(models.TextChoices):
    """Which side is operated on; never abbreviated on lists."""

    LEFT = "left", "Left"
    RIGHT = "right", "Right"
    BILATERAL = "bilateral", "Both sides"
    MIDLINE = "midline", "Midline"
    NOT_APPLICABLE = "not_applicable", "No side"

    @property
    def is_named(self) -> bool:
        """Say whether there is a side that could be the wrong one."""
        return self in (Side.LEFT, Side.RIGHT, Side.BILATERAL)


def procedure_in_words(procedure: Procedure, side: str) -> str:
    """Return the procedure and, where there is one, the side in full."""
    return f"{procedure} ({Side(side).label.lower()})" if Side(side).is_named else str(procedure)


class EstimateSource(models.TextChoices):
    """Where the planned minutes come from."""

    CATALOGUE = "catalogue", "Procedure catalogue"
    BOOKER = "booker", "Set by hand"
    IMPORTED = "imported", "Imported list"


class Assessment(models.TextChoices):
    """How far the pre-operative assessment is."""

    NOT_DONE = "not_done", "Not assessed yet"
    BOOKED = "booked", "Assessment booked"
    FIT = "fit", "Fit"
    UNFIT = "unfit", "Not fit"


def _minutes_field(*, default: int, least: int = 0) -> "models.PositiveSmallIntegerField[int, int]":
    limits = [MinValueValidator(least), MaxValueValidator(MAX_MINUTES)]
    return models.PositiveSmallIntegerField(default=default, validators=limits)


class Operation(models.Model):
    """One surgical case, from request to discharge.

    On the waiting list it has neither theatre nor period; placed, it has both. ``period`` is the
    planned wheels-in to wheels-out, half-open. ``version`` counts the writes: every command names
    the version it saw, and a stale one is refused.
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="operations")
    procedure = models.ForeignKey(Procedure, on_delete=models.PROTECT, related_name="operations")
    side = models.CharField(max_length=14, choices=Side, default=Side.NOT_APPLICABLE)
    specialty = models.ForeignKey(Specialty, on_delete=models.PROTECT, related_name="operations")
    lead_surgeon = models.ForeignKey(
        StaffMember, on_delete=models.PROTECT, null=True, blank=True, related_name="lead_operations"
    )
    priority = models.ForeignKey(Priority, on_delete=models.PROTECT, related_name="operations")
    listed_on = models.DateField(default=timezone.localdate)
    due_on = models.DateField(null=True, blank=True)

    set_up_minutes = _minutes_field(default=10)
    anaesthesia_minutes = _minutes_field(default=15)
    surgery_minutes = _minutes_field(default=45, least=1)
    clean_up_minutes = _minutes_field(default=10)
    estimate_source = models.CharField(max_length=10, choices=EstimateSource, default=EstimateSource.CATALOGUE)

    anaesthesia_type = models.CharField(max_length=10, choices=AnaesthesiaType, default=AnaesthesiaType.GENERAL)
    asa_class = models.PositiveSmallIntegerField(
        "ASA class", null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(6)]
    )
    infectious = models.BooleanField(default=False, help_text="Goes last on the list; the theatre is deep-cleaned.")
    day_case = models.BooleanField(default=False)
    bed_kind = models.CharField(max_length=10, choices=BedKind, blank=True)
    bed_minutes = models.PositiveIntegerField(default=0)
    features = models.ManyToManyField(Feature, blank=True, related_name="operations")
    notes = EncryptedTextField(blank=True, max_length=2000)
    external_id = models.CharField(
        max_length=60,
        null=True,
        blank=True,
        unique=True,
        help_text="The case number in the list it came from.",
    )

    assessment = models.CharField(
        max_length=10, choices=Assessment, default=Assessment.NOT_DONE, db_default=Assessment.NOT_DONE
    )
    fit_until = models.DateField(null=True, blank=True, help_text="The last day on which the assessment counts.")
    short_notice = models.BooleanField(default=False, db_default=False, help_text="Can come at short notice.")
    paused_since = models.DateField(null=True, blank=True, help_text="The waiting clock stands still since then.")

    status = models.CharField(max_length=12, choices=Status, default=Status.WAITING)
    theatre = models.ForeignKey(Theatre, on_delete=models.PROTECT, null=True, blank=True, related_name="operations")
    period = DateTimeRangeField(null=True, blank=True)  # type: ignore[misc]  # the stubs know no empty range field
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    cancelled_for = models.ForeignKey(
        "scheduling.CancellationReason", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    version = models.PositiveIntegerField(default=1)

    is_open: bool
    """Whether it is open to the person asked about; only after ``with_standing(user)``."""

    objects = OperationQuerySet.as_manager()

    class Meta:
        constraints = (
            ExclusionConstraint(
                name=PATIENT_NO_OVERLAP,
                expressions=[("patient", RangeOperators.EQUAL), ("period", RangeOperators.OVERLAPS)],
                deferrable=Deferrable.IMMEDIATE,
            ),
            models.CheckConstraint(
                condition=Q(status__in=UNPLACED, theatre__isnull=True, period__isnull=True)
                | Q(status__in=PLACED, theatre__isnull=False, period__isnull=False),
                name="operation_placed_by_status",
            ),
            models.CheckConstraint(
                condition=Q(period__isnull=True)
                | Q(
                    period__isempty=False,
                    period__lower_inf=False,
                    period__upper_inf=False,
                    period__lower_inc=True,
                    period__upper_inc=False,
                ),
                name="operation_period_real",
            ),
            models.CheckConstraint(
                condition=Q(
                    surgery_minutes__range=(1, MAX_MINUTES),
                    anaesthesia_minutes__lte=MAX_MINUTES,
                    set_up_minutes__lte=MAX_MINUTES,
                    clean_up_minutes__lte=MAX_MINUTES,
                ),
                name="operation_minutes",
            ),
        )
        indexes = (
            GistIndex(fields=("period",), name="operation_period", condition=Q(period__isnull=False)),
            models.Index(
                fields=("due_on", "id"),
                name="operation_unplaced_due",
                condition=Q(status__in=(Status.REQUESTED, Status.WAITING)),
            ),
        )

    def __str__(self) -> str:
        """Return the case number: no name, because this ends up in logs."""
        return f"Case {self.pk}"

    @property
    def in_room_minutes(self) -> int:
        """Planned minutes from wheels-in to wheels-out."""
        minutes: int = self.anaesthesia_minutes + self.surgery_minutes
        return minutes

    @property
    def starts_at(self) -> datetime | None:
        """Planned wheels-in."""
        return self.period.lower if self.period else None

    @property
    def ends_at(self) -> datetime | None:
        """Planned wheels-out."""
        return self.period.upper if self.period else None

    @property
    def is_placed(self) -> bool:
        """Say whether it has a theatre and a time."""
        return self.status in PLACED

    @property
    def is_movable(self) -> bool:
        """Say whether its plan may still change: placed, and the patient not yet in theatre."""
        return self.status in MOVABLE

    @property
    def days_waiting(self) -> int:
        """Days since it was listed, as of today, but for those on which the clock stood still."""
        today = timezone.localdate()
        paused = sum(pause.days_until(today) for pause in self.pauses.all())
        return (today - self.listed_on).days - paused

    @property
    def is_overdue(self) -> bool:
        """Say whether the due date has passed without the operation being placed; while paused, no day counts."""
        today = timezone.localdate()
        counted = min(self.paused_since, today) if self.paused_since else today
        return self.due_on is not None and self.due_on < counted and not self.is_placed

    @property
    def procedure_with_side(self) -> str:
        """Return the procedure and, where there is one, the side in full."""
        return procedure_in_words(self.procedure, self.side)

    def due_date_from(self, priority: Priority) -> None:
        """Set ``due_on`` to the priority's target days after the date listed."""
        self.due_on = self.listed_on + timedelta(days=priority.target_days)


class OperationEquipment(models.Model):
    """So many items of one kind of equipment that this operation needs."""

    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="equipment_needs")
    equipment_type = models.ForeignKey(EquipmentType, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveSmallIntegerField(default=1)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("operation", "equipment_type"), name="operation_equipment_unique"),
        )

    def __str__(self) -> str:
        """Return quantity and kind."""
        return f"{self.quantity} x {self.equipment_type}"


class OperationStaff(models.Model):
    """So many people in one role that this operation needs, beside the lead surgeon."""

    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="staff_needs")
    role = models.CharField(max_length=24, choices=ReservationRole)
    quantity = models.PositiveSmallIntegerField(default=1)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("operation", "role"), name="operation_staff_unique"),)

    def __str__(self) -> str:
        """Return quantity and role."""
        return f"{self.quantity} x {self.get_role_display()}"

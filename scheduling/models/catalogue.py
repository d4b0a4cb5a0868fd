"""What can be booked: procedures, priorities, and the reasons for not going ahead."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from resources.models import (
    Allergen,
    BedKind,
    Credential,
    EquipmentType,
    Feature,
    Specialty,
)
from scheduling.models.reservation import ReservationRole


class Laterality(models.TextChoices):
    """Whether a side has to be named."""

    REQUIRED = "required", "A side has to be named"
    NONE = "none", "Has no side"


class AnaesthesiaType(models.TextChoices):
    """How the patient is anaesthetised."""

    GENERAL = "general", "General"
    SPINAL = "spinal", "Spinal"
    REGIONAL = "regional", "Regional block"
    SEDATION = "sedation", "Sedation"
    LOCAL = "local", "Local"
    NONE = "none", "None"


class Procedure(models.Model):
    """A row of the hospital's procedure catalogue, with typical minutes and needs."""

    code = models.CharField(max_length=20, help_text="ICD-10-PCS, or the hospital's own code.")
    code_system = models.CharField(max_length=20, default="ICD-10-PCS")
    name = models.CharField(max_length=120)
    specialty = models.ForeignKey(Specialty, on_delete=models.PROTECT, related_name="procedures")
    laterality = models.CharField(max_length=10, choices=Laterality, default=Laterality.NONE)
    set_up_minutes = models.PositiveSmallIntegerField(default=10)
    anaesthesia_minutes = models.PositiveSmallIntegerField(default=15, help_text="Wheels-in to ready for incision.")
    surgery_minutes = models.PositiveSmallIntegerField(default=45, help_text="Incision to wheels-out.")
    clean_up_minutes = models.PositiveSmallIntegerField(default=10)
    anaesthesia_type = models.CharField(max_length=10, choices=AnaesthesiaType, default=AnaesthesiaType.GENERAL)
    day_case = models.BooleanField(default=False)
    features = models.ManyToManyField(Feature, blank=True, related_name="procedures")
    credentials = models.ManyToManyField(
        Credential, blank=True, related_name="procedures", help_text="What the lead surgeon must hold."
    )
    bed_kind = models.CharField(max_length=10, choices=BedKind, blank=True)
    bed_minutes = models.PositiveIntegerField(default=0, help_text="Expected stay after wheels-out, in minutes.")
    allergens = ArrayField(
        models.CharField(max_length=20, choices=Allergen),
        default=list,
        blank=True,
        help_text="What this procedure brings the patient in contact with.",
    )
    in_use = models.BooleanField(default=True)

    class Meta:
        ordering = ("name",)
        indexes = (models.Index(fields=("name",), name="procedure_name"),)
        constraints = (
            models.UniqueConstraint(fields=("code_system", "code"), name="procedure_code_unique"),
            models.CheckConstraint(
                condition=models.Q(surgery_minutes__range=(1, 1440)),
                name="procedure_surgery_minutes",
                violation_error_message="Surgery takes between 1 minute and 24 hours.",
            ),
        )

    def __str__(self) -> str:
        """Return the name."""
        return self.name


class ProcedureEquipment(models.Model):
    """So many items of one kind of equipment that a procedure needs."""

    procedure = models.ForeignKey(Procedure, on_delete=models.CASCADE, related_name="equipment_needs")
    equipment_type = models.ForeignKey(EquipmentType, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveSmallIntegerField(default=1)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("procedure", "equipment_type"), name="procedure_equipment_unique"),
        )
        verbose_name = verbose_name_plural = "equipment needed"

    def __str__(self) -> str:
        """Return quantity and kind."""
        return f"{self.quantity} x {self.equipment_type}"


class ProcedureStaff(models.Model):
    """So many people in one role that a procedure needs, beside the lead surgeon."""

    procedure = models.ForeignKey(Procedure, on_delete=models.CASCADE, related_name="staff_needs")
    role = models.CharField(max_length=24, choices=ReservationRole)
    quantity = models.PositiveSmallIntegerField(default=1)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("procedure", "role"), name="procedure_staff_unique"),)
        verbose_name = verbose_name_plural = "people needed"

    def __str__(self) -> str:
        """Return quantity and role."""
        return f"{self.quantity} x {self.get_role_display()}"


class Priority(models.Model):
    """A priority class: how soon an operation is due after it was listed."""

    scheme = models.CharField(max_length=20, default="P")
    code = models.CharField(max_length=8, unique=True)
    name = models.CharField(max_length=100)
    target_days = models.PositiveSmallIntegerField(help_text="Due this many days after the date listed.")
    target_minutes = models.PositiveIntegerField(
        null=True, blank=True, help_text="For emergencies: in theatre within so many minutes of the decision."
    )
    rank = models.PositiveSmallIntegerField(default=0, help_text="1 is the most urgent.")
    emergency = models.BooleanField(default=False, help_text="Shown as an emergency on the day board.")

    class Meta:
        ordering = ("rank", "code")
        verbose_name_plural = "priorities"

    def __str__(self) -> str:
        """Return code and name."""
        return f"{self.code} {self.name}"


class CancellationReason(models.Model):
    """Why an operation was cancelled or postponed; the list is the hospital's own."""

    class AppliesTo(models.TextChoices):
        """Which of the two the reason is offered for."""

        CANCEL = "cancel", "Cancelling"
        POSTPONE = "postpone", "Postponing"
        BOTH = "both", "Both"

    code = models.SlugField(max_length=40, unique=True)
    group = models.CharField(max_length=40)
    label = models.CharField(max_length=100)
    clinical = models.BooleanField(default=False)
    hospital_initiated = models.BooleanField(default=True)
    avoidable = models.BooleanField(default=False)
    applies_to = models.CharField(max_length=10, choices=AppliesTo, default=AppliesTo.BOTH)
    in_use = models.BooleanField(default=True)

    class Meta:
        ordering = ("group", "label")

    def __str__(self) -> str:
        """Return group and label."""
        return f"{self.group}: {self.label}"

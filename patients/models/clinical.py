"""What a theatre team must know of a patient: allergies, conditions, medicines, operations before, assessments.

Each row says who recorded it and when, or which system it came from. What was entered in error stays, and is said to
be so; it never counts.
"""

from decimal import Decimal
from typing import ClassVar, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.utils import timezone

from accounts.encryption.fields import EncryptedCharField, EncryptedTextField
from patients.models.identity import Patient


class Certainty(models.TextChoices):
    """How sure it is. Refuted and wrongly entered things are kept, and never count."""

    CONFIRMED = "confirmed", "Confirmed"
    UNCONFIRMED = "unconfirmed", "Not confirmed"
    REFUTED = "refuted", "Refuted"
    ERROR = "error", "Entered in error"


HEEDED = (Certainty.CONFIRMED, Certainty.UNCONFIRMED)
COUNTS = Q(certainty__in=HEEDED)


class Course(models.TextChoices):
    """Whether something is so now."""

    ACTIVE = "active", "Active"
    INACTIVE = "inactive", "Inactive"
    RESOLVED = "resolved", "Resolved"


class Recorded(models.Model):
    """Where an entry comes from: a person here, or another system, where it has a number of its own."""

    source = models.CharField(max_length=200, blank=True, default="", db_default="", editable=False)
    external_id = models.CharField(max_length=200, blank=True, default="", db_default="", editable=False)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    recorded_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)
    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)

    class Meta:
        abstract = True
        constraints: "ClassVar[tuple[models.BaseConstraint, ...]]" = (
            models.UniqueConstraint(
                fields=("source", "external_id"), condition=~Q(source=""), name="%(class)s_once_from_a_source"
            ),
        )


class Coded(models.Model):
    """What something is, in words, and the code that another system gave it, as received."""

    system = models.CharField("code system", max_length=200, blank=True, default="", db_default="", editable=False)
    code = EncryptedCharField(max_length=60, blank=True, default="", db_default="", help_text="ICD-10, for example.")

    class Meta:
        abstract = True


class Severity(models.TextChoices):
    """The worst that the substance did, or could do."""

    UNKNOWN = "", "Not known"
    MILD = "mild", "Mild"
    MODERATE = "moderate", "Moderate"
    SEVERE = "severe", "Severe"
    FATAL = "fatal", "Life-threatening"


LISTED_TWICE = "This substance is on the list already. Change what is there."


class AllergyQuerySet(models.QuerySet["Allergy"]):
    """``patient.allergies.counting()``."""

    def counting(self) -> Self:
        """Those that the team must heed: active, neither refuted nor entered in error."""
        return self.filter(COUNTS, course=Course.ACTIVE)


class Allergy(Recorded, Coded):
    """One substance that the patient must not meet."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="allergies")
    substance = models.CharField(
        max_length=100,
        help_text="As written in the record; the theatre's own list has latex, iodine, nickel …",
    )
    reaction = EncryptedCharField(max_length=100, blank=True)
    severity = models.CharField(max_length=8, choices=Severity, blank=True, default="", db_default="")
    certainty = models.CharField(
        max_length=11, choices=Certainty, default=Certainty.UNCONFIRMED, db_default=Certainty.UNCONFIRMED
    )
    course = models.CharField("status", max_length=8, choices=Course, default=Course.ACTIVE, db_default=Course.ACTIVE)

    objects = AllergyQuerySet.as_manager()

    class Meta(Recorded.Meta):
        ordering = ("substance", "pk")
        verbose_name_plural = "allergies"
        constraints = (
            *Recorded.Meta.constraints,
            models.UniqueConstraint(Lower("substance"), "patient", condition=COUNTS, name="allergy_unique_per_patient"),
        )

    def __str__(self) -> str:
        """Return our own number only: both trails of changes keep what this says."""
        return f"Allergy {self.pk}"

    def clean(self) -> None:
        """Refuse a substance that is listed already, in words; the constraint forbids it without any."""
        super().clean()
        if self.certainty not in HEEDED or self.patient_id is None:
            return
        listed = Allergy.objects.filter(COUNTS, patient=self.patient_id, substance__iexact=self.substance)
        if listed.exclude(pk=self.pk).exists():
            raise ValidationError({"substance": LISTED_TWICE})

    @property
    def counts(self) -> bool:
        """Say whether the team must heed it."""
        return self.course == Course.ACTIVE and self.certainty in HEEDED


class Condition(Recorded, Coded):
    """One illness or problem, now or before."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="conditions")
    text = EncryptedCharField("condition", max_length=300)
    certainty = models.CharField(
        max_length=11, choices=Certainty, default=Certainty.CONFIRMED, db_default=Certainty.CONFIRMED
    )
    course = models.CharField("status", max_length=8, choices=Course, default=Course.ACTIVE, db_default=Course.ACTIVE)
    began_on = models.DateField("since", null=True, blank=True)
    ended_on = models.DateField("until", null=True, blank=True)

    class Meta(Recorded.Meta):
        ordering = ("course", "-began_on", "pk")
        constraints = (
            *Recorded.Meta.constraints,
            models.CheckConstraint(
                condition=Q(ended_on__gte=F("began_on")),
                name="condition_ends_after_it_began",
                violation_error_message="It ended before it began.",
            ),
        )

    def __str__(self) -> str:
        """Return our own number only: both trails of changes keep what this says."""
        return f"Condition {self.pk}"


class SurgicalClass(models.TextChoices):
    """Medicines that matter for an operation."""

    NONE = "", "None of these"
    ANTICOAGULANT = "anticoagulant", "Anticoagulant"
    ANTIPLATELET = "antiplatelet", "Antiplatelet"
    INSULIN = "insulin", "Insulin"
    GLUCOSE = "glucose", "Other glucose-lowering"
    IMMUNOSUPPRESSANT = "immunosuppressant", "Immunosuppressant"
    STEROID = "steroid", "Steroid"
    OPIOID = "opioid", "Opioid"


class Medicine(Recorded, Coded):
    """One medicine that the patient takes or took; ``plan`` says what to do about it before an operation."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="medicines")
    text = EncryptedCharField("medicine", max_length=300)
    dose = EncryptedCharField(max_length=200, blank=True, help_text="5 mg once a day")
    surgical_class = models.CharField(
        "matters for surgery as", max_length=17, choices=SurgicalClass, blank=True, default="", db_default=""
    )
    plan = EncryptedCharField(
        "plan before surgery", max_length=300, blank=True, help_text="For example: last dose three days before."
    )
    certainty = models.CharField(
        max_length=11, choices=Certainty, default=Certainty.CONFIRMED, db_default=Certainty.CONFIRMED
    )
    course = models.CharField("status", max_length=8, choices=Course, default=Course.ACTIVE, db_default=Course.ACTIVE)
    began_on = models.DateField("since", null=True, blank=True)
    ended_on = models.DateField("until", null=True, blank=True)

    class Meta(Recorded.Meta):
        ordering = ("course", "-surgical_class", "pk")
        constraints = (
            *Recorded.Meta.constraints,
            models.CheckConstraint(
                condition=Q(ended_on__gte=F("began_on")),
                name="medicine_ends_after_it_began",
                violation_error_message="It ended before it began.",
            ),
        )

    def __str__(self) -> str:
        """Return our own number only: both trails of changes keep what this says."""
        return f"Medicine {self.pk}"

    @property
    def lacks_plan(self) -> bool:
        """Say whether an operation needs a plan for it and there is none."""
        heeded = self.course == Course.ACTIVE and self.certainty in HEEDED
        return heeded and self.surgical_class in NEEDS_PLAN and not self.plan


NEEDS_PLAN = (
    SurgicalClass.ANTICOAGULANT,
    SurgicalClass.ANTIPLATELET,
    SurgicalClass.INSULIN,
    SurgicalClass.GLUCOSE,
    SurgicalClass.IMMUNOSUPPRESSANT,
)
"""Without a word on these before the day, an operation is put off on the day."""


class PastProcedure(Recorded, Coded):
    """An operation or procedure done elsewhere, or before this system: ours are operations of the schedule."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="past_procedures")
    text = EncryptedCharField("procedure", max_length=300)
    performed_on = models.DateField("done on", null=True, blank=True)
    place = EncryptedCharField("where", max_length=200, blank=True)
    anaesthesia = EncryptedCharField(max_length=200, blank=True, help_text="Kind, and how it was borne.")
    complications = EncryptedTextField(max_length=1000, blank=True)
    certainty = models.CharField(
        max_length=11, choices=Certainty, default=Certainty.CONFIRMED, db_default=Certainty.CONFIRMED
    )

    class Meta(Recorded.Meta):
        ordering = ("-performed_on", "-pk")

    def __str__(self) -> str:
        """Return our own number only: both trails of changes keep what this says."""
        return f"Past procedure {self.pk}"


class BloodGroup(models.TextChoices):
    """ABO and Rhesus."""

    UNKNOWN = "", "Not known"
    O_NEG = "O-", "O neg"
    O_POS = "O+", "O pos"
    A_NEG = "A-", "A neg"
    A_POS = "A+", "A pos"
    B_NEG = "B-", "B neg"
    B_POS = "B+", "B pos"
    AB_NEG = "AB-", "AB neg"
    AB_POS = "AB+", "AB pos"


class Pregnancy(models.TextChoices):
    """What is known; "not asked" is no "no"."""

    NOT_ASKED = "", "Not asked"
    NOT_APPLICABLE = "na", "Does not apply"
    NO = "no", "No"
    YES = "yes", "Yes"
    POSSIBLE = "possible", "Possible: test"


def _scale(name: str, last: int, words: str) -> "models.PositiveSmallIntegerField[int | None, int | None]":
    within = [MinValueValidator(1), MaxValueValidator(last)]
    return models.PositiveSmallIntegerField(name, null=True, blank=True, validators=within, help_text=words)


class PreoperativeAssessment(Recorded):
    """What was found when the patient was assessed for anaesthesia, on one day; it counts until another day.

    Scales: ASA physical status 1 to 6, Mallampati 1 to 4, Clinical Frailty Scale 1 to 9, metabolic equivalents.
    """

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="assessments")
    assessed_on = models.DateField(default=timezone.localdate)
    valid_until = models.DateField(null=True, blank=True)
    asa = _scale("ASA class", 6, "1 to 6")
    height_cm = models.DecimalField(
        "height, cm",
        max_digits=4,
        decimal_places=1,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(20)), MaxValueValidator(Decimal(260))],
    )
    weight_kg = models.DecimalField(
        "weight, kg",
        max_digits=4,
        decimal_places=1,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal("0.3")), MaxValueValidator(Decimal(500))],
    )
    mallampati = _scale("Mallampati", 4, "1 to 4")
    blood_group = models.CharField(max_length=3, choices=BloodGroup, blank=True, default="", db_default="")
    infection = EncryptedCharField("infection status", max_length=200, blank=True, help_text="MRSA, hepatitis B …")
    implants = EncryptedCharField(max_length=200, blank=True, help_text="Joint, cochlear implant, clips …")
    pacemaker = models.BooleanField("pacemaker or defibrillator", null=True, blank=True)
    pregnancy = models.CharField(max_length=8, choices=Pregnancy, blank=True, default="", db_default="")
    frailty = _scale("Clinical Frailty Scale", 9, "1 (very fit) to 9 (terminally ill)")
    mets = _scale("functional capacity, METs", 20, "4 METs are two flights of stairs.")
    note = EncryptedTextField(max_length=1000, blank=True)
    certainty = models.CharField(
        max_length=11, choices=Certainty, default=Certainty.CONFIRMED, db_default=Certainty.CONFIRMED
    )

    class Meta(Recorded.Meta):
        ordering = ("-assessed_on", "-pk")
        constraints = (
            *Recorded.Meta.constraints,
            models.CheckConstraint(
                condition=Q(valid_until__gte=F("assessed_on")),
                name="assessment_valid_after_it_was_made",
                violation_error_message="It would end before it was made.",
            ),
        )

    def __str__(self) -> str:
        """Return our own number only: both trails of changes keep what this says."""
        return f"Assessment {self.pk}"

    @property
    def is_over(self) -> bool:
        """Say whether its last day has passed."""
        return self.valid_until is not None and self.valid_until < timezone.localdate()

    @property
    def bmi(self) -> Decimal | None:
        """Body mass index: kilograms over metres squared (WHO), to one decimal."""
        if not (self.height_cm and self.weight_kg):
            return None
        return round(self.weight_kg / (self.height_cm / 100) ** 2, 1)

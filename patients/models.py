"""The patient, as far as booking an operation needs to know."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.encryption.fields import BlindIndexField, EncryptedCharField, EncryptedEmailField


class Sex(models.TextChoices):
    """Sex as recorded by the hospital."""

    FEMALE = "female", "Female"
    MALE = "male", "Male"
    OTHER = "other", "Other"
    UNKNOWN = "unknown", "Unknown"


class AllergyStatus(models.TextChoices):
    """Whether anybody asked: no answer and the answer "none" are different things."""

    NOT_RECORDED = "not_recorded", "Not recorded"
    NONE_KNOWN = "none_known", "No known allergies"
    RECORDED = "recorded", "Recorded"


class Patient(models.Model):
    """A person who is operated on."""

    mrn = models.CharField("MRN", max_length=32, unique=True, help_text="The hospital's medical record number.")
    family_name = models.CharField(max_length=100)
    given_name = models.CharField(max_length=100, blank=True)
    date_of_birth = models.DateField(null=True, blank=True)
    sex = models.CharField(max_length=10, choices=Sex, default=Sex.UNKNOWN)
    national_number = EncryptedCharField(
        max_length=32, blank=True, default="", db_default="", help_text="As printed on the card; found by all of it."
    )
    national_number_index = BlindIndexField(source="national_number")
    phone = EncryptedCharField(max_length=32, blank=True)
    email = EncryptedEmailField("e-mail address", blank=True)
    language = models.CharField(max_length=35, blank=True, default="en", help_text="BCP 47 code: en, pl, pt-BR.")
    allergy_status = models.CharField(max_length=14, choices=AllergyStatus, default=AllergyStatus.NOT_RECORDED)
    deceased_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ("family_name", "given_name", "pk")
        indexes = (
            GinIndex(OpClass(Lower("family_name"), "gin_trgm_ops"), name="patient_family_name_trgm"),
            GinIndex(OpClass(Lower("given_name"), "gin_trgm_ops"), name="patient_given_name_trgm"),
        )
        constraints = (
            models.CheckConstraint(
                condition=models.Q(deceased_on__gte=models.F("date_of_birth")),
                name="patient_died_after_birth",
                violation_error_message="The date of death is before the date of birth.",
            ),
        )

    def __str__(self) -> str:
        """Return the number only: names stay out of logs and audit rows."""
        return f"Patient {self.mrn}"

    def clean(self) -> None:
        """Refuse a national number that another patient has: the form does not see the column that is unique."""
        super().clean()
        index = number_index(self.national_number)
        if index and Patient.objects.filter(national_number_index=index).exclude(pk=self.pk).exists():
            raise ValidationError({"national_number": "Another patient has this national number."})

    @property
    def display_name(self) -> str:
        """Return the name as theatre lists print it: SURNAME, Given."""
        return f"{self.family_name.upper()}, {self.given_name}".removesuffix(", ")

    @property
    def age(self) -> int | None:
        """Return completed years today, or at death; ``None`` without a date of birth."""
        if self.date_of_birth is None:
            return None
        until = self.deceased_on or timezone.localdate()
        had_birthday = (until.month, until.day) >= (self.date_of_birth.month, self.date_of_birth.day)
        return until.year - self.date_of_birth.year - (not had_birthday)

    @property
    def is_deceased(self) -> bool:
        """Say whether a death is recorded."""
        return self.deceased_on is not None


def number_index(national_number: str) -> str | None:
    """Return the keyed hash under which a national number is found, or ``None`` for no number."""
    field = Patient._meta.get_field("national_number_index")  # noqa: SLF001  # Django's public name for it
    return field.index_of(national_number)


class Allergy(models.Model):
    """One substance that the patient must not meet."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="allergies")
    substance = models.CharField(
        max_length=100,
        help_text="As written in the record; the theatre's own list has latex, iodine, nickel …",
    )
    reaction = EncryptedCharField(max_length=100, blank=True)

    class Meta:
        ordering = ("substance",)
        verbose_name_plural = "allergies"
        constraints = (models.UniqueConstraint(Lower("substance"), "patient", name="allergy_unique_per_patient"),)

    def __str__(self) -> str:
        """Return the substance."""
        return self.substance

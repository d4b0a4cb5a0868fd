"""Who a patient is: names, numbers, birth, and how to reach them."""

import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from django.conf import settings
from django.contrib.postgres.functions import RandomUUID
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.utils import timezone
from django.utils.formats import date_format

from accounts.audit.recording import note
from accounts.encryption.fields import BlindIndexField, EncryptedCharField, EncryptedEmailField, EncryptedTextField
from accounts.models import User
from patients import access, permissions

if TYPE_CHECKING:
    from patients.models.clinical import Allergy


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


class BirthAccuracy(models.TextChoices):
    """How much of a date of birth is known; the stored day is the first of the period."""

    DAY = "day", "Exact day"
    MONTH = "month", "Month and year"
    YEAR = "year", "Year only"
    ESTIMATED = "estimated", "Estimated"


BIRTH_FORMATS: dict[str, str] = {
    BirthAccuracy.DAY: "d M Y",
    BirthAccuracy.MONTH: "M Y",
    BirthAccuracy.YEAR: "Y",
    BirthAccuracy.ESTIMATED: r"\a\b\o\u\t Y",
}


INDEXED = {"national_number": "national_number_index", "phone": "phone_index"}
"""Columns that are written with another one."""
PHONE_ENDING, SHORTEST_PHONE = 8, 6
"""Digits by which a phone is found, and from how many it is one."""


class PatientQuerySet(models.QuerySet["Patient"]):
    """``Patient.objects.visible_to(user)``."""

    def visible_to(self, user: User) -> Self:
        """Patients whose record ``user`` may open; finding others takes their number and a reason."""
        if not user.can(permissions.VIEW):
            return self.none()
        return self.living().filter(self._open_to(user))

    def living(self) -> Self:
        """Leave out records that were merged into another: they only lead there."""
        return self.filter(merged_into=None)

    def _open_to(self, user: User) -> Q:
        opened = access.combine(user, access.by_role(user))
        return access.but_confidential(user, opened, access.intimate(user))


class Patient(models.Model):
    """A person who is operated on."""

    mrn = models.CharField("MRN", max_length=64, unique=True, help_text="The hospital's medical record number.")
    family_name = models.CharField(max_length=100)
    given_name = models.CharField(max_length=100, blank=True)
    date_of_birth = models.DateField(null=True, blank=True)
    birth_accuracy = models.CharField(
        "date of birth is", max_length=9, choices=BirthAccuracy, default=BirthAccuracy.DAY, db_default=BirthAccuracy.DAY
    )
    sex = models.CharField(max_length=10, choices=Sex, default=Sex.UNKNOWN)
    gender = EncryptedCharField(
        max_length=60, blank=True, default="", db_default="", help_text="In the patient's own words, where it differs."
    )
    national_number = EncryptedCharField(
        max_length=32, blank=True, default="", db_default="", help_text="As printed on the card; found by all of it."
    )
    national_number_index = BlindIndexField(source="national_number")
    phone = EncryptedCharField(max_length=32, blank=True)
    phone_index = BlindIndexField(source="phone_ending", shared=True)
    email = EncryptedEmailField("e-mail address", blank=True)
    language = models.CharField(max_length=35, blank=True, default="en", help_text="BCP 47 code: en, pl, pt-BR.")
    interpreter_needed = models.BooleanField(default=False, db_default=False)
    address = EncryptedTextField(max_length=300, blank=True, default="", db_default="")
    gp_name = EncryptedCharField("GP", max_length=100, blank=True, default="", db_default="")
    gp_practice = EncryptedCharField("GP's practice", max_length=200, blank=True, default="", db_default="")
    gp_phone = EncryptedCharField("GP's phone", max_length=32, blank=True, default="", db_default="")
    allergy_status = models.CharField(max_length=14, choices=AllergyStatus, default=AllergyStatus.NOT_RECORDED)
    allergies_asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    allergies_asked_at = models.DateTimeField(null=True, blank=True, editable=False)
    deceased_on = models.DateField(null=True, blank=True)
    died = models.BooleanField(
        default=False, db_default=False, help_text="For a death whose day is not known; with a day it follows."
    )
    provisional = models.BooleanField(
        default=False, db_default=False, editable=False, help_text="An emergency whose name is not known yet."
    )
    confidential = models.BooleanField(
        default=False,
        db_default=False,
        help_text="A colleague or somebody in the public eye: named in lists to the care team and coordinators only.",
    )
    merged_into = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="merged_from",
        help_text="The record that took everything over; this one only leads there. Never one that was merged itself.",
    )

    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    token = models.UUIDField(
        default=uuid4, db_default=RandomUUID(), unique=True, editable=False, help_text="Derived from nothing."
    )

    objects = PatientQuerySet.as_manager()

    class Meta:
        ordering = ("family_name", "given_name", "pk")
        indexes = (
            GinIndex(OpClass(Lower("family_name"), "gin_trgm_ops"), name="patient_family_name_trgm"),
            GinIndex(OpClass(Lower("given_name"), "gin_trgm_ops"), name="patient_given_name_trgm"),
            models.Index(fields=("date_of_birth",), name="patient_born"),
            models.Index(fields=("id",), name="patient_not_identified", condition=Q(provisional=True)),
        )
        constraints = (
            models.CheckConstraint(
                condition=models.Q(deceased_on__gte=models.F("date_of_birth")),
                name="patient_died_after_birth",
                violation_error_message="The date of death is before the date of birth.",
            ),
            models.CheckConstraint(
                condition=~models.Q(merged_into=models.F("id")), name="patient_not_merged_into_itself"
            ),
        )

    def __str__(self) -> str:
        """Return our own number only: names and the MRN stay out of logs, page titles and audit rows."""
        return f"Patient {self.pk}"

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        """Save the numbers' indexes with the numbers."""
        if update_fields is not None:
            names = set(update_fields)
            update_fields = names | {index for source, index in INDEXED.items() if source in names}
        super().save(*args, update_fields=update_fields, **kwargs)

    def clean(self) -> None:
        """Refuse a national number that another patient has: the form does not see the column that is unique."""
        super().clean()
        index = number_index(self.national_number)
        if index and Patient.objects.filter(national_number_index=index).exclude(pk=self.pk).exists():
            raise ValidationError({"national_number": "Another patient has this national number."})

    @property
    def phone_ending(self) -> str:
        """Return by what the phone is found."""
        return phone_ending(self.phone)

    @property
    def display_name(self) -> str:
        """Return the name as theatre lists print it: SURNAME, Given. Who is named is on record as seen."""
        note(self.pk)
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
    def counting_allergies(self) -> "list[Allergy]":
        """Return the allergies that the team must heed; from what was prefetched, if it was."""
        return [allergy for allergy in self.allergies.all() if allergy.counts]

    @property
    def is_deceased(self) -> bool:
        """Say whether a death is recorded."""
        return self.died or self.deceased_on is not None

    @property
    def born(self) -> str:
        """Return the date of birth as far as it is known: 5 May 1980, May 1980, 1980, about 1980."""
        if self.date_of_birth is None:
            return "unknown"
        return date_format(self.date_of_birth, BIRTH_FORMATS[self.birth_accuracy])

    @property
    def age_in_words(self) -> str:
        """Return the age, "about" where the year alone is known or was estimated."""
        if self.age is None:
            return ""
        rough = self.birth_accuracy in (BirthAccuracy.YEAR, BirthAccuracy.ESTIMATED)
        return f"about {self.age} y" if rough else f"{self.age} y"


def number_index(national_number: str) -> str | None:
    """Return the keyed hash under which a national number is found, or ``None`` for no number."""
    field = Patient._meta.get_field("national_number_index")  # noqa: SLF001  # Django's public name for it
    return field.index_of(national_number)


def phone_index(phone: str) -> str | None:
    """Return the keyed hash under which a phone is found, or ``None`` where there are too few digits."""
    field = Patient._meta.get_field("phone_index")  # noqa: SLF001  # Django's public name for it
    return field.index_of(phone_ending(phone))


def phone_ending(phone: str) -> str:
    """Return the last digits, which are the same with a country's code, with a zero and with neither."""
    digits = digits_of(phone)
    return digits[-PHONE_ENDING:] if len(digits) >= SHORTEST_PHONE else ""


def digits_of(text: str) -> str:
    """Return the digits of a number in whatever writing, as 0 to 9."""
    return "".join(str(unicodedata.decimal(one)) for one in text if one.isdecimal())


class IdentifierSystem(models.Model):
    """Who gives out numbers: this hospital, another one, the country."""

    uri = models.CharField("URI", max_length=200, unique=True, help_text="As other systems name it in FHIR.")
    name = models.CharField(max_length=60, help_text="As staff know it: MRN, NHS number.")
    is_ours = models.BooleanField("gives our MRN", default=False)
    is_national = models.BooleanField("gives the national number", default=False, db_default=False)

    class Meta:
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(
                fields=("is_national",),
                condition=Q(is_national=True),
                name="identifier_system_one_is_national",
                violation_error_message="Another system gives the national number already.",
            ),
            models.UniqueConstraint(
                fields=("is_ours",),
                condition=Q(is_ours=True),
                name="identifier_system_one_is_ours",
                violation_error_message="Another system gives our MRN already.",
            ),
        )

    def __str__(self) -> str:
        """Return the name."""
        return self.name


class PatientIdentifier(models.Model):
    """A number of the patient beside our MRN: of another system, or the MRN of a record that was merged into this."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="identifiers")
    system = models.ForeignKey(IdentifierSystem, on_delete=models.PROTECT, related_name="+")
    value = EncryptedCharField(max_length=100)
    value_index = BlindIndexField(source="qualified")
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    recorded_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)

    class Meta:
        ordering = ("system", "pk")

    def __str__(self) -> str:
        """Return our own number only: names and numbers stay out of logs and audit rows."""
        return f"Identifier {self.pk}"

    @property
    def is_fixed(self) -> bool:
        """Say whether nobody changes it by hand: an MRN of ours that leads here from a record that was merged."""
        return self.system.is_ours

    @property
    def qualified(self) -> str:
        """Return the number with its system, for one number means nothing without."""
        return qualified(self.system_id, self.value)


def qualified(system_id: int, value: str) -> str:
    """Return a system's number in the form under which it is found; empty for no number."""
    return f"{system_id}x{value}" if value.strip() else ""


class NameUse(models.TextChoices):
    """What a further name is."""

    FORMER = "former", "Former name"
    MAIDEN = "maiden", "Name at birth"
    ALIAS = "alias", "Also known as"


class PatientName(models.Model):
    """A name that the patient has beside the official one, or had before."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="names")
    use = models.CharField(max_length=10, choices=NameUse, default=NameUse.FORMER)
    family_name = models.CharField(max_length=100)
    given_name = models.CharField(max_length=100, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    recorded_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)

    class Meta:
        ordering = ("-recorded_at", "-pk")

    def __str__(self) -> str:
        """Return our own number only: names stay out of logs and audit rows."""
        return f"Name {self.pk}"


class NextOfKin(models.Model):
    """Whom to call about the patient."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="next_of_kin")
    name = EncryptedCharField(max_length=100)
    relationship = EncryptedCharField(max_length=60, blank=True)
    phone = EncryptedCharField(max_length=32, blank=True)
    note = EncryptedCharField(max_length=200, blank=True, help_text="For example: may be told everything.")
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    recorded_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)
    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)

    class Meta:
        ordering = ("pk",)
        verbose_name = "next of kin"
        verbose_name_plural = "next of kin"

    def __str__(self) -> str:
        """Return our own number only: names stay out of logs and audit rows."""
        return f"Next of kin {self.pk}"


class Channel(models.TextChoices):
    """How the hospital may reach a patient."""

    SMS = "sms", "SMS"
    EMAIL = "email", "E-mail"
    PHONE = "phone", "Phone"
    POST = "post", "Post"


class ContactConsent(models.Model):
    """What the patient said about being reached by one channel; without a row, nobody asked."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="contact_consents")
    channel = models.CharField(max_length=6, choices=Channel)
    given = models.BooleanField()
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    recorded_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)

    class Meta:
        ordering = ("channel",)
        constraints = (models.UniqueConstraint(fields=("patient", "channel"), name="contact_consent_one_a_channel"),)

    def __str__(self) -> str:
        """Return the numbers only."""
        return f"Consent {self.pk} of patient {self.patient_id}"

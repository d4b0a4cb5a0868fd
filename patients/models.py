"""The patient, as far as booking an operation needs to know."""

from typing import Self
from uuid import uuid4

from django.conf import settings
from django.contrib.postgres.functions import RandomUUID
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from guardian.models import UserObjectPermissionBase

from accounts.audit.recording import note
from accounts.encryption.fields import BlindIndexField, EncryptedCharField, EncryptedEmailField, EncryptedTextField
from accounts.models import User
from patients import access, permissions


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


class PatientQuerySet(models.QuerySet["Patient"]):
    """``Patient.objects.visible_to(user)``."""

    def visible_to(self, user: User) -> Self:
        """Patients whose record ``user`` may open; finding others takes their number and a reason."""
        if not user.can(permissions.VIEW):
            return self.none()
        opened = access.combine(user, access.by_role(user))
        return self.filter(access.but_confidential(user, opened, access.intimate(user)))


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
    confidential = models.BooleanField(
        default=False,
        db_default=False,
        help_text="A colleague or somebody in the public eye: named in lists to the care team and coordinators only.",
    )

    token = models.UUIDField(
        default=uuid4, db_default=RandomUUID(), unique=True, editable=False, help_text="Derived from nothing."
    )

    objects = PatientQuerySet.as_manager()

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
        """Return our own number only: names and the MRN stay out of logs, page titles and audit rows."""
        return f"Patient {self.pk}"

    def clean(self) -> None:
        """Refuse a national number that another patient has: the form does not see the column that is unique."""
        super().clean()
        index = number_index(self.national_number)
        if index and Patient.objects.filter(national_number_index=index).exclude(pk=self.pk).exists():
            raise ValidationError({"national_number": "Another patient has this national number."})

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
        """Return our own number only: both trails of changes keep what this says."""
        return f"Allergy {self.pk}"


class CareTeamMember(UserObjectPermissionBase):
    """One colleague on one patient's care team: an object permission of django-guardian, by true foreign keys.

    Its rows go with the patient and the account, so none is left over for whoever gets the number next.
    """

    content_object = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="care_team")

    class Meta(UserObjectPermissionBase.Meta):
        verbose_name = "care team member"

    def __str__(self) -> str:
        """Return the numbers only: names stay out of logs and audit rows."""
        return f"User {self.user_id} for patient {self.content_object_id}"


class EmergencyReason(models.TextChoices):
    """Why somebody outside the care team had to look."""

    EMERGENCY = "emergency", "Emergency: the patient needs care now"
    COVER = "cover", "I cover for a colleague"
    CONSULT = "consult", "I was asked for an opinion"
    REFERRED = "referred", "The patient was referred to me"
    OTHER = "other", "Something else, as I write below"


class ReviewOutcome(models.TextChoices):
    """What the privacy officer found."""

    OPEN = "", "Not reviewed yet"
    JUSTIFIED = "justified", "Justified"
    NOT_JUSTIFIED = "not_justified", "Not justified"


class EmergencyAccess(models.Model):
    """One person's access to one patient outside the care team, for a reason, for a short time.

    It opens the patient's record and operations to what the person may do anyway. Each is reviewed.
    """

    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="emergency_accesses")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="emergency_accesses")
    reason = models.CharField(max_length=12, choices=EmergencyReason)
    explanation = EncryptedTextField(max_length=500)
    against_block = models.BooleanField(default=False, help_text="The patient had asked that this person stay away.")
    began = models.DateTimeField(default=timezone.now)
    ends = models.DateTimeField()
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=14, choices=ReviewOutcome, blank=True, default="")
    note = EncryptedTextField(max_length=1000, blank=True)

    class Meta:
        ordering = ("began", "pk")
        indexes = (
            models.Index(fields=("actor", "patient", "ends"), name="emergency_access_now"),
            models.Index(fields=("began",), name="emergency_access_open", condition=Q(outcome="")),
        )
        constraints = (
            models.CheckConstraint(condition=Q(ends__gte=models.F("began")), name="emergency_access_ends_after_began"),
            models.CheckConstraint(
                condition=Q(outcome="", reviewed_by=None) | (~Q(outcome="") & Q(reviewed_by__isnull=False)),
                name="emergency_access_outcome_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(reviewed_by=None) | ~Q(reviewed_by=models.F("actor")),
                name="emergency_access_not_own_review",
            ),
        )

    def __str__(self) -> str:
        """Return the numbers only: names stay out of logs and audit rows."""
        return f"Emergency access {self.pk} to patient {self.patient_id}"


class PatientBlock(models.Model):
    """A patient's own wish that one colleague never sees their record."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="blocks")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    requested_on = models.DateField(default=timezone.localdate)
    note = EncryptedCharField(max_length=300, blank=True)

    class Meta:
        ordering = ("requested_on",)
        constraints = (
            models.UniqueConstraint(
                fields=("user", "patient"),
                name="patient_block_unique",
                violation_error_message="This colleague is kept away already.",
            ),
        )

    def __str__(self) -> str:
        """Return the numbers only: names stay out of logs and audit rows."""
        return f"User {self.user_id} kept from patient {self.patient_id}"


class RestrictionVerb(models.TextChoices):
    """What was done about who may see a record."""

    CONFIDENTIAL = "confidential", "Marked confidential"
    NOT_CONFIDENTIAL = "not_confidential", "No longer confidential"
    BLOCKED = "blocked", "Colleague kept away"
    LIFTED = "lifted", "Colleague no longer kept away"


class Restriction(models.Model):
    """One step in the history of who may see a record; never changed. What counts now stands elsewhere."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="restrictions")
    verb = models.CharField(max_length=16, choices=RestrictionVerb)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    reason = EncryptedCharField(max_length=300)

    class Meta:
        ordering = ("-at", "-pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(verb__in=("blocked", "lifted"), user__isnull=False)
                | Q(verb__in=("confidential", "not_confidential"), user=None),
                name="restriction_names_a_colleague_or_not",
            ),
        )

    def __str__(self) -> str:
        """Return our own number only: names stay out of logs and audit rows."""
        return f"Restriction {self.pk} of patient {self.patient_id}"

"""Who may see a record beyond what roles say: the care team, emergencies, and a patient's own wishes."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from guardian.models import UserObjectPermissionBase

from accounts.encryption.fields import EncryptedCharField, EncryptedTextField
from patients.models.identity import Patient


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

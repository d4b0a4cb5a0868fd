"""What was asked for in a patient's name, and what was decided; how long what is kept."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.encryption.fields import EncryptedCharField, EncryptedTextField
from patients.models import Patient


class Purpose(models.TextChoices):
    """Why a whole record leaves the system."""

    PATIENT = "patient", "The patient asked for a copy"
    REPRESENTATIVE = "representative", "Somebody who acts for the patient asked"
    PROVIDER = "provider", "Another provider goes on treating"
    AUTHORITY = "authority", "A court or authority ordered it"


class ExportForm(models.TextChoices):
    """In what form a record was given."""

    JSON = "json", "JSON, for other programs"
    PDF = "pdf", "PDF, to read"


class RecordExport(models.Model):
    """One time that everything held of a patient was given out."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="record_exports")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    purpose = models.CharField(max_length=14, choices=Purpose)
    recipient = EncryptedCharField(max_length=200)
    form = models.CharField(max_length=4, choices=ExportForm)

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        """Return the numbers only: names stay out of logs and audit rows."""
        return f"Export {self.pk} of patient {self.patient_id}"


class InForceQuerySet(models.QuerySet["ProcessingRestriction | LegalHold"]):
    """``ProcessingRestriction.objects.in_force()``."""

    def in_force(self) -> Self:
        """Return those that count today: neither lifted nor past their last day."""
        return self.filter(Q(until=None) | Q(until__gte=timezone.localdate()), lifted_at=None)


class RestrictionGround(models.TextChoices):
    """GDPR, Article 18(1): why a record is only stored for a while."""

    ACCURACY = "accuracy", "The patient contests what it says"
    UNLAWFUL = "unlawful", "Processing was unlawful; the patient wants no erasure"
    CLAIMS = "claims", "The patient needs it for a legal claim"
    OBJECTION = "objection", "The patient objected; it is being decided"


class Lasting(models.Model):
    """Something that one person puts on a record, until a day or until somebody lifts it."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="%(class)ss")
    reason = EncryptedCharField(max_length=300)
    placed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    placed_at = models.DateTimeField(default=timezone.now)
    until = models.DateField(null=True, blank=True, help_text="The last day. Empty: until it is lifted.")
    lifted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    lifted_at = models.DateTimeField(null=True)

    objects = InForceQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ("-placed_at", "-pk")
        constraints = (
            models.UniqueConstraint(fields=("patient",), condition=Q(lifted_at=None), name="%(class)s_one_at_a_time"),
            models.CheckConstraint(
                condition=Q(lifted_by=None, lifted_at=None) | Q(lifted_by__isnull=False, lifted_at__isnull=False),
                name="%(class)s_lifted_by_somebody",
            ),
        )

    def __str__(self) -> str:
        """Return the numbers only: names stay out of logs and audit rows."""
        return f"{self._meta.verbose_name} {self.pk} of patient {self.patient_id}"

    @property
    def is_in_force(self) -> bool:
        """Say whether it counts today."""
        return self.lifted_at is None and (self.until is None or self.until >= timezone.localdate())


class ProcessingRestriction(Lasting):
    """GDPR, Article 18: the record is stored, shown with a mark, and used for treatment and legal claims only."""

    ground = models.CharField(max_length=10, choices=RestrictionGround)


class LegalHold(Lasting):
    """Nothing of the record may go, whatever the retention schedule says: a claim or an inquiry is under way."""


class AmendmentDecision(models.TextChoices):
    """What became of a wish that the record be corrected."""

    OPEN = "", "Not decided yet"
    ACCEPTED = "accepted", "Accepted"
    DENIED = "denied", "Denied"


class AskedBy(models.TextChoices):
    """Who spoke."""

    PATIENT = "patient", "The patient"
    REPRESENTATIVE = "representative", "Somebody who acts for the patient"


class Amendment(models.Model):
    """A wish that the record be corrected (GDPR, Article 16; 45 CFR 164.526), and what was decided.

    A denial may be answered by ``statement``, which stays with the record. What was corrected stands in the
    trail of changes.
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="amendments")
    wish = EncryptedTextField(max_length=2000)
    asked_by = models.CharField(max_length=14, choices=AskedBy, default=AskedBy.PATIENT)
    asked_on = models.DateField(default=timezone.localdate)
    received_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    received_at = models.DateTimeField(default=timezone.now)
    decision = models.CharField(max_length=8, choices=AmendmentDecision, blank=True, default="")
    reason = EncryptedTextField(max_length=1000, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    statement = EncryptedTextField(max_length=2000, blank=True)

    class Meta:
        ordering = ("-received_at", "-pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(decision="", decided_by=None, decided_at=None)
                | (~Q(decision="") & Q(decided_by__isnull=False, decided_at__isnull=False)),
                name="amendment_decided_by_somebody",
            ),
        )

    def __str__(self) -> str:
        """Return the numbers only: names stay out of logs and audit rows."""
        return f"Amendment {self.pk} of patient {self.patient_id}"


class ErasureGround(models.TextChoices):
    """Why a record goes."""

    REQUEST = "request", "The patient asked"
    RETENTION = "retention", "Its time is over"
    RESTORED = "restored", "A restored backup held it again"


class ErasureState(models.TextChoices):
    """Where an erasure stands."""

    REFUSED = "refused", "Refused"
    ORDERED = "ordered", "Ordered"
    DONE = "done", "Done"


class Erasure(models.Model):
    """One wish or duty to erase a record, and what became of it. ``refusal`` names the rule and until when."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="erasures")
    ground = models.CharField(max_length=10, choices=ErasureGround)
    state = models.CharField(max_length=8, choices=ErasureState)
    refusal = models.CharField(max_length=600, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("patient",), condition=Q(state__in=("ordered", "done")), name="erasure_once"
            ),
            models.CheckConstraint(
                condition=Q(state="done", done_at__isnull=False) | (~Q(state="done") & Q(done_at=None)),
                name="erasure_done_at_a_time",
            ),
        )

    def __str__(self) -> str:
        """Return the numbers only."""
        return f"Erasure {self.pk} of patient {self.patient_id}"


class RetentionRule(models.Model):
    """How long this hospital keeps one kind of data, where it differs from what is shipped (``retention.KINDS``)."""

    kind = models.CharField(max_length=30, unique=True)
    years = models.PositiveSmallIntegerField()
    source = models.CharField(max_length=200, help_text="The law or rule that says so.")

    class Meta:
        ordering = ("kind",)
        constraints = (models.CheckConstraint(condition=Q(years__range=(1, 100)), name="retention_rule_years"),)

    def __str__(self) -> str:
        """Return kind and years."""
        return f"{self.kind}: {self.years} years"


class DisclosureBasis(models.TextChoices):
    """Why data may leave the hospital outside treatment, payment and running it (45 CFR 164.508, 164.512, 164.524)."""

    PATIENT = "patient", "Asked for by the patient"
    AUTHORISED = "authorised", "Authorised by the patient"
    LAW = "law", "Required by law"
    COURT = "court", "Court or authority"
    PUBLIC_HEALTH = "public_health", "Public health"
    OVERSIGHT = "oversight", "Oversight of health care"
    POLICE = "police", "Police"
    RESEARCH = "research", "Research"
    OTHER = "other", "Something else"


NOT_ACCOUNTED = (DisclosureBasis.PATIENT, DisclosureBasis.AUTHORISED)
"""Kept, and left out of the accounting: 45 CFR 164.528(a)(1)(ii) and (iv)."""


class Disclosure(models.Model):
    """One time that data of a patient left the hospital: when, to whom, what, and for which purpose (164.528(b))."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="disclosures")
    at = models.DateTimeField(default=timezone.now)
    recipient = EncryptedCharField(max_length=300)
    content = EncryptedTextField(max_length=500)
    purpose = EncryptedTextField(max_length=500)
    basis = models.CharField(max_length=14, choices=DisclosureBasis)
    withheld_until = models.DateField(null=True, blank=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        """Return the numbers only: names stay out of logs and audit rows."""
        return f"Disclosure {self.pk} of patient {self.patient_id}"

"""Anything that can serve only one operation at a time."""

from django.conf import settings
from django.db import models

from resources.models.reference import Credential, EquipmentType, Feature, Grade, Site, Specialty


class ResourceKind(models.TextChoices):
    """Which of the four tables a resource's own facts are in."""

    THEATRE = "theatre", "Theatre"
    STAFF = "staff", "Staff"
    EQUIPMENT = "equipment", "Equipment"
    BED = "bed", "Bed"


class Resource(models.Model):
    """The parent of all four kinds: what a reservation points to and what a booking locks."""

    kind = models.CharField(max_length=10, choices=ResourceKind, editable=False)
    name = models.CharField(max_length=120, help_text="As staff say it: Theatre 4, Mr A. Khan, C-arm 2.")
    in_use = models.BooleanField(
        default=True,
        help_text="Untick when it is retired or has left: past operations keep it, new ones can't.",
    )

    KIND: ResourceKind

    class Meta:
        ordering = ("name",)
        indexes = (models.Index(fields=("kind", "name"), name="resource_kind_name"),)

    def __str__(self) -> str:
        """Return the name."""
        return self.name

    def clean(self) -> None:
        """Fill in the kind before validation sees it missing."""
        super().clean()
        self._set_kind()

    def save(self, *args: object, **kwargs: object) -> None:
        """Save with the kind of the table that the row is written through."""
        self._set_kind()
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    def _set_kind(self) -> None:
        kind = getattr(self, "KIND", None)
        if kind is not None:
            self.kind = kind


class Theatre(Resource):
    """An operating theatre."""

    KIND = ResourceKind.THEATRE

    code = models.SlugField(max_length=20, unique=True, help_text="As files and other systems name it: T4.")
    site = models.ForeignKey(
        Site,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="theatres",
        help_text="Where it is. Without one only people whose role is not limited to sites see its list.",
    )
    position = models.PositiveSmallIntegerField(default=0, help_text="Order on the day board, from the top.")
    features = models.ManyToManyField(Feature, blank=True, related_name="theatres")
    turnover_minutes = models.PositiveSmallIntegerField(
        default=15, help_text="Standard minutes from one patient's wheels-out to the next one's wheels-in."
    )
    kept_for_emergencies = models.BooleanField(
        default=False, help_text="A planned operation outside its own block is flagged and never proposed here."
    )

    class Meta:
        ordering = ("position", "name")


class Profession(models.TextChoices):
    """What a member of staff is trained as."""

    SURGEON = "surgeon", "Surgeon"
    ANAESTHETIST = "anaesthetist", "Anaesthetist"
    ANAESTHETIC_NURSE = "anaesthetic_nurse", "Anaesthetic nurse or ODP"
    SCRUB_NURSE = "scrub_nurse", "Scrub nurse"
    CIRCULATING_NURSE = "circulating_nurse", "Circulating nurse"
    PERFUSIONIST = "perfusionist", "Perfusionist"
    RADIOGRAPHER = "radiographer", "Radiographer"


class StaffMember(Resource):
    """A person who works in theatres; ``name`` is how lists print them (Mr A. Khan)."""

    KIND = ResourceKind.STAFF

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="staff_member",
    )
    code = models.CharField(
        max_length=40, unique=True, null=True, blank=True, help_text="Staff number or registration number."
    )
    profession = models.CharField(max_length=20, choices=Profession)
    grade = models.ForeignKey(Grade, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    site = models.ForeignKey(
        Site,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Where the person mostly works. Without one only roles without a limit to sites change the entry.",
    )
    specialties = models.ManyToManyField(Specialty, blank=True, related_name="staff")
    credentials = models.ManyToManyField(Credential, through="StaffCredential", related_name="holders")
    daily_operations_limit = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Most operations a day for a lead surgeon; empty means no limit."
    )
    supervises_at_once = models.PositiveSmallIntegerField(
        default=2, help_text="Most operations that this person may supervise at one time."
    )
    rostered = models.BooleanField(
        default=False,
        help_text="Works by shifts: booking outside one is flagged. Unticked: no roster is kept.",
    )

    class Meta:
        ordering = ("name",)
        verbose_name_plural = "staff"


class StaffCredential(models.Model):
    """One credential of one person, with its first and last valid day."""

    staff_member = models.ForeignKey(StaffMember, on_delete=models.CASCADE, related_name="held_credentials")
    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, related_name="held_by")
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True, help_text="The last day on which it counts.")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("staff_member", "credential"), name="staff_credential_unique"),
            models.CheckConstraint(
                condition=models.Q(valid_until__gte=models.F("valid_from")),
                name="staff_credential_dates_in_order",
                violation_error_message="The last valid day is before the first.",
            ),
        )

    def __str__(self) -> str:
        """Return the credential's name."""
        return str(self.credential)


class EquipmentItem(Resource):
    """One countable piece of equipment."""

    KIND = ResourceKind.EQUIPMENT

    type = models.ForeignKey(EquipmentType, on_delete=models.PROTECT, related_name="items")
    serial_number = models.CharField(max_length=60, blank=True)
    site = models.ForeignKey(
        Site,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Where it belongs. Without one only roles without a limit to sites change it.",
    )


class BedKind(models.TextChoices):
    """What level of care a bed gives after the operation."""

    RECOVERY = "recovery", "Recovery"
    HDU = "hdu", "HDU"
    ICU = "icu", "ICU"


class Bed(Resource):
    """A recovery, high-dependency or intensive-care bed."""

    KIND = ResourceKind.BED

    bed_kind = models.CharField(max_length=10, choices=BedKind)
    area = models.CharField(max_length=60, blank=True, help_text="Where it stands: Recovery A, ICU 2.")
    site = models.ForeignKey(
        Site,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Where it belongs. Without one only roles without a limit to sites change it.",
    )

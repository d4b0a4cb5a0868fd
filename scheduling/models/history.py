"""What happened: to the plan (changes) and in theatre (events)."""

from django.db import models

from accounts.encryption.fields import EncryptedJSONField, EncryptedTextField
from accounts.models import User
from scheduling.models.catalogue import CancellationReason
from scheduling.models.operation import Operation


class ChangeVerb(models.TextChoices):
    """The command that made a change."""

    REQUESTED = "requested", "Requested"
    ACCEPTED = "accepted", "Accepted on the waiting list"
    BOOKED = "booked", "Booked"
    MOVED = "moved", "Moved"
    SWAPPED = "swapped", "Swapped"
    PUSHED = "pushed", "Pushed back"
    POSTPONED = "postponed", "Postponed"
    CANCELLED = "cancelled", "Cancelled"
    ASSIGNED = "assigned", "Team or equipment added"
    RELEASED = "released", "Team or equipment released"
    CONFIRMED = "confirmed", "Confirmed"
    RECORDED = "recorded", "Recorded in theatre"
    WAITED = "waited", "Changed on the waiting list"
    KIT = "kit", "Loan kit"
    UNDONE = "undone", "Undone"


class OperationChange(models.Model):
    """One command that succeeded: exactly one row for each version of an operation.

    ``before`` and ``after`` are snapshots of the plan (see :mod:`scheduling.services.writing.snapshot`)
    and let undo restore what was. ``overrides`` lists the soft conflicts that the actor accepted.
    """

    operation = models.ForeignKey(Operation, on_delete=models.PROTECT, related_name="changes")
    version = models.PositiveIntegerField()
    verb = models.CharField(max_length=10, choices=ChangeVerb)
    actor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    reason = models.ForeignKey(CancellationReason, on_delete=models.PROTECT, null=True, related_name="+")
    note = EncryptedTextField(blank=True)
    overrides = EncryptedJSONField(default=list)
    undoes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="undone_by")
    batch = models.UUIDField(null=True, db_index=True, help_text="Changes of one command share this.")

    class Meta:
        ordering = ("operation", "version")
        constraints = (models.UniqueConstraint(fields=("operation", "version"), name="change_version_unique"),)
        indexes = (models.Index(fields=("at",), name="change_at"),)

    def __str__(self) -> str:
        """Return verb and case number."""
        return f"{self.verb} {self.operation_id} v{self.version}"


class EventKind(models.TextChoices):
    """Milestones of the day in the order of :mod:`scheduling.milestones`, after the procedural-times glossary."""

    SENT_FOR = "sent_for", "Sent for"
    ARRIVED = "arrived", "Arrived"
    SIGN_IN = "sign_in", "Sign-in"
    IN_THEATRE = "in_theatre", "Wheels in"
    ANAESTHESIA = "anaesthesia", "Anaesthesia started"
    TIME_OUT = "time_out", "Time-out"
    KNIFE_TO_SKIN = "knife_to_skin", "Knife to skin"
    CLOSING = "closing", "Closing"
    SIGN_OUT = "sign_out", "Sign-out"
    OUT = "out", "Wheels out"
    RECOVERY = "recovery", "In recovery"
    READY = "ready", "Ready for discharge"
    DISCHARGED = "discharged", "Discharged from recovery"
    CLEANED = "cleaned", "Theatre cleaned"


class OperationEvent(models.Model):
    """One thing that really happened, and when; reality lives beside the plan, whatever that says.

    A correction is an event of its own, which supersedes the one it corrects. An event that was recorded by mistake
    is taken back. Both keep what was recorded, by whom, and why it did not stay.
    """

    operation = models.ForeignKey(Operation, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=14, choices=EventKind)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    current = models.BooleanField(default=True, help_text="Neither corrected nor taken back.")
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )
    reason = EncryptedTextField(
        blank=True, help_text="Why it was corrected or taken back, or why nobody could wait for the safety checklist."
    )
    taken_back_at = models.DateTimeField(null=True, blank=True)
    taken_back_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("at", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("operation", "kind"),
                condition=models.Q(current=True),
                name="event_one_current_per_kind",
            ),
            models.CheckConstraint(
                condition=models.Q(taken_back_at__isnull=True, taken_back_by__isnull=True)
                | models.Q(taken_back_at__isnull=False, taken_back_by__isnull=False, current=False),
                name="event_taken_back_is_not_current",
            ),
        )

    def __str__(self) -> str:
        """Return kind and case number."""
        return f"{self.kind} {self.operation_id}"

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

    def __str__(self) -> str:
        """Return verb and case number."""
        return f"{self.verb} {self.operation_id} v{self.version}"


class EventKind(models.TextChoices):
    """Time stamps of the day, after the procedural-times glossary."""

    ARRIVED = "arrived", "Arrived"
    IN_THEATRE = "in_theatre", "Wheels in"
    ANAESTHESIA = "anaesthesia", "Anaesthesia started"
    KNIFE_TO_SKIN = "knife_to_skin", "Knife to skin"
    CLOSING = "closing", "Closing"
    OUT = "out", "Wheels out"
    RECOVERY = "recovery", "In recovery"
    DISCHARGED = "discharged", "Discharged from recovery"


class OperationEvent(models.Model):
    """One thing that really happened, and when; reality lives beside the plan and is never refused."""

    operation = models.ForeignKey(Operation, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=14, choices=EventKind)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    current = models.BooleanField(default=True, help_text="Not corrected by a later recording.")
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )

    class Meta:
        ordering = ("at", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("operation", "kind"),
                condition=models.Q(current=True),
                name="event_one_current_per_kind",
            ),
        )

    def __str__(self) -> str:
        """Return kind and case number."""
        return f"{self.kind} {self.operation_id}"

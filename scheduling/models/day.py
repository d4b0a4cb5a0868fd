"""What a team answers and notes on the day of surgery: the safety checklist, and delays."""

from django.db import models

from accounts.encryption.fields import EncryptedTextField
from accounts.models import User
from scheduling.models.history import EventKind, OperationEvent
from scheduling.models.operation import Operation


class ChecklistPart(models.TextChoices):
    """The three moments at which a team stops and checks; each is a milestone of the same name."""

    SIGN_IN = EventKind.SIGN_IN.value, "Sign-in: before anaesthesia"
    TIME_OUT = EventKind.TIME_OUT.value, "Time-out: before knife to skin"
    SIGN_OUT = EventKind.SIGN_OUT.value, "Sign-out: before the patient leaves theatre"


class ChecklistItem(models.Model):
    """One question of the safety checklist, in the hospital's own words."""

    code = models.SlugField(max_length=40, unique=True)
    part = models.CharField(max_length=14, choices=ChecklistPart)
    position = models.PositiveSmallIntegerField(default=0)
    text = models.CharField(max_length=200)
    may_not_apply = models.BooleanField(default=False, help_text="“Does not apply” is an answer.")
    in_use = models.BooleanField(default=True)

    class Meta:
        ordering = ("part", "position", "id")

    def __str__(self) -> str:
        """Return the question."""
        return self.text


class Answer(models.TextChoices):
    """What may be answered; a question without an answer stops the checklist."""

    YES = "yes", "Yes"
    NOT_APPLICABLE = "not_applicable", "Does not apply"


class ChecklistAnswer(models.Model):
    """One answer of one time the checklist was gone through; keeps the words as they were read out."""

    event = models.ForeignKey(OperationEvent, on_delete=models.PROTECT, related_name="answers")
    item = models.ForeignKey(ChecklistItem, on_delete=models.PROTECT, related_name="+")
    text = models.CharField(max_length=200)
    answer = models.CharField(max_length=14, choices=Answer)

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("event", "item"), name="checklist_one_answer_per_item"),)

    def __str__(self) -> str:
        """Return question and answer."""
        return f"{self.text}: {self.get_answer_display()}"


class DelayReason(models.Model):
    """Why an operation was late; the list is the hospital's own."""

    code = models.SlugField(max_length=40, unique=True)
    group = models.CharField(max_length=40)
    label = models.CharField(max_length=100)
    in_use = models.BooleanField(default=True)

    class Meta:
        ordering = ("group", "label")

    def __str__(self) -> str:
        """Return group and label."""
        return f"{self.group}: {self.label}"


class OperationDelay(models.Model):
    """A delay of one operation: why, and how many minutes the team puts down to it."""

    operation = models.ForeignKey(Operation, on_delete=models.PROTECT, related_name="delays")
    reason = models.ForeignKey(DelayReason, on_delete=models.PROTECT, related_name="+")
    minutes = models.PositiveSmallIntegerField()
    note = EncryptedTextField(blank=True)
    recorded_at = models.DateTimeField(auto_now_add=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    taken_back_at = models.DateTimeField(null=True, blank=True)
    taken_back_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("recorded_at", "id")
        constraints = (
            models.CheckConstraint(condition=models.Q(minutes__range=(1, 1440)), name="delay_minutes"),
            models.CheckConstraint(
                condition=models.Q(taken_back_at__isnull=True, taken_back_by__isnull=True)
                | models.Q(taken_back_at__isnull=False, taken_back_by__isnull=False),
                name="delay_taken_back_by_somebody",
            ),
        )

    def __str__(self) -> str:
        """Return the reason and the minutes."""
        return f"{self.reason}, {self.minutes} min"

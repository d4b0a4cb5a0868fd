"""Kit that comes from outside for one operation: instruments and implants on loan."""

from datetime import date, timedelta

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.encryption.fields import EncryptedTextField
from accounts.models import User
from scheduling.models.operation import Operation

DEFAULT_DAYS_BEFORE = 2
"""Kit on loan has to be here so many days before the operation: to be checked, washed and sterilised."""
MOST_DAYS_BEFORE = 60
MOST_ITEMS = 99


class KitState(models.TextChoices):
    """How far it is."""

    TO_ORDER = "to_order", "To be ordered"
    ORDERED = "ordered", "Ordered"
    ARRIVED = "arrived", "Arrived"
    NOT_COMING = "not_coming", "Not coming"
    RETURNED = "returned", "Returned"
    NOT_NEEDED = "not_needed", "No longer needed"


KIT_TO_COME = (KitState.TO_ORDER, KitState.ORDERED, KitState.NOT_COMING)
"""Somebody still has to see to it."""
KIT_AWAITED = (KitState.TO_ORDER, KitState.ORDERED)
"""It may still come."""
KIT_THERE_OR_NOT_NEEDED = (KitState.ARRIVED, KitState.NOT_NEEDED)
"""With anything else an operation can't be confirmed."""


class LoanKit(models.Model):
    """So many pieces of something that a supplier lends for one operation.

    It holds nothing and does not stop a booking. ``days_before`` is kept rather than a date, so that the day on which
    it is needed follows the operation. ``expected_on`` is what the supplier promised. ``version`` counts the writes;
    who changed what and when stands in the operation's history.
    """

    operation = models.ForeignKey(Operation, on_delete=models.PROTECT, related_name="loan_kit")
    what = models.CharField(max_length=120)
    supplier = models.CharField(max_length=80, blank=True)
    quantity = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(MOST_ITEMS)]
    )
    days_before = models.PositiveSmallIntegerField(
        default=DEFAULT_DAYS_BEFORE,
        validators=[MaxValueValidator(MOST_DAYS_BEFORE)],
        help_text="Needed so many days before the operation.",
    )
    state = models.CharField(max_length=10, choices=KitState, default=KitState.TO_ORDER)
    expected_on = models.DateField(null=True, blank=True, help_text="The day on which the supplier brings it.")
    reference = models.CharField(max_length=60, blank=True, help_text="The supplier's order number.")
    note = EncryptedTextField(blank=True)
    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField(auto_now=True)
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("id",)
        verbose_name = "loan kit"
        verbose_name_plural = "loan kit"
        indexes = (models.Index(fields=("state",), name="loan_kit_state"),)
        constraints = (
            models.CheckConstraint(condition=Q(quantity__range=(1, MOST_ITEMS)), name="loan_kit_quantity"),
            models.CheckConstraint(condition=Q(days_before__lte=MOST_DAYS_BEFORE), name="loan_kit_days_before"),
        )

    def __str__(self) -> str:
        """Return quantity and kit."""
        return kit_name(self.quantity, self.what)

    @property
    def needed_by(self) -> date | None:
        """The last day on which it comes in time; ``None`` while the operation has no date."""
        start = self.operation.starts_at
        return timezone.localtime(start).date() - timedelta(days=self.days_before) if start else None


def kit_name(quantity: int, what: str) -> str:
    """Return quantity and kit as every page writes them."""
    return what if quantity == 1 else f"{quantity} x {what}"

"""What an operation holds, and the constraint that keeps two of them from holding the same."""

from typing import TYPE_CHECKING

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.db.models import Deferrable, Q

from resources.models import Resource

if TYPE_CHECKING:
    from scheduling.models.operation import Operation  # noqa: F401

NO_OVERLAP = "reservation_no_overlap"


class ReservationRole(models.TextChoices):
    """As what a resource serves an operation."""

    THEATRE = "theatre", "Theatre"
    LEAD_SURGEON = "lead_surgeon", "Lead surgeon"
    ASSISTANT = "assistant", "Assistant surgeon"
    ANAESTHETIST = "anaesthetist", "Anaesthetist"
    SUPERVISING_ANAESTHETIST = "supervising_anaesthetist", "Supervising anaesthetist"
    ANAESTHETIC_NURSE = "anaesthetic_nurse", "Anaesthetic nurse or ODP"
    SCRUB_NURSE = "scrub_nurse", "Scrub nurse"
    CIRCULATING_NURSE = "circulating_nurse", "Circulating nurse"
    PERFUSIONIST = "perfusionist", "Perfusionist"
    RADIOGRAPHER = "radiographer", "Radiographer"
    EQUIPMENT = "equipment", "Equipment"
    BED = "bed", "Bed"


class Reservation(models.Model):
    """One resource held by one operation for one stretch of time, in one role.

    ``period`` is half-open and differs by role: see :mod:`scheduling.plan`. A reservation that is
    no longer ``active`` was released and holds nothing. ``exclusive`` is false for true shared
    roles (a supervising anaesthetist), which a capacity rule limits instead.
    """

    operation = models.ForeignKey("scheduling.Operation", on_delete=models.PROTECT, related_name="reservations")
    resource = models.ForeignKey(Resource, on_delete=models.PROTECT, related_name="reservations")
    role = models.CharField(max_length=24, choices=ReservationRole)
    period = DateTimeRangeField()
    active = models.BooleanField(default=True)
    exclusive = models.BooleanField(default=True)

    class Meta:
        # The exclusion constraint's index finds exclusive reservations by time; this one finds the others.
        indexes = (
            GistIndex(
                fields=("resource", "period"),
                name="reservation_shared_period",
                condition=Q(active=True, exclusive=False),
            ),
        )
        constraints = (
            ExclusionConstraint(
                name=NO_OVERLAP,
                expressions=[("resource", RangeOperators.EQUAL), ("period", RangeOperators.OVERLAPS)],
                condition=Q(active=True, exclusive=True),
                deferrable=Deferrable.IMMEDIATE,
            ),
            models.UniqueConstraint(fields=("operation", "resource", "role"), name="reservation_unique"),
            models.CheckConstraint(condition=Q(period__isempty=False), name="reservation_not_empty"),
            models.CheckConstraint(
                condition=Q(period__lower_inf=False, period__upper_inf=False), name="reservation_bounded"
            ),
            models.CheckConstraint(
                condition=Q(period__lower_inc=True, period__upper_inc=False), name="reservation_half_open"
            ),
        )

    def __str__(self) -> str:
        """Return role and resource by number: no name, because this ends up in logs."""
        return f"{self.role} {self.resource_id} for operation {self.operation_id}"

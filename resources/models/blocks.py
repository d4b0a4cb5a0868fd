"""Who owns which theatre when."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, IntegerField, Q
from django.db.models.functions import Extract

from resources.models.availability import Weekday
from resources.models.reference import Specialty
from resources.models.resource import StaffMember, Theatre


class _MinuteRange(Func):
    """Minutes of the day as ``int4range``, so that PostgreSQL can compare times of day."""

    function = "int4range"


class _DateRange(Func):
    function = "daterange"
    output_field = DateRangeField()


def _minute_of_day(field: str) -> Func:
    return Func(
        Extract(field, "hour") * 60 + Extract(field, "minute"),
        function="",
        template="(%(expressions)s)::integer",
        output_field=IntegerField(),
    )


class Block(models.Model):
    """A weekly stretch of a theatre that belongs to a specialty, or to one of its surgeons.

    Times are local. The block repeats every week from ``valid_from`` through ``valid_until``.
    """

    theatre = models.ForeignKey(Theatre, on_delete=models.CASCADE, related_name="blocks")
    weekday = models.PositiveSmallIntegerField(choices=Weekday)
    starts = models.TimeField()
    ends = models.TimeField()
    specialty = models.ForeignKey(Specialty, on_delete=models.PROTECT, related_name="blocks")
    surgeon = models.ForeignKey(
        StaffMember,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="blocks",
        limit_choices_to={"profession": "surgeon"},
        help_text="Empty: any surgeon of the specialty.",
    )
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True, help_text="The last day on which it counts.")

    class Meta:
        ordering = ("theatre", "weekday", "starts")
        constraints = (
            models.CheckConstraint(
                condition=Q(ends__gt=F("starts")),
                name="block_times_in_order",
                violation_error_message="The end has to be after the start.",
            ),
            models.CheckConstraint(
                condition=Q(valid_until__gte=F("valid_from")),
                name="block_dates_in_order",
                violation_error_message="The last valid day is before the first.",
            ),
            ExclusionConstraint(
                name="block_no_overlap",
                expressions=[
                    ("theatre", RangeOperators.EQUAL),
                    ("weekday", RangeOperators.EQUAL),
                    (
                        _MinuteRange(_minute_of_day("starts"), _minute_of_day("ends")),
                        RangeOperators.OVERLAPS,
                    ),
                    (
                        _DateRange("valid_from", "valid_until", RangeBoundary(inclusive_upper=True)),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                violation_error_message="Another block has this theatre at this time.",
            ),
        )

    def __str__(self) -> str:
        """Return owner and time."""
        return f"{self.owner}, {self.get_weekday_display()} {self.starts:%H:%M}-{self.ends:%H:%M}"

    @property
    def owner(self) -> str:
        """Return whose block it is, in words."""
        return f"{self.specialty} · {self.surgeon}" if self.surgeon else str(self.specialty)

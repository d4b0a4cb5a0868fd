"""When a resource may be held: opening hours, shifts, and what takes it out of use."""

from datetime import timedelta

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.contrib.postgres.indexes import GistIndex
from django.core.exceptions import ValidationError
from django.db import models
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import F, Q
from django.utils import timezone

from resources.models.reference import Site
from resources.models.resource import Resource, StaffMember, Theatre


class Weekday(models.IntegerChoices):
    """Days of the week as ISO 8601 numbers them."""

    MONDAY = 1, "Monday"
    TUESDAY = 2, "Tuesday"
    WEDNESDAY = 3, "Wednesday"
    THURSDAY = 4, "Thursday"
    FRIDAY = 5, "Friday"
    SATURDAY = 6, "Saturday"
    SUNDAY = 7, "Sunday"


class OpeningHours(models.Model):
    """When a theatre is staffed on a weekday, in local time.

    ``closes`` at 00:00 means midnight at the end of the day, so 00:00-00:00 is open all day.
    A weekday without a row is closed.
    """

    theatre = models.ForeignKey(Theatre, on_delete=models.CASCADE, related_name="opening_hours")
    weekday = models.PositiveSmallIntegerField(choices=Weekday)
    opens = models.TimeField()
    closes = models.TimeField(help_text="00:00 is midnight at the end of the day.")

    class Meta:
        ordering = ("weekday", "opens")
        verbose_name_plural = "opening hours"
        constraints = (
            models.UniqueConstraint(fields=("theatre", "weekday", "opens"), name="opening_hours_unique"),
            models.CheckConstraint(
                condition=Q(closes__gt=F("opens")) | Q(closes="00:00"),
                name="opening_hours_in_order",
                violation_error_message="A theatre closes after it opens. Use 00:00 for midnight.",
            ),
            models.CheckConstraint(condition=Q(weekday__range=(1, 7)), name="opening_hours_weekday"),
        )

    def __str__(self) -> str:
        """Return the day and hours."""
        return f"{self.get_weekday_display()} {self.opens:%H:%M}-{self.closes:%H:%M}"


class OpeningException(models.Model):
    """Other hours of a theatre on one day; without hours it is not staffed at all that day.

    It counts instead of the weekday's hours and of a holiday. Several rows are several stretches.
    """

    theatre = models.ForeignKey(Theatre, on_delete=models.CASCADE, related_name="opening_exceptions")
    day = models.DateField()
    opens = models.TimeField(null=True, blank=True, help_text="Both empty: not open that day.")
    closes = models.TimeField(null=True, blank=True, help_text="00:00 is midnight at the end of the day.")
    reason = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering = ("day", "opens")
        constraints = (
            models.UniqueConstraint(
                fields=("theatre", "day", "opens"), nulls_distinct=False, name="opening_exception_unique"
            ),
            models.CheckConstraint(
                condition=Q(opens__isnull=True, closes__isnull=True)
                | Q(opens__isnull=False, closes__isnull=False) & (Q(closes__gt=F("opens")) | Q(closes="00:00")),
                name="opening_exception_in_order",
                violation_error_message="Give both hours, the second after the first, or neither. 00:00 is midnight.",
            ),
        )

    def __str__(self) -> str:
        """Return the day and hours."""
        hours = f"{self.opens:%H:%M}-{self.closes:%H:%M}" if self.opens and self.closes else "not open"
        return f"{self.day:%a %d %b %Y} {hours}"


class Holiday(models.Model):
    """A day on which theatres are not staffed, but those kept for emergencies and those with hours for that day."""

    day = models.DateField()
    name = models.CharField(max_length=100)
    site = models.ForeignKey(
        Site, on_delete=models.CASCADE, null=True, blank=True, related_name="holidays", help_text="Empty: all sites."
    )

    class Meta:
        ordering = ("day", "name")
        constraints = (
            models.UniqueConstraint(
                fields=("day", "site"),
                nulls_distinct=False,
                name="holiday_unique",
                violation_error_message="There is a holiday on this day already.",
            ),
        )

    def __str__(self) -> str:
        """Return the name and day."""
        return f"{self.name}, {self.day:%a %d %b %Y}"


class UnavailabilityKind(models.TextChoices):
    """Why a resource can't be used."""

    CLOSURE = "closure", "Closed"
    MAINTENANCE = "maintenance", "Out of service"
    LEAVE = "leave", "Leave"
    SICKNESS = "sickness", "Sickness"


class Unavailability(models.Model):
    """A stretch of time in which a resource can't be used at all: closure, leave, maintenance."""

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="unavailabilities")
    kind = models.CharField(max_length=12, choices=UnavailabilityKind)
    period = DateTimeRangeField()
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name_plural = "closures, leave and maintenance"
        indexes = (GistIndex(fields=("resource", "period"), name="unavailability_period"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(period__isempty=False),
                name="unavailability_not_empty",
                violation_error_message="The end has to be after the start.",
            ),
        )

    def __str__(self) -> str:
        """Return what kind it is."""
        return self.get_kind_display()


LONGEST_SHIFT = timedelta(hours=24)
"""By the clock on the wall: 23 or 25 hours where the clocks change."""


def is_too_long(period: DateTimeTZRange) -> bool:
    """Say whether a bounded period is longer than any shift."""
    start, end = (timezone.localtime(at).replace(tzinfo=None) for at in (period.lower, period.upper))
    return end - start > LONGEST_SHIFT


class Shift(models.Model):
    """A stretch of time in which a rostered person works.

    ``on_call``: for emergencies only. ``day`` and ``assignment`` say from what it was laid out,
    ``by_hand`` that somebody changed it since, so that laying out leaves it alone.
    """

    staff_member = models.ForeignKey(StaffMember, on_delete=models.CASCADE, related_name="shifts")
    period = DateTimeRangeField()
    kind = models.ForeignKey("ShiftKind", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    on_call = models.BooleanField(default=False, db_default=False, help_text="For emergencies only.")
    assignment = models.ForeignKey(
        "RosterAssignment", on_delete=models.SET_NULL, null=True, blank=True, related_name="shifts", editable=False
    )
    day = models.DateField(null=True, blank=True, editable=False)
    by_hand = models.BooleanField(default=True, db_default=True, editable=False)

    class Meta:
        constraints = (
            ExclusionConstraint(
                name="shift_no_overlap",
                expressions=[("staff_member", RangeOperators.EQUAL), ("period", RangeOperators.OVERLAPS)],
                violation_error_message="This overlaps another shift of the same person.",
            ),
            models.CheckConstraint(
                condition=Q(period__isempty=False),
                name="shift_not_empty",
                violation_error_message="The end has to be after the start.",
            ),
        )

    def clean(self) -> None:
        """Refuse what is longer than any shift."""
        super().clean()
        if self.period and self.period.lower and self.period.upper and is_too_long(self.period):
            raise ValidationError("A shift lasts at most 24 hours. Make several of it.")

    def __str__(self) -> str:
        """Return the start."""
        return f"Shift from {timezone.localtime(self.period.lower):%d %b %Y %H:%M}" if self.period else "Shift"

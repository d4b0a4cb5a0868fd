"""Who works when: kinds of shift, patterns of one to four weeks, and who follows them."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from resources.models.availability import Weekday
from resources.models.reference import CodedName, Hue, Specialty
from resources.models.resource import Profession, StaffMember
from resources.models.sessions import MOST_WEEKS, TheatreSession
from resources.ranges import DateRange


class ShiftKind(CodedName):
    """A shift as the roster names it: early, late, night, on call. Times are local.

    An end that is not after the start is on the next day. On call: at the hospital's disposal for
    emergencies only.
    """

    starts = models.TimeField()
    ends = models.TimeField(help_text="Not after the start: it ends on the next day.")
    on_call = models.BooleanField(default=False, help_text="For emergencies only.")
    hue = models.CharField(max_length=12, choices=Hue, default=Hue.SLATE)

    class Meta:
        ordering = ("starts", "name")


class RosterPattern(models.Model):
    """Shifts that repeat every one to four weeks."""

    name = models.CharField(max_length=100, unique=True)
    weeks = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_WEEKS)],
        help_text="After so many it repeats.",
    )

    class Meta:
        ordering = ("name",)
        constraints = (
            models.CheckConstraint(
                condition=Q(weeks__range=(1, MOST_WEEKS)),
                name="roster_pattern_weeks",
                violation_error_message="A pattern has one to four weeks.",
            ),
        )

    def __str__(self) -> str:
        """Return the name."""
        return self.name


class PatternShift(models.Model):
    """One shift of a pattern."""

    pattern = models.ForeignKey(RosterPattern, on_delete=models.CASCADE, related_name="shifts")
    week = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(MOST_WEEKS)])
    weekday = models.PositiveSmallIntegerField(choices=Weekday)
    kind = models.ForeignKey(ShiftKind, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("week", "weekday", "kind__starts")
        constraints = (
            models.UniqueConstraint(fields=("pattern", "week", "weekday", "kind"), name="pattern_shift_unique"),
            models.CheckConstraint(
                condition=Q(week__range=(1, MOST_WEEKS)) & Q(weekday__range=(1, 7)), name="pattern_shift_day"
            ),
        )

    def __str__(self) -> str:
        """Return the place in the pattern."""
        return f"Week {self.week}, {self.get_weekday_display()}, {self.kind}"


class RosterAssignment(models.Model):
    """Somebody works by a pattern. Its first week is the week of ``starts_on``; without ``ends_on`` it goes on.

    It is laid out into dated shifts only as far as somebody asks, so one without an end is no trap.
    """

    staff_member = models.ForeignKey(StaffMember, on_delete=models.CASCADE, related_name="roster_assignments")
    pattern = models.ForeignKey(RosterPattern, on_delete=models.PROTECT, related_name="assignments")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True, help_text="The last day. Empty: until further notice.")

    class Meta:
        ordering = ("staff_member", "starts_on")
        constraints = (
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="roster_assignment_dates_in_order",
                violation_error_message="The last day is before the first.",
            ),
            ExclusionConstraint(
                name="roster_assignment_no_overlap",
                expressions=[
                    ("staff_member", RangeOperators.EQUAL),
                    (DateRange("starts_on", "ends_on", RangeBoundary(inclusive_upper=True)), RangeOperators.OVERLAPS),
                ],
                violation_error_message="This person follows another pattern then. End that one first.",
            ),
        )

    def __str__(self) -> str:
        """Return who and what."""
        return f"{self.staff_member}: {self.pattern}"


class RosterException(models.Model):
    """A day of a pattern that somebody took out by hand: laying out leaves it empty."""

    assignment = models.ForeignKey(RosterAssignment, on_delete=models.CASCADE, related_name="exceptions")
    day = models.DateField()
    kind = models.ForeignKey(ShiftKind, on_delete=models.CASCADE, related_name="+")

    class Meta:
        ordering = ("day",)
        constraints = (models.UniqueConstraint(fields=("assignment", "day", "kind"), name="roster_exception_once"),)

    def __str__(self) -> str:
        """Return the day and the shift."""
        return f"{self.day:%a %d %b %Y}: no {self.kind}"


class TeamNeed(models.Model):
    """How many of a profession a session needs; rows without a specialty hold for specialties that have none."""

    specialty = models.ForeignKey(Specialty, on_delete=models.CASCADE, null=True, blank=True, related_name="team_needs")
    profession = models.CharField(max_length=20, choices=Profession)
    quantity = models.PositiveSmallIntegerField(default=1, validators=[MaxValueValidator(9)])

    class Meta:
        ordering = ("specialty", "profession")
        constraints = (
            models.UniqueConstraint(
                fields=("specialty", "profession"),
                nulls_distinct=False,
                name="team_need_unique",
                violation_error_message="There is a row for this profession already: change that one.",
            ),
        )

    def __str__(self) -> str:
        """Return how many of whom."""
        return f"{self.quantity} x {self.get_profession_display()}"


class SessionStaff(models.Model):
    """Somebody is on the team of a session."""

    session = models.ForeignKey(TheatreSession, on_delete=models.CASCADE, related_name="team")
    staff_member = models.ForeignKey(StaffMember, on_delete=models.CASCADE, related_name="session_teams")

    class Meta:
        ordering = ("session", "staff_member")
        verbose_name_plural = "session teams"
        constraints = (
            models.UniqueConstraint(
                fields=("session", "staff_member"),
                name="session_staff_once",
                violation_error_message="This person is on the team already.",
            ),
        )

    def __str__(self) -> str:
        """Return who."""
        return str(self.staff_member)

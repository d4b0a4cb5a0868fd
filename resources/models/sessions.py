"""Whose theatre time it is: templates that repeat, the dated sessions laid out from them, and what is given up."""

import hashlib
from datetime import time
from functools import reduce
from operator import or_
from typing import Self

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Deferrable, F, Q
from django.utils import timezone

from resources.models.availability import Weekday
from resources.models.reference import Specialty
from resources.models.resource import StaffMember, Theatre

MOST_WEEKS = 4
"""Weeks of the longest cycle of a block or of a roster."""


class SurgeonGroup(models.Model):
    """Surgeons who share theatre time as one owner: a firm, a partnership."""

    name = models.CharField(max_length=100, unique=True)
    members = models.ManyToManyField(
        StaffMember, related_name="surgeon_groups", limit_choices_to={"profession": "surgeon"}
    )

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        """Return the name."""
        return self.name


class OwnerKind(models.TextChoices):
    """Who may book into theatre time without a reason."""

    SPECIALTY = "specialty", "Specialty"
    SURGEON = "surgeon", "Surgeon"
    GROUP = "group", "Group of surgeons"
    OPEN = "open", "Open time"
    ON_HOLD = "on_hold", "On hold"
    EMERGENCY = "emergency", "Emergency reserve"
    CLOSED = "closed", "Closed"


OWNERS_FIELDS: dict[str, frozenset[str]] = {
    OwnerKind.SPECIALTY: frozenset({"specialty"}),
    OwnerKind.SURGEON: frozenset({"specialty", "surgeon"}),
    OwnerKind.GROUP: frozenset({"group"}),
}
"""Which of specialty, surgeon and group each kind of owner names; the other kinds name none."""


def _owner_is_whole() -> Q:
    return reduce(
        or_,
        (
            Q(
                owner_kind=kind,
                **{f"{field}__isnull": field not in named for field in ("specialty", "surgeon", "group")},
            )
            for kind in OwnerKind
            for named in [OWNERS_FIELDS.get(kind, frozenset())]
        ),
    )


class Owned(models.Model):
    """What belongs to somebody. A surgeon's time belongs to a specialty too: it has the next claim to it."""

    owner_kind = models.CharField(
        "kind of owner", max_length=10, choices=OwnerKind, default=OwnerKind.SPECIALTY, db_default=OwnerKind.SPECIALTY
    )
    specialty = models.ForeignKey(Specialty, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    surgeon = models.ForeignKey(
        StaffMember,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        limit_choices_to={"profession": "surgeon"},
    )
    group = models.ForeignKey(SurgeonGroup, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        abstract = True

    @property
    def owner(self) -> str:
        """Return whose it is, in words."""
        match self.owner_kind:
            case OwnerKind.SURGEON:
                return f"{self.specialty} · {self.surgeon}"
            case OwnerKind.SPECIALTY:
                return str(self.specialty)
            case OwnerKind.GROUP:
                return str(self.group)
        return OwnerKind(self.owner_kind).label

    @property
    def hue(self) -> str:
        """Return the colour of the specialty; a group's and nobody's is slate."""
        return self.specialty.hue if self.specialty else "slate"

    @property
    def owner_fields(self) -> dict[str, object]:
        """Return the four columns that say whose it is, to give them to another row."""
        return {
            "owner_kind": self.owner_kind,
            "specialty_id": self.specialty_id,
            "surgeon_id": self.surgeon_id,
            "group_id": self.group_id,
        }


class BlockTemplate(Owned):
    """Theatre time that repeats: a weekday, every week or one week of a cycle, from ``starts`` to ``ends`` local time.

    Week 1 of a cycle is the week of :data:`resources.cycle.CYCLE_MONDAY`. A template books nothing and stops nobody:
    what counts are the :class:`TheatreSession` rows laid out from it.
    """

    theatre = models.ForeignKey(Theatre, on_delete=models.CASCADE, related_name="block_templates")
    weekday = models.PositiveSmallIntegerField(choices=Weekday)
    cycle_weeks = models.PositiveSmallIntegerField(
        "repeats every",
        default=1,
        db_default=1,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_WEEKS)],
        help_text="Weeks: 1 is every week, 2 every other.",
    )
    week_of_cycle = models.PositiveSmallIntegerField(
        "week of the cycle", default=1, db_default=1, validators=[MinValueValidator(1), MaxValueValidator(MOST_WEEKS)]
    )
    starts = models.TimeField()
    ends = models.TimeField(help_text="00:00 is midnight at the end of the day.")
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True, help_text="The last day on which it counts.")

    class Meta:
        ordering = ("theatre", "weekday", "starts", "pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(ends__gt=F("starts")) | Q(ends="00:00"),
                name="block_template_times_in_order",
                violation_error_message="The end has to be after the start. Use 00:00 for midnight.",
            ),
            models.CheckConstraint(
                condition=Q(valid_until__gte=F("valid_from")),
                name="block_template_dates_in_order",
                violation_error_message="The last valid day is before the first.",
            ),
            models.CheckConstraint(
                condition=Q(cycle_weeks__range=(1, MOST_WEEKS)) & Q(week_of_cycle__range=(1, F("cycle_weeks"))),
                name="block_template_week_in_cycle",
                violation_error_message="The cycle does not have this week: choose an earlier one or a longer cycle.",
            ),
            models.CheckConstraint(condition=Q(weekday__range=(1, 7)), name="block_template_weekday"),
            models.CheckConstraint(
                condition=_owner_is_whole(),
                name="block_template_owner_whole",
                violation_error_message="Name what this kind of owner asks for, and nothing else: "
                "a specialty, a specialty and a surgeon, or a group.",
            ),
        )

    def __str__(self) -> str:
        """Return owner and time."""
        return f"{self.owner}, {self.get_weekday_display()} {self.starts:%H:%M}-{self.ends:%H:%M}"

    @property
    def mark(self) -> str:
        """Return what tells this state of the block from another, to notice that somebody changed it meanwhile."""
        values = [getattr(self, field.attname) for field in self._meta.concrete_fields]
        return hashlib.sha256(repr(values).encode()).hexdigest()

    def clean(self) -> None:
        """Refuse a block that shares a day and a minute with another of its theatre that has not ended."""
        super().clean()
        if None in (self.theatre_id, self.weekday, self.starts, self.ends) or not self.cycle_weeks:
            return  # a field says what is missing, or that no cycle has no weeks
        rows = BlockTemplate.objects.filter(theatre=self.theatre_id, weekday=self.weekday).exclude(pk=self.pk or 0)
        rows = rows.exclude(valid_until__lt=timezone.localdate())  # the past is never laid out again
        other = next((one for one in rows.select_related("specialty", "surgeon", "group") if self.meets(one)), None)
        if other is not None:
            raise ValidationError(f"This overlaps another block of the theatre: {other}. Change that one first.")

    def meets(self, other: "BlockTemplate") -> bool:
        """Say whether two blocks of one weekday share a day and a minute."""
        apart_in_dates = (self.valid_until and other.valid_from and self.valid_until < other.valid_from) or (
            other.valid_until and self.valid_from and other.valid_until < self.valid_from
        )
        return not apart_in_dates and self._shares_hours(other) and self._shares_weeks(other)

    def _shares_hours(self, other: "BlockTemplate") -> bool:
        return (self.ends == time.min or self.ends > other.starts) and (
            other.ends == time.min or other.ends > self.starts
        )

    def _shares_weeks(self, other: "BlockTemplate") -> bool:
        """After twelve weeks every pair of cycles of one to four weeks has met in all the ways it can."""
        return any(
            week % self.cycle_weeks + 1 == self.week_of_cycle and week % other.cycle_weeks + 1 == other.week_of_cycle
            for week in range(12)
        )


class TheatreSession(Owned):
    """A dated stretch of one theatre that belongs to somebody; the database forbids two owners at once.

    ``day`` is the local day it was laid out for. ``open_from``: until then the owner has it first,
    from then on everybody may book. ``by_hand``: it differs from its template on purpose, and laying
    out leaves it alone. ``kept``: it is not released by itself.
    """

    theatre = models.ForeignKey(Theatre, on_delete=models.CASCADE, related_name="sessions")
    day = models.DateField()
    period = DateTimeRangeField()
    open_from = models.DateTimeField(null=True, blank=True)
    template = models.ForeignKey(
        BlockTemplate, on_delete=models.SET_NULL, null=True, blank=True, related_name="sessions"
    )
    by_hand = models.BooleanField(default=False, db_default=False)
    kept = models.BooleanField(default=False, db_default=False)
    note = models.CharField(max_length=200, blank=True, db_default="")
    version = models.PositiveIntegerField(default=1, db_default=1)

    class Meta:
        ordering = ("period", "theatre")
        indexes = (models.Index(fields=("day", "theatre"), name="theatre_session_day"),)
        constraints = (
            ExclusionConstraint(
                name="theatre_session_no_overlap",
                expressions=[("theatre", RangeOperators.EQUAL), ("period", RangeOperators.OVERLAPS)],
                deferrable=Deferrable.IMMEDIATE,
                violation_error_message="Another session has this theatre at this time.",
            ),
            models.CheckConstraint(
                condition=Q(period__isempty=False)
                & Q(period__startswith__isnull=False)
                & Q(period__endswith__isnull=False),
                name="theatre_session_not_empty",
                violation_error_message="The end has to be after the start.",
            ),
            models.CheckConstraint(
                condition=_owner_is_whole(),
                name="theatre_session_owner_whole",
                violation_error_message="Name what this kind of owner asks for, and nothing else: "
                "a specialty, a specialty and a surgeon, or a group.",
            ),
        )

    def __str__(self) -> str:
        """Return owner and time."""
        start, end = timezone.localtime(self.period.lower), timezone.localtime(self.period.upper)
        return f"{self.owner}, {start:%a %d %b %Y %H:%M}-{end:%H:%M}"


class LayOut(models.Model):
    """Somebody laid out templates into sessions: for which days, and how many were touched."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    first = models.DateField()
    last = models.DateField()
    added = models.PositiveIntegerField()
    changed = models.PositiveIntegerField()
    removed = models.PositiveIntegerField()

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        """Return the days."""
        return f"{self.first:%d %b %Y} to {self.last:%d %b %Y}"


RELEASE_STANDS = Q(undone_at__isnull=True, taken_at__isnull=True)
"""The releases whose time is still on offer."""


class BlockRelease(Owned):
    """Theatre time that its owner gave up, or that was released by itself: whose it was, when, and why.

    ``session`` is the row that holds the time now, ``period`` what was given up. ``lead_days`` are
    whole local days from the release to the session. ``by`` is empty for an automatic release. ``taken_at``: when
    the time got a new owner. A release stands while it is neither taken nor undone.
    """

    session = models.ForeignKey(TheatreSession, on_delete=models.CASCADE, related_name="releases")
    period = DateTimeRangeField()
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    lead_days = models.PositiveSmallIntegerField()
    timely = models.BooleanField(help_text="Early enough by the owner's rule to count as credit.")
    reason = models.CharField(max_length=200, blank=True)
    taken_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ("-at", "-pk")
        constraints = (
            models.UniqueConstraint(fields=("session",), condition=RELEASE_STANDS, name="block_release_one_at_a_time"),
        )

    def __str__(self) -> str:
        """Return whose time it was and when it was given up."""
        return f"{self.owner}, released {timezone.localtime(self.at):%a %d %b %Y %H:%M}"


class ReleaseRule(models.Model):
    """When a specialty's unbooked time is released by itself; the row without a specialty holds for all others."""

    specialty = models.ForeignKey(
        Specialty,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: every specialty and group without a rule of its own.",
    )
    days_ahead = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(90)],
        help_text="Days before the session on which what is not booked is released. Empty: never by itself.",
    )
    notice_days = models.PositiveSmallIntegerField(
        default=3, validators=[MaxValueValidator(30)], help_text="So many days before, the owner is shown it coming."
    )
    shortest_minutes = models.PositiveSmallIntegerField(
        default=60, help_text="Shorter gaps stay with the owner: nobody could use them."
    )
    own_specialty_days = models.PositiveSmallIntegerField(
        default=2,
        validators=[MaxValueValidator(30)],
        help_text="So many days a surgeon's released time is offered to the specialty before everybody.",
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("specialty",),
                nulls_distinct=False,
                name="release_rule_unique",
                violation_error_message="There is a rule for this already: change that one.",
            ),
        )

    def __str__(self) -> str:
        """Return whose rule and when."""
        whose = str(self.specialty) if self.specialty else "Everybody else"
        return f"{whose}: {'never by itself' if self.days_ahead is None else f'{self.days_ahead} days before'}"

    @classmethod
    def fallback(cls) -> Self:
        """Return the rule of a hospital that made none: nothing is released by itself."""
        return cls(days_ahead=None)


class TimeRequestKind(models.TextChoices):
    """What is asked."""

    CLAIM = "claim", "Open time claimed"
    OFFER = "offer", "Own time offered"
    SWAP = "swap", "Exchange of two sessions"
    WANTED = "wanted", "Time wanted"


class TimeRequestState(models.TextChoices):
    """How far it is."""

    ASKED = "asked", "Waiting for an answer"
    AGREED = "agreed", "Agreed, waiting for approval"
    DONE = "done", "Done"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"
    EXPIRED = "expired", "Expired"


OPEN_STATES = (TimeRequestState.ASKED, TimeRequestState.AGREED)


class TimeRequest(models.Model):
    """Somebody asks for theatre time, offers theirs, or wants to exchange it; nothing moves before the approval.

    ``surgeon`` is for whom: who claims, to whom it is offered, or with whom it is exchanged.
    ``session`` is the time itself; for time that is only wanted it is empty until it is found.
    ``other`` is what is given for it in an exchange; the versions say how both were when it was asked.
    ``minutes``, ``first`` and ``last`` say what is wanted.
    """

    kind = models.CharField(max_length=8, choices=TimeRequestKind)
    state = models.CharField(max_length=10, choices=TimeRequestState, default=TimeRequestState.ASKED)
    session = models.ForeignKey(
        TheatreSession, on_delete=models.SET_NULL, null=True, blank=True, related_name="time_requests"
    )
    session_version = models.PositiveIntegerField(null=True, blank=True)
    other = models.ForeignKey(TheatreSession, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    other_version = models.PositiveIntegerField(null=True, blank=True)
    specialty = models.ForeignKey(Specialty, on_delete=models.PROTECT, related_name="+")
    surgeon = models.ForeignKey(StaffMember, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    first = models.DateField(null=True, blank=True)
    last = models.DateField(null=True, blank=True)
    note = models.CharField(max_length=200, blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("-asked_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("session", "asked_by", "kind"),
                condition=Q(state__in=OPEN_STATES),
                name="time_request_once",
                violation_error_message="You have asked for this already.",
            ),
        )

    def __str__(self) -> str:
        """Return what is asked by whom."""
        return f"{self.get_kind_display()} by {self.asked_by}"

"""What is asked to change the roster, and what its address says."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone

from accounts.models import User
from resources.models import Profession, Shift, ShiftKind, StaffMember
from resources.permissions import AVAILABILITY
from scheduling.access import staff_within
from scheduling.converters import parse_day
from scheduling.localtime import AmbiguousTimeError, LocalTimeError, instant_of
from scheduling.period import Period
from scheduling.querysets import local_midnight
from scheduling.rostering import MOST_DAYS, shift_period
from scheduling.selectors.roster import RosterFilter
from scheduling.selectors.roster_preview import Scope
from scheduling.services.absences import ABSENCES
from scheduling.services.rostering import Duty

FIRST, LAST = date(2000, 1, 1), date(2199, 1, 1)
"""Days between which a typed date makes sense."""
USUAL_DAYS = 28
"""So far a lay-out is offered."""


class DayField(forms.DateField):
    """A day of the roster; what is far off is a typing error."""

    def __init__(self, **options: Any) -> None:
        widget = forms.DateInput({"type": "date"}, format="%Y-%m-%d")
        super().__init__(**{"widget": widget, **options})

    def to_python(self, value: Any) -> date | None:
        """Return the day."""
        day: date | None = super().to_python(value)
        if day and not FIRST <= day <= LAST:
            raise ValidationError("Check the year.", code="year")
        return day


def _clock(label: str) -> forms.TimeField:
    return forms.TimeField(label=label, required=False, widget=forms.TimeInput({"type": "time"}, format="%H:%M"))


def _person(actor: User, current: int | None = None) -> "forms.ModelChoiceField[StaffMember]":
    """Return a choice among those whose roster ``actor`` may change."""
    reached = StaffMember.objects.filter(staff_within(actor, AVAILABILITY))
    people = reached.filter(rostered=True, in_use=True) | reached.filter(pk=current or 0)
    return forms.ModelChoiceField(
        people, label="Person", empty_label="Choose …", widget=forms.Select({"data-search": ""})
    )


class RosterForm(forms.Form):
    """What the roster's address asks for; what makes no sense there is left out of the view, not an error."""

    week = forms.CharField(required=False, widget=forms.HiddenInput)
    day = forms.CharField(required=False, widget=forms.HiddenInput)
    profession = forms.ChoiceField(choices=[("", "All professions"), *Profession.choices], required=False)
    mine = forms.BooleanField(label="My shifts", required=False)

    @property
    def wanted(self) -> RosterFilter:
        """What the selector takes. ``week`` is any day of it; ``day`` is the one a phone shows, of that week."""
        self.is_valid()  # fields that make no sense are empty
        cleaned = self.cleaned_data
        week, day = parse_day(cleaned.get("week", "")), parse_day(cleaned.get("day", ""))
        shown = day if day and (week is None or _monday(day) == _monday(week)) else week
        shown = shown or timezone.localdate()
        in_reach = FIRST <= shown <= LAST
        return RosterFilter(
            day=shown if in_reach else timezone.localdate(),
            profession=cleaned.get("profession", ""),
            mine=bool(cleaned.get("mine")),
        )


def address_of(wanted: RosterFilter, **other: Any) -> str:
    """Return the question of the address that shows ``wanted``, or another day of the same view."""
    query = QueryDict(mutable=True)
    values = {"week": wanted.day, "profession": wanted.profession, "mine": "on" if wanted.mine else "", **other}
    for name, value in values.items():
        if value:
            query[name] = str(value)
    return query.urlencode()


def back_of(text: str) -> str:
    """Return where a page came from, as an address may say it: a view of the roster and nothing else."""
    if not text:
        return ""
    try:
        return address_of(RosterForm(QueryDict(text[:500])).wanted)
    except (ValueError, UnicodeError):  # more fields than Django reads
        return ""


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


class MoveForm(forms.Form):
    """A shift dropped on another day or person."""

    seen = forms.CharField(max_length=64)
    day = DayField()

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"] = _person(actor)


class ShiftForm(forms.Form):
    """Whose shift, on which day, and of which kind, or with times of its own."""

    day = DayField(label="Day")
    kind = forms.ModelChoiceField(
        ShiftKind.objects.all(), label="Shift", required=False, empty_label="Times of its own"
    )
    starts = _clock("From")
    ends = _clock("Until")
    on_call = forms.BooleanField(label="On call, for emergencies only", required=False)
    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, actor: User, shift: Shift | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"] = _person(actor, shift.staff_member_id if shift else None)
        self.order_fields(("person", "day", "kind", "starts", "ends", "on_call"))
        self.fields["starts"].help_text = "Only for a shift with times of its own."
        self.fields["ends"].help_text = "Not after the start: it ends on the next day."

    def clean(self) -> dict[str, Any]:
        """Work out when the shift is."""
        cleaned = super().clean() or {}
        day, kind = cleaned.get("day"), cleaned.get("kind")
        if day is None or self.errors:
            return cleaned
        if kind:
            cleaned["period"] = shift_period(day, kind.starts, kind.ends)
            if cleaned["period"] is None:
                self.add_error("day", "The change of clocks leaves nothing of this shift on that day.")
            return cleaned
        if cleaned.get("starts") is None or cleaned.get("ends") is None:
            self.add_error("starts", "Choose a shift, or say from when until when.")
            return cleaned
        if cleaned["starts"] == cleaned["ends"]:
            self.add_error("ends", "This is a shift of 0 hours. Give another end.")
            return cleaned
        return self._with_own_times(cleaned)

    def _with_own_times(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        starts, ends, day = cleaned["starts"], cleaned["ends"], cleaned["day"]
        start = self._instant("starts", day, starts)
        end = self._instant("ends", day + timedelta(days=1) if ends < starts else day, ends)
        if start and end:
            cleaned["period"] = Period(start, end)
        return cleaned

    def _instant(self, name: str, day: date, at: time) -> datetime | None:
        try:
            return instant_of(datetime.combine(day, at))
        except AmbiguousTimeError:
            self.add_error(name, "This time comes twice that night: the clocks go back. Choose another time.")
        except LocalTimeError as error:
            self.add_error(name, str(error))
        return None

    @property
    def duty(self) -> Duty:
        """What the services take."""
        cleaned = self.cleaned_data
        kind = cleaned["kind"]
        return Duty(
            person_id=cleaned["person"].pk,
            period=cleaned["period"],
            kind=kind,
            on_call=kind.on_call if kind else cleaned["on_call"],
        )


class LayOutForm(forms.Form):
    """Which days to lay out, and whose."""

    first = DayField(label="From")
    last = DayField(label="Until", help_text=f"The last day; at most {MOST_DAYS} days in one go.")
    profession = forms.ChoiceField(choices=[("", "All professions"), *Profession.choices], required=False)

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        today = timezone.localdate()
        kwargs["initial"] = {
            "first": today,
            "last": today + timedelta(days=USUAL_DAYS - 1),
            **(kwargs.get("initial") or {}),
        }
        super().__init__(*args, **kwargs)
        person = _person(actor)
        person.required, person.empty_label = False, "Everybody"
        self.fields["person"] = person
        self.fields["first"].help_text = "Today or later: past days are never touched."

    def clean(self) -> dict[str, Any]:
        """Refuse the past, and what would never end."""
        cleaned = super().clean() or {}
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and first < timezone.localdate():
            self.add_error("first", "Past days are never touched. Begin today or later.")
        if first and last and last < first:
            self.add_error("last", "The last day is before the first.")
        elif first and last and (last - first).days >= MOST_DAYS:
            furthest = first + timedelta(days=MOST_DAYS - 1)
            self.add_error("last", f"At most {MOST_DAYS} days in one go: until {furthest:%a %d %b %Y}.")
        return cleaned

    @property
    def scope(self) -> Scope:
        """What the preview and the service take."""
        cleaned = self.cleaned_data
        person = cleaned["person"]
        return Scope(
            first=cleaned["first"],
            last=cleaned["last"],
            profession=cleaned["profession"],
            person_id=person.pk if person else None,
        )


class AbsenceForm(forms.Form):
    """Who is away, from when until when; whole days unless times are given."""

    kind = forms.ChoiceField(label="Why", choices=[(kind.value, kind.label) for kind in ABSENCES])
    first = DayField(label="From")
    last = DayField(label="Until", help_text="The last day.")
    starts = _clock("From what time")
    ends = _clock("Until what time")
    note = forms.CharField(required=False, max_length=200, help_text="Not the diagnosis: planners read it.")

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reached = StaffMember.objects.filter(staff_within(actor, AVAILABILITY), in_use=True)
        self.fields["person"] = forms.ModelChoiceField(
            reached, label="Person", empty_label="Choose …", widget=forms.Select({"data-search": ""})
        )
        self.order_fields(("person", "kind", "first", "starts", "last", "ends", "note"))
        self.fields["starts"].help_text = "Empty: all day."

    def clean(self) -> dict[str, Any]:
        """Work out the instants."""
        cleaned = super().clean() or {}
        first, last = cleaned.get("first"), cleaned.get("last")
        if not (first and last) or self.errors:
            return cleaned
        if last < first:
            self.add_error("last", "The last day is before the first.")
            return cleaned
        try:
            starts, ends = cleaned.get("starts"), cleaned.get("ends")
            start = instant_of(datetime.combine(first, starts)) if starts else local_midnight(first)
            end = instant_of(datetime.combine(last, ends)) if ends else local_midnight(last + timedelta(days=1))
        except LocalTimeError:
            self.add_error(
                "starts", "The clocks change at this time: it is skipped or comes twice. Choose another time."
            )
            return cleaned
        if end <= start:
            self.add_error("ends", "The end has to be after the start.")
        cleaned["period"] = Period(start, end)
        return cleaned

    @property
    def absence(self) -> dict[str, Any]:
        """What the service takes beside the actor."""
        cleaned = self.cleaned_data
        fields = {name: cleaned[name] for name in ("kind", "period", "note")}
        return {"person_id": cleaned["person"].pk, **fields}

"""Where, when and with whom: the form behind booking and moving, dragged or typed."""

from datetime import datetime
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.models import User
from resources.models import Bed, EquipmentItem, Profession, StaffMember, Theatre
from scheduling import permissions
from scheduling.conflicts.rules_hard import PROFESSIONS
from scheduling.converters import EARLIEST, LATEST
from scheduling.forms.numbers import row_number
from scheduling.localtime import AmbiguousTimeError, LocalTimeError, instant_of
from scheduling.models import Operation, ReservationRole
from scheduling.models.operation import MAX_MINUTES
from scheduling.services import UNCHANGED, Override
from scheduling.services.planning import Unchanged

TIME_STEP_SECONDS = 300


class CommandForm(forms.Form):
    """A command on one operation: it names the version that the person saw, and perhaps a reason."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    override_reason = forms.CharField(
        label="Reason for going ahead",
        required=False,
        max_length=500,
        help_text="Kept with the booking; colleagues read it.",
    )

    def __init__(self, *args: Any, operation: Operation, actor: User, **kwargs: Any) -> None:
        self.operation = operation
        kwargs["initial"] = {"version": operation.version, **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)
        if not actor.can(permissions.OVERRIDE):
            del self.fields["override_reason"]

    @property
    def override(self) -> Override | None:
        """The reason given for going ahead in spite of soft conflicts, if any."""
        reason = self.cleaned_data.get("override_reason", "").strip()
        return Override(reason) if reason else None

    @property
    def command(self) -> dict[str, Any]:
        """What every command on an operation takes beside the actor."""
        return {"operation_id": self.operation.pk, "version": self.cleaned_data["version"]}


class PlacementForm(CommandForm):
    """A theatre, a start and a length.

    People type a day and a time of the hospital's clock; on the night when that time comes twice
    they are asked which (``fold``). Scripts send ``start`` as one instant, a chosen free slot
    comes as ``slot`` ("<theatre>@<instant>"); either goes before what the other fields say.
    """

    theatre = forms.ModelChoiceField(Theatre.objects.filter(in_use=True), required=False, empty_label="Choose …")
    day = forms.DateField(label="Date", required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    time = forms.TimeField(
        label="Patient in theatre at",
        required=False,
        widget=forms.TimeInput({"type": "time", "step": TIME_STEP_SECONDS}, format="%H:%M"),
    )
    fold = forms.ChoiceField(label="Which of the two?", required=False, choices=[("", "")], widget=forms.RadioSelect)
    minutes = forms.IntegerField(
        label="Minutes in theatre",
        min_value=1,
        max_value=MAX_MINUTES,
        help_text="From patient in to patient out; set-up and clean-up come on top.",
    )
    surgeon = forms.ModelChoiceField(
        StaffMember.objects.filter(profession=Profession.SURGEON, in_use=True),
        label="Lead surgeon",
        required=False,
        empty_label="Not named yet",
        widget=forms.Select({"data-search": ""}),
    )
    start = forms.CharField(required=False, widget=forms.HiddenInput, max_length=40)
    slot = forms.CharField(required=False, widget=forms.HiddenInput, max_length=60)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["fold"].choices = []  # type: ignore[attr-defined]
        if "fold" in self.data:
            self._offer_folds()

    def clean(self) -> dict[str, Any]:
        """Work out the theatre and the instant, whichever way they were given."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("slot"):
            self._take_slot(cleaned["slot"])
        elif cleaned.get("start"):
            self._take_start(cleaned["start"])
        else:
            self._take_clock_time()
        if not cleaned.get("theatre") and "theatre" not in self.errors:
            self.add_error("theatre", "Choose a theatre.")
        return cleaned

    def _take_slot(self, slot: str) -> None:
        theatre, _, start = slot.partition("@")
        number = row_number(theatre)
        found = Theatre.objects.filter(pk=number).first() if number is not None else None
        if found is None:
            self.add_error("theatre", "This slot is not there any more. Choose another.")
            return
        self.errors.pop("theatre", None)
        self.cleaned_data["theatre"] = found
        self._take_start(start)
        if "at" in self.cleaned_data:
            self._show(found, timezone.localtime(self.cleaned_data["at"]))

    def _show(self, theatre: Theatre, start: datetime) -> None:
        """Put a slot into the fields: if it is refused, a reason or a small change is all that is missing."""
        shown = {"theatre": theatre.pk, "day": f"{start:%Y-%m-%d}", "time": f"{start:%H:%M}", "slot": ""}
        try:
            instant_of(start.replace(tzinfo=None, fold=0))
        except AmbiguousTimeError as error:
            shown["fold"] = str(start.fold)
            self._offer_folds(error)
        self.data = {**self.data.dict(), **shown} if isinstance(self.data, QueryDict) else {**self.data, **shown}

    def _take_start(self, text: str) -> None:
        """Take an instant, or a local time where it names no zone."""
        try:
            at = parse_datetime(text)
        except ValueError:
            at = None
        if at is None:
            self.add_error("start", "The start is no date and time. Write it like 2026-11-23T08:30.")
        elif timezone.is_aware(at) and EARLIEST <= at.date() <= LATEST:
            self.cleaned_data["at"] = at
        else:
            self._resolve(at.replace(tzinfo=None), field="start")

    def _take_clock_time(self) -> None:
        day, clock = self.cleaned_data.get("day"), self.cleaned_data.get("time")
        for name, value, words in (("day", day, "Choose a date."), ("time", clock, "Give a time.")):
            if value is None and name not in self.errors:
                self.add_error(name, words)
        if day and clock:
            self._resolve(datetime.combine(day, clock), field="time")

    def _resolve(self, naive: datetime, *, field: str) -> None:
        if not EARLIEST <= naive.date() <= LATEST:
            self.add_error("day" if field == "time" else field, "Check the year.")
            return
        fold = self.cleaned_data.get("fold")
        try:
            self.cleaned_data["at"] = instant_of(naive, fold=int(fold) if fold else None)
        except LocalTimeError as error:
            self.add_error(field, str(error))
            if isinstance(error, AmbiguousTimeError):
                self._offer_folds(error)

    def _offer_folds(self, error: AmbiguousTimeError | None = None) -> None:
        """Ask which of the two times is meant."""
        first = f"The first, {error.first:%H:%M %Z}" if error else "The first"
        second = f"The second, {error.second:%H:%M %Z}, an hour later" if error else "The second, an hour later"
        self.fields["fold"].choices = [("0", first), ("1", second)]  # type: ignore[attr-defined]

    @property
    def asks_which_time(self) -> bool:
        """Say whether the time given comes twice, so that the page has to ask."""
        return bool(self.fields["fold"].choices)  # type: ignore[attr-defined]

    @property
    def placement(self) -> dict[str, Any]:
        """What booking and moving take."""
        surgeon = self.cleaned_data["surgeon"]
        return {
            **self.command,
            "theatre_id": self.cleaned_data["theatre"].pk,
            "start": self.cleaned_data["at"],
            "minutes": self.cleaned_data["minutes"],
            "lead_surgeon_id": (surgeon.pk if surgeon else None) if "surgeon" in self.data else UNCHANGED,
            "override": self.override,
        }


class SlotWishForm(forms.Form):
    """For which length and surgeon free slots are looked for, as the form says it at the moment."""

    minutes = forms.IntegerField(min_value=1, max_value=MAX_MINUTES, required=False)
    surgeon = forms.ModelChoiceField(StaffMember.objects.filter(profession=Profession.SURGEON), required=False)

    @property
    def lead_surgeon_id(self) -> int | Unchanged | None:
        """The surgeon chosen; ``None`` if the field is empty, unchanged if it was not sent."""
        if "surgeon" not in self.data:
            return UNCHANGED
        surgeon = self.cleaned_data["surgeon"]
        return surgeon.pk if surgeon else None


class BookingForm(PlacementForm):
    """A placement with, for each thing that the operation needs, who or which it shall be."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._roles: dict[str, str] = {}
        for post in self.operation.staff_needs.all():
            people = StaffMember.objects.filter(profession__in=PROFESSIONS.get(post.role, ()), in_use=True)
            self._add_needs(post.role, post.get_role_display(), post.quantity, people)
        for need in self.operation.equipment_needs.select_related("equipment_type"):
            items = EquipmentItem.objects.filter(type=need.equipment_type, in_use=True)
            self._add_needs(ReservationRole.EQUIPMENT, str(need.equipment_type), need.quantity, items)
        if self.operation.bed_kind:
            beds = Bed.objects.filter(bed_kind=self.operation.bed_kind, in_use=True)
            self._add_needs(ReservationRole.BED, f"{self.operation.get_bed_kind_display()} bed", 1, beds)

    def _add_needs(self, role: str, label: str, quantity: int, choices: Any) -> None:
        for number in range(1, quantity + 1):
            name = f"member_{len(self._roles) + 1}"
            self._roles[name] = role
            self.fields[name] = forms.ModelChoiceField(
                choices,
                label=f"{label} {number}" if quantity > 1 else label,
                required=False,
                empty_label="Later",
                widget=forms.Select({"data-search": ""}),
            )

    @property
    def member_fields(self) -> list[forms.BoundField]:
        """The fields of the team, for the page."""
        return [self[name] for name in self._roles]

    @property
    def members(self) -> list[tuple[int, str]]:
        """Who or what was chosen, with the role."""
        chosen = [(self.cleaned_data.get(name), role) for name, role in self._roles.items()]
        return [(resource.pk, role) for resource, role in chosen if resource]

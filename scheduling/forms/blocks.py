"""What the pages of the block schedule take."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from resources.models import (
    BlockTemplate,
    Feature,
    OwnerKind,
    Profession,
    Specialty,
    StaffMember,
    SurgeonGroup,
    Theatre,
    TheatreSession,
)
from scheduling.converters import EARLIEST, LATEST
from scheduling.opening import span
from scheduling.period import Period
from scheduling.selectors.blocks.open_time import WORTH_OFFERING, OpenTimeFilter
from scheduling.services.sessions import Scope

QUARTER = timedelta(weeks=13)


def _day(label: str, **options: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"), **options)


def _clock(label: str, **options: Any) -> forms.TimeField:
    return forms.TimeField(label=label, widget=forms.TimeInput({"type": "time"}, format="%H:%M"), **options)


def _surgeons() -> Any:
    return StaffMember.objects.filter(profession=Profession.SURGEON, in_use=True)


def _surgeon(label: str, **options: Any) -> "forms.ModelChoiceField[StaffMember]":
    return forms.ModelChoiceField(_surgeons(), label=label, widget=forms.Select({"data-search": ""}), **options)


class OwnerForm(forms.Form):
    """Whose time it is. The service says what is missing for a kind of owner."""

    owner_kind = forms.ChoiceField(label="Belongs to", choices=OwnerKind.choices)
    specialty = forms.ModelChoiceField(Specialty.objects.all(), required=False, empty_label="–")
    surgeon = _surgeon("Surgeon", required=False, empty_label="–")
    group = forms.ModelChoiceField(SurgeonGroup.objects.all(), required=False, empty_label="–")

    @property
    def owner(self) -> dict[str, Any]:
        """Return the four columns of an owner."""
        chosen = self.cleaned_data
        numbers = {
            f"{name}_id": chosen[name].pk if chosen[name] else None for name in ("specialty", "surgeon", "group")
        }
        return {"owner_kind": chosen["owner_kind"], **numbers}


class SessionForm(OwnerForm):
    """Change a session, of one day or of more."""

    starts = _clock("From")
    ends = _clock("Until", help_text="00:00 is midnight.")
    note = forms.CharField(required=False, max_length=200)
    scope = forms.ChoiceField(
        label="Change",
        choices=[
            (Scope.ONE, "This session only"),
            (Scope.FOLLOWING, "This and the following ones"),
            (Scope.ALL, "All of this block from today on"),
        ],
        widget=forms.RadioSelect,
        initial=Scope.ONE,
    )
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**31 - 1)

    def __init__(self, data: Any = None, *, session: TheatreSession) -> None:
        start, end = (timezone.localtime(at) for at in (session.period.lower, session.period.upper))
        initial = {
            **session.owner_fields,
            "specialty": session.specialty_id,
            "surgeon": session.surgeon_id,
            "group": session.group_id,
            "starts": start.time(),
            "ends": end.time(),
            "note": session.note,
            "version": session.version,
            "scope": Scope.ONE,
        }
        super().__init__(data, initial=initial)
        if session.template_id is None:
            self.fields["scope"].widget = forms.HiddenInput()


class NewSessionForm(OwnerForm):
    """One session more, by hand."""

    theatre = forms.ModelChoiceField(Theatre.objects.filter(in_use=True))
    day = _day("Day")
    starts = _clock("From")
    ends = _clock("Until", help_text="00:00 is midnight.")
    note = forms.CharField(required=False, max_length=200)

    field_order = ("theatre", "day", "starts", "ends", "owner_kind", "specialty", "surgeon", "group", "note")


class TemplateForm(forms.ModelForm):  # type: ignore[type-arg]
    """A block that repeats. ``seen`` is the mark of what was shown."""

    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    class Meta:
        model = BlockTemplate
        fields = (
            *("theatre", "weekday", "starts", "ends", "cycle_weeks", "week_of_cycle"),
            *("owner_kind", "specialty", "surgeon", "group", "valid_from", "valid_until"),
        )
        widgets = {
            "starts": forms.TimeInput({"type": "time"}, format="%H:%M"),
            "ends": forms.TimeInput({"type": "time"}, format="%H:%M"),
            "valid_from": forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
            "valid_until": forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seen"].initial = self.instance.mark if self.instance.pk else ""
        surgeons: Any = self.fields["surgeon"]
        surgeons.queryset = _surgeons()
        theatres: Any = self.fields["theatre"]
        theatres.queryset = Theatre.objects.filter(in_use=True)

    def clean(self) -> dict[str, Any]:
        """Refuse dates that no calendar shows."""
        cleaned = super().clean() or {}
        for name in ("valid_from", "valid_until"):
            day = cleaned.get(name)
            if day and not EARLIEST <= day <= LATEST:
                self.add_error(name, "Check the year.")
        return cleaned


class LayOutForm(forms.Form):
    """From which day through which day."""

    first = _day("From")
    last = _day("Through")

    @classmethod
    def starting(cls, laid_out_until: date | None) -> dict[str, date]:
        """Return the days to begin with: the quarter after what is laid out, or from today on."""
        today = timezone.localdate()
        first = max(today, laid_out_until + timedelta(days=1)) if laid_out_until else today
        return {"first": first, "last": first + QUARTER - timedelta(days=1)}


class ConfirmLayOutForm(LayOutForm):
    """The days and the mark of what was shown."""

    digest = forms.CharField(max_length=64, widget=forms.HiddenInput)


class ReleaseForm(forms.Form):
    """How much of a session to give up; without times all that is not booked."""

    starts = _clock("From", required=False)
    ends = _clock("Until", required=False)
    reason = forms.CharField(required=False, max_length=200)
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**31 - 1)

    def __init__(self, data: Any = None, *, session: TheatreSession) -> None:
        self.session = session
        super().__init__(data, initial={"version": session.version})

    def clean(self) -> dict[str, Any]:
        """Ask for both times or neither, in order."""
        cleaned = super().clean() or {}
        starts, ends = cleaned.get("starts"), cleaned.get("ends")
        if (starts is None) != (ends is None):
            self.add_error("ends" if ends is None else "starts", "Give both times, or neither for all of it.")
        elif starts and ends and span(self.session.day, starts, ends).minutes <= 0:
            self.add_error("ends", "The end has to be after the start.")
        return cleaned

    @property
    def part(self) -> Period | None:
        """Return the stretch, or None for all of it."""
        starts, ends = self.cleaned_data.get("starts"), self.cleaned_data.get("ends")
        return span(self.session.day, starts, ends) if starts is not None and ends is not None else None


class ForWhomForm(forms.Form):
    """For which specialty, and for which of its surgeons if for one."""

    specialty = forms.ModelChoiceField(Specialty.objects.all())
    surgeon = _surgeon("Surgeon", required=False, empty_label="Any of the specialty")
    note = forms.CharField(required=False, max_length=200)

    def __init__(
        self,
        data: Any = None,
        *,
        specialties: frozenset[int] | None,
        me: StaffMember | None,
        initial: dict[str, Any] | None = None,
    ) -> None:
        """Offer only ``specialties``, unless they are None; begin with the person's own."""
        super().__init__(data, initial={"surgeon": me.pk if me else None, **(initial or {})})
        field: Any = self.fields["specialty"]
        if specialties is not None:
            field.queryset = field.queryset.filter(pk__in=specialties)
        if specialties is not None and len(specialties) == 1:
            field.initial = next(iter(specialties))

    @property
    def command(self) -> dict[str, Any]:
        """What asking takes beside the actor."""
        chosen = self.cleaned_data
        return {
            "specialty_id": chosen["specialty"].pk,
            "surgeon_id": chosen["surgeon"].pk if chosen["surgeon"] else None,
            "note": chosen["note"],
        }


class WantForm(ForWhomForm):
    """Time that is to be found."""

    minutes = forms.IntegerField(label="Minutes in one piece", min_value=WORTH_OFFERING, max_value=1440, initial=240)
    first = _day("Not before")
    last = _day("Not after")

    field_order = ("specialty", "surgeon", "minutes", "first", "last", "note")

    @property
    def command(self) -> dict[str, Any]:
        """What asking takes beside the actor."""
        return {**super().command, **{name: self.cleaned_data[name] for name in ("minutes", "first", "last")}}


class OfferForm(forms.Form):
    """To whom."""

    surgeon = _surgeon("Offer it to")
    note = forms.CharField(required=False, max_length=200)
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**31 - 1)


class SwapTimeForm(forms.Form):
    """For which other session."""

    other = forms.ModelChoiceField(TheatreSession.objects.none(), label="Exchange it for")
    note = forms.CharField(required=False, max_length=200)
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**31 - 1)

    def __init__(self, *args: Any, others: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["other"]
        field.queryset = others
        field.label_from_instance = lambda one: f"{one.theatre}: {one}"


class OpenTimeForm(forms.Form):
    """Where and when to look; what makes no sense is left out."""

    first = _day("From", required=False)
    last = _day("Through", required=False)
    theatre = forms.ModelChoiceField(Theatre.objects.filter(in_use=True), required=False, empty_label="All theatres")
    feature = forms.ModelChoiceField(Feature.objects.all(), required=False, empty_label="Any equipment of the room")
    minutes = forms.IntegerField(label="At least, minutes", required=False, min_value=5, max_value=1440)

    @property
    def wanted(self) -> OpenTimeFilter:
        """What the selector takes."""
        self.is_valid()
        chosen, today = self.cleaned_data, timezone.localdate()
        first = min(max(chosen.get("first") or today, today), LATEST)
        last = min(chosen.get("last") or today + QUARTER, LATEST)
        return OpenTimeFilter(
            first=first,
            last=min(max(last, first), first + timedelta(days=366)),
            theatre=chosen["theatre"].pk if chosen.get("theatre") else None,
            feature=chosen["feature"].pk if chosen.get("feature") else None,
            minutes=chosen.get("minutes") or WORTH_OFFERING,
        )


class SpellForm(forms.Form):
    """A span of days to look at; a quarter back and a quarter ahead unless given."""

    first = _day("From", required=False)
    last = _day("Through", required=False)

    @property
    def days(self) -> tuple[date, date]:
        """Return both days, in order and no more than two years apart."""
        self.is_valid()
        today = timezone.localdate()
        first = self.cleaned_data.get("first") or today - QUARTER
        last = self.cleaned_data.get("last") or today + QUARTER
        first = min(max(first, EARLIEST), LATEST)
        return first, min(max(min(last, LATEST), first), first + timedelta(days=731))

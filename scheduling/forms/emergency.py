"""An emergency: who, what and how soon; then which of the places."""

from datetime import UTC, datetime
from typing import Any

from django import forms

from patients.models import Sex
from resources.models import Theatre
from scheduling.forms.numbers import row_number
from scheduling.forms.placement import CommandForm
from scheduling.forms.request import RequestForm
from scheduling.models import Priority
from scheduling.services import Displacing

LATEST = 2**33
"""Seconds since 1970; what is later is no time at all."""
REASON = "Emergency placed ahead of the list"


class EmergencyForm(RequestForm):
    """What is to be done at once; without a patient it is somebody nobody knows yet."""

    sex = forms.ChoiceField(choices=Sex.choices, initial=Sex.UNKNOWN, required=False)
    field_order = ("patient", "sex", "procedure", "side", "priority", "lead_surgeon", "surgery_minutes", "notes")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["patient"].required = False
        self.fields["priority"].queryset = Priority.objects.filter(emergency=True)  # type: ignore[attr-defined]
        self.fields["priority"].label = "How soon"
        for name in ("due_on", "asa_class"):
            del self.fields[name]

    def clean_sex(self) -> str:
        """Return a sex, also where none was chosen."""
        return self.cleaned_data["sex"] or Sex.UNKNOWN

    @property
    def wanted(self) -> dict[str, Any]:
        """What asking for an operation takes beside the patient."""
        return {name: value for name, value in self.cleaned_data.items() if name not in {"patient", "sex"}}


class PlaceForm(CommandForm):
    """One of the proposed places, with everything that was shown of it."""

    theatre = forms.ModelChoiceField(Theatre.objects.filter(in_use=True), widget=forms.HiddenInput)
    start = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=LATEST)
    accepts = forms.CharField(widget=forms.HiddenInput, required=False, max_length=4_000)
    displaces = forms.CharField(widget=forms.HiddenInput, required=False, max_length=4_000)

    def clean_start(self) -> datetime:
        """Return the instant."""
        return datetime.fromtimestamp(self.cleaned_data["start"], UTC)

    def clean_accepts(self) -> set[tuple[int, str]]:
        """Return the warnings that were shown: operation and rule."""
        pairs = (item.partition(":")[::2] for item in self.cleaned_data["accepts"].split())
        return {(number, rule) for text, rule in pairs if (number := row_number(text)) is not None}

    def clean_displaces(self) -> Displacing:
        """Return who is pushed back until when, and who goes back to the waiting list."""
        versions: dict[int, int] = {}
        starts: dict[int, datetime] = {}
        for item in self.cleaned_data["displaces"].split():
            numbers = [row_number(part) for part in item.split(":")]
            if len(numbers) not in (2, 3) or None in numbers:
                raise forms.ValidationError("This place can't be read. Open the page again.")
            number, version, *start = (int(part or 0) for part in numbers)
            versions[number] = version
            if start:
                starts[number] = _instant(start[0])
        return Displacing(versions=versions, starts=starts)

    @property
    def command(self) -> dict[str, Any]:
        """What placing takes beside actor and override."""
        cleaned = self.cleaned_data
        place = {"theatre_id": cleaned["theatre"].pk, "start": cleaned["start"], "displacing": cleaned["displaces"]}
        place["accepts"] = cleaned["accepts"]
        return {**super().command, **place}


def _instant(seconds: int) -> datetime:
    if seconds > LATEST:
        raise forms.ValidationError("This place can't be read. Open the page again.")
    return datetime.fromtimestamp(seconds, UTC)

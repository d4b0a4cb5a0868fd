"""What people fill in about a patient's rights."""

from typing import Any

from django import forms
from django.utils import timezone

from patients.rights.models import AmendmentDecision, AskedBy, DisclosureBasis, ExportForm, Purpose, RestrictionGround

CHOOSE = ("", "Choose …")


def _line(label: str, length: int, help_text: str = "") -> forms.CharField:
    widget = forms.TextInput({"autocomplete": "off"})
    return forms.CharField(label=label, max_length=length, widget=widget, help_text=help_text)


def _text(label: str, length: int, help_text: str = "", *, required: bool = True) -> forms.CharField:
    widget = forms.Textarea({"rows": 3})
    return forms.CharField(label=label, max_length=length, widget=widget, help_text=help_text, required=required)


def _last_day() -> forms.DateField:
    widget = forms.DateInput({"type": "date"})
    return forms.DateField(label="Until", required=False, widget=widget, help_text="Empty: until it is lifted.")


class ExportRecordForm(forms.Form):
    """Why a copy is made, for whom, and in what form."""

    purpose = forms.ChoiceField(label="Why", choices=[CHOOSE, *Purpose.choices])
    recipient = _line("Who gets it", 200, "Name and address, as it will stand in the list of disclosures.")
    form = forms.ChoiceField(label="As", choices=ExportForm.choices, widget=forms.RadioSelect, initial=ExportForm.PDF)


class RestrictForm(forms.Form):
    """Why the record is restricted, and for how long."""

    ground = forms.ChoiceField(label="Ground", choices=[CHOOSE, *RestrictionGround.choices])
    reason = _line("Why", 300)
    until = _last_day()


class HoldForm(forms.Form):
    """Why nothing may go, and for how long."""

    reason = _line("Why", 300, "The claim or inquiry, by its number.")
    until = _last_day()


class LiftForm(forms.Form):
    """Nothing but the wish."""


class AmendmentForm(forms.Form):
    """What the patient wants corrected."""

    wish = _text("What shall be corrected, and how", 2000)
    asked_by = forms.ChoiceField(label="Asked by", choices=AskedBy.choices)
    asked_on = forms.DateField(
        label="Asked on", initial=timezone.localdate, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )


class DisclosureForm(forms.Form):
    """What left the hospital."""

    at = forms.DateTimeField(
        label="When", widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    recipient = _line("To whom", 300, "Name and address.")
    content = _text("What was given", 500)
    purpose = _text("What for", 500)
    basis = forms.ChoiceField(label="Why it may leave", choices=[CHOOSE, *DisclosureBasis.choices])
    withheld_until = forms.DateField(
        label="Not told to the patient before",
        required=False,
        widget=forms.DateInput({"type": "date"}),
        help_text="As an agency asked in writing.",
    )


class DecisionForm(forms.Form):
    """What was decided, and what the patient says to it."""

    decision = forms.ChoiceField(choices=[CHOOSE, *(one for one in AmendmentDecision.choices if one[0])])
    reason = _text("Why", 1000, "A denial needs one.", required=False)
    statement = _text("The patient’s statement", 2000, "After a denial; it stays with the record.", required=False)

    @property
    def command(self) -> dict[str, Any]:
        """Return what the service takes."""
        return dict(self.cleaned_data)


class RetentionForm(forms.Form):
    """How long one kind of data is kept."""

    kind = forms.CharField(max_length=30, widget=forms.HiddenInput)
    years = forms.IntegerField(min_value=1, max_value=100, widget=forms.NumberInput({"inputmode": "numeric"}))
    source = forms.CharField(label="Rule", max_length=200, widget=forms.TextInput({"autocomplete": "off"}))

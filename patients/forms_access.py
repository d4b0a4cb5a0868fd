"""What people fill in to open a record in an emergency, and to review it."""

from datetime import date
from typing import Any

from django import forms

from accounts.models import User
from patients.access_history import HistoryFilter
from patients.models import EmergencyReason, ReviewOutcome


class EmergencyForm(forms.Form):
    """Why the record has to be opened."""

    reason = forms.ChoiceField(choices=[("", "Choose …"), *EmergencyReason.choices])
    explanation = forms.CharField(
        label="In your words",
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
        help_text="The privacy officer reads it. Do not name the patient.",
    )
    next = forms.CharField(required=False, max_length=300, widget=forms.HiddenInput)


class ReviewForm(forms.Form):
    """Whether the access was right."""

    outcome = forms.ChoiceField(choices=[choice for choice in ReviewOutcome.choices if choice[0]])
    note = forms.CharField(required=False, max_length=1000)


FIRST, LAST = date(2000, 1, 1), date(2199, 12, 31)


class FindRecordForm(forms.Form):
    """Whose access history is wanted; posted, so that no address holds an MRN."""

    number = forms.CharField(
        label="MRN, or our number as “No. 12”",
        max_length=40,
        widget=forms.TextInput({"autocomplete": "off", "autofocus": True}),
    )


class HistoryFilterForm(forms.Form):
    """Which accesses to show; what can't be understood is left out of the filter, and said."""

    first = forms.DateField(label="From", required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    last = forms.DateField(label="Until", required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    person = forms.ModelChoiceField(User.objects.all(), required=False, widget=forms.HiddenInput)
    in_passing = forms.BooleanField(label="Lists and boards too", required=False)

    def clean_first(self) -> date | None:
        """Refuse days out of any record's time."""
        return _day(self.cleaned_data["first"])

    def clean_last(self) -> date | None:
        """Refuse days out of any record's time."""
        return _day(self.cleaned_data["last"])

    def clean(self) -> dict[str, Any]:
        """Refuse an end before its begin."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("first") and data.get("last") and data["last"] < data["first"]:
            raise forms.ValidationError("The last day is before the first.")
        return data

    @property
    def wanted(self) -> HistoryFilter:
        """Return what was asked for, without what is wrong."""
        self.is_valid()
        return HistoryFilter(**{name: value for name, value in self.cleaned_data.items() if value})


def _day(day: date | None) -> date | None:
    if day and not FIRST <= day <= LAST:
        raise forms.ValidationError("Check the year.")
    return day

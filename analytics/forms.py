"""What people fill in about reports."""

from typing import Any

from django import forms

from analytics.models import UnusualOutcome, UnusualRule


class AcceptFindingForm(forms.Form):
    """Until when a finding may stay as it is, and why."""

    until = forms.DateField(label="Accept until", widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    note = forms.CharField(label="Because", max_length=500)


class UnusualFilterForm(forms.Form):
    """Which rows of the queue to show; what can't be understood filters nothing."""

    rule = forms.ChoiceField(choices=[("", "Every rule"), *UnusualRule.choices], required=False)
    state = forms.ChoiceField(
        choices=[("open", "Not reviewed"), ("done", "Reviewed"), ("all", "All")], required=False, label="Show"
    )

    @property
    def conditions(self) -> dict[str, Any]:
        """Return what the rows must be."""
        self.is_valid()
        rule, state = self.cleaned_data.get("rule"), self.cleaned_data.get("state") or "open"
        found: dict[str, Any] = {"rule": rule} if rule else {}
        if state == "open":
            found["outcome"] = ""
        if state == "done":
            found["reviewed_by__isnull"] = False
        return found


class UnusualReviewForm(forms.Form):
    """What came of the question about the rows that are ticked."""

    row = forms.TypedMultipleChoiceField(coerce=int, error_messages={"required": "Tick at least one row."})
    outcome = forms.ChoiceField(choices=[("", "Choose …"), *(one for one in UnusualOutcome.choices if one[0])])
    note = forms.CharField(required=False, max_length=1000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        numbers = self.data.getlist("row") if hasattr(self.data, "getlist") else ()
        self.fields["row"].choices = [(n, n) for n in numbers if n.isdecimal() and len(n) <= MOST_DIGITS]  # type: ignore[attr-defined]

    @property
    def command(self) -> dict[str, Any]:
        """Return what the service takes."""
        data = self.cleaned_data
        return {"numbers": data["row"], "outcome": data["outcome"], "note": data["note"]}


MOST_DIGITS = 18
"""Of a row's number, so that PostgreSQL can hold it."""


class DeidentifiedForm(forms.Form):
    """Which year."""

    year = forms.IntegerField(widget=forms.NumberInput({"inputmode": "numeric"}))


class LimitedSetForm(DeidentifiedForm):
    """Which year, for what, for whom, and by which agreement."""

    purpose = forms.CharField(max_length=200, widget=forms.TextInput({"autocomplete": "off"}))
    recipient = forms.CharField(max_length=200, widget=forms.TextInput({"autocomplete": "off"}))
    agreement = forms.CharField(
        label="Data use agreement",
        max_length=60,
        help_text="Its number.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )

"""Which operations of the waiting list to show, and in which order."""

from typing import Any
from urllib.parse import urlencode

from django import forms

from resources.models import Profession, Specialty, StaffMember
from scheduling.forms.placement import CommandForm
from scheduling.models import Assessment, Operation, PauseKind, Priority
from scheduling.models.operation import MAX_MINUTES
from scheduling.selectors.waiting_list import SORTS, WaitingFilter

MOST_DAYS = 3650
"""Ten years: further ahead nothing is due."""


class WaitingFilterForm(forms.Form):
    """Filters; one that names something unknown is left out rather than refused."""

    specialty = forms.ModelChoiceField(Specialty.objects.all(), required=False, empty_label="All specialties")
    surgeon = forms.ModelChoiceField(
        StaffMember.objects.filter(profession=Profession.SURGEON, in_use=True),
        required=False,
        empty_label="All surgeons",
    )
    pooling = forms.ChoiceField(
        choices=[("", "Either"), ("own", "Surgeon’s own"), ("pooled", "Pooled")], required=False
    )
    priority = forms.ModelChoiceField(Priority.objects.all(), required=False, empty_label="All priorities")
    stay = forms.ChoiceField(
        label="Stay",
        choices=[("", "Any stay"), ("day", "Day case"), ("in", "In-patient")],
        required=False,
    )
    assessment = forms.ChoiceField(
        choices=[("", "Any assessment"), *Assessment.choices], required=False, label="Assessment"
    )
    due_within = forms.IntegerField(label="Due within days", required=False, min_value=0, max_value=MOST_DAYS)
    most_minutes = forms.IntegerField(label="Minutes up to", required=False, min_value=1, max_value=MAX_MINUTES)
    overdue = forms.BooleanField(label="Only overdue", required=False)
    short_notice = forms.BooleanField(label="Only at short notice", required=False)
    paused = forms.BooleanField(label="Only paused", required=False)
    sort = forms.ChoiceField(choices=[(name, name) for name in SORTS], required=False, widget=forms.HiddenInput)

    @property
    def wanted(self) -> WaitingFilter:
        """What the selector takes."""
        self.full_clean()
        data: dict[str, Any] = self.cleaned_data
        given: dict[str, Any] = {
            **{name: data.get(name) for name in ("specialty", "surgeon", "priority", "due_within", "most_minutes")},
            **{name: data.get(name) or "" for name in ("pooling", "stay", "assessment")},
            **{name: bool(data.get(name)) for name in ("overdue", "short_notice", "paused")},
            "sort": data.get("sort") or "urgency",
        }
        return WaitingFilter(**given)

    @property
    def asks_more(self) -> bool:
        """Whether one of the filters is set that the page folds away."""
        more = ("stay", "assessment", "due_within", "most_minutes", "overdue", "short_notice", "paused")
        return any(self.data.get(name) for name in more)

    @property
    def left_out(self) -> list[str]:
        """The filters of the address that can't be read, by name: what they named may be gone."""
        return [str(self[name].label).lower() for name in self.errors if name in self.fields]

    @property
    def query(self) -> str:
        """The filters and the order as an address's question; what is empty, or no filter, is left out."""
        asked = {name: self.data.get(name, "") for name in self.fields}
        return urlencode({name: value for name, value in asked.items() if value})


def day_field(label: str, *, required: bool = True, help_text: str = "") -> forms.DateField:
    """Return a field for a date, shown as browsers take it."""
    widget = forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=required, help_text=help_text, widget=widget)


class ReadinessForm(CommandForm):
    """Whether the patient is fit, and can come at once."""

    assessment = forms.ChoiceField(label="Pre-operative assessment", choices=Assessment.choices)
    fit_until = day_field("Fit until", required=False, help_text="The last day on which the assessment counts.")
    short_notice = forms.BooleanField(label="Can come at short notice", required=False)

    def __init__(self, *args: Any, operation: Operation, **kwargs: Any) -> None:
        initial = {name: getattr(operation, name) for name in ("assessment", "fit_until", "short_notice")}
        super().__init__(*args, operation=operation, initial=initial, **kwargs)
        self.fields.pop("override_reason", None)

    @property
    def command(self) -> dict[str, Any]:
        """What setting it takes beside the actor."""
        return {**super().command, **{name: self.cleaned_data[name] for name in self.initial if name != "version"}}


class PauseForm(CommandForm):
    """Days that don't count as waiting."""

    kind = forms.ChoiceField(label="Why", choices=PauseKind.choices)
    starts = day_field("From")
    ends = day_field(
        "Until", required=False, help_text="The first day on which the clock runs again; empty: not known."
    )
    note = forms.CharField(required=False, max_length=500)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("override_reason", None)

    @property
    def command(self) -> dict[str, Any]:
        """What pausing takes beside the actor."""
        return {**super().command, **{name: self.cleaned_data[name] for name in ("kind", "starts", "ends", "note")}}


class ResumeForm(CommandForm):
    """From which day the clock runs again."""

    ends = day_field("The clock runs again from")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("override_reason", None)

    @property
    def command(self) -> dict[str, Any]:
        """What resuming takes beside the actor."""
        return {**super().command, "ends": self.cleaned_data["ends"]}

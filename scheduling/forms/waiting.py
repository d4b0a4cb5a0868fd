"""Which operations of the waiting list to show, and in which order."""

from typing import Any

from django import forms

from resources.models import Profession, Specialty, StaffMember
from scheduling.forms.placement import CommandForm
from scheduling.models import Assessment, Operation, PauseKind, Priority
from scheduling.selectors.waiting_list import SORTS, WaitingFilter


class WaitingFilterForm(forms.Form):
    """Filters; one that names something unknown is left out rather than refused."""

    specialty = forms.ModelChoiceField(Specialty.objects.all(), required=False, empty_label="All specialties")
    surgeon = forms.ModelChoiceField(
        StaffMember.objects.filter(profession=Profession.SURGEON, in_use=True),
        required=False,
        empty_label="All surgeons",
    )
    priority = forms.ModelChoiceField(Priority.objects.all(), required=False, empty_label="All priorities")
    assessment = forms.ChoiceField(
        choices=[("", "Any assessment"), *Assessment.choices], required=False, label="Assessment"
    )
    overdue = forms.BooleanField(label="Only overdue", required=False)
    short_notice = forms.BooleanField(label="Only at short notice", required=False)
    paused = forms.BooleanField(label="Only paused", required=False)
    sort = forms.ChoiceField(choices=[(name, name) for name in SORTS], required=False, widget=forms.HiddenInput)

    @property
    def wanted(self) -> WaitingFilter:
        """What the selector takes."""
        self.full_clean()
        data: dict[str, Any] = self.cleaned_data
        return WaitingFilter(
            specialty=data.get("specialty"),
            surgeon=data.get("surgeon"),
            priority=data.get("priority"),
            overdue=bool(data.get("overdue")),
            assessment=data.get("assessment") or "",
            short_notice=bool(data.get("short_notice")),
            paused=bool(data.get("paused")),
            sort=data.get("sort") or "urgency",
        )


def _day(label: str, *, required: bool = True, help_text: str = "") -> forms.DateField:
    widget = forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=required, help_text=help_text, widget=widget)


class ReadinessForm(CommandForm):
    """Whether the patient is fit, and can come at once."""

    assessment = forms.ChoiceField(label="Pre-operative assessment", choices=Assessment.choices)
    fit_until = _day("Fit until", required=False, help_text="The last day on which the assessment counts.")
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
    starts = _day("From")
    ends = _day("Until", required=False, help_text="The first day on which the clock runs again; empty: not known.")
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

    ends = _day("The clock runs again from")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("override_reason", None)

    @property
    def command(self) -> dict[str, Any]:
        """What resuming takes beside the actor."""
        return {**super().command, "ends": self.cleaned_data["ends"]}

"""Which operations of the waiting list to show, and in which order."""

from typing import Any

from django import forms

from resources.models import Profession, Specialty, StaffMember
from scheduling.models import Priority
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
    overdue = forms.BooleanField(label="Only overdue", required=False)
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
            sort=data.get("sort") or "urgency",
        )

"""What a calendar's address may ask for; what makes no sense there is left out of the view, not an error."""

from typing import Any

from django import forms

from resources.models import Profession, Specialty, StaffMember, Theatre
from scheduling.selectors.week import GROUPS, WeekFilter


class MonthForm(forms.Form):
    """One specialty's or surgeon's cases, or all."""

    specialty = forms.ModelChoiceField(Specialty.objects.all(), required=False, empty_label="All specialties")
    surgeon = forms.ModelChoiceField(
        StaffMember.objects.filter(profession=Profession.SURGEON),
        required=False,
        empty_label="All surgeons",
        widget=forms.Select({"data-search": ""}),
    )

    @property
    def wanted(self) -> dict[str, int | None]:
        """What the selector takes."""
        return {name: self._number(name) for name in ("specialty", "surgeon")}

    def _number(self, name: str) -> int | None:
        self.is_valid()  # fields that make no sense are empty
        chosen = self.cleaned_data.get(name)
        return chosen.pk if chosen else None


class WeekForm(MonthForm):
    """How the week is grouped, and whose cases it shows."""

    by = forms.ChoiceField(label="Rows", choices=list(GROUPS.items()), required=False)
    theatre = forms.ModelChoiceField(Theatre.objects.all(), required=False, empty_label="All theatres")
    mine = forms.BooleanField(label="Only mine", required=False)

    field_order = ("by", "theatre", "surgeon", "specialty", "mine")

    @property
    def wanted(self) -> Any:
        """What the selector takes."""
        numbers = {name: self._number(name) for name in ("theatre", "surgeon", "specialty")}
        cleaned = self.cleaned_data
        return WeekFilter(by=cleaned.get("by") or "theatre", mine=bool(cleaned.get("mine")), **numbers)

"""What people fill in to merge two records, and to take that back."""

from typing import Any

from django import forms

from patients.merging.comparing import Comparison
from patients.merging.identity import DUPLICATE, GROUPS, SURVIVOR
from patients.models import Patient
from scheduling.forms.numbers import row_number


class ReasonForm(forms.Form):
    """Why; kept encrypted."""

    reason = forms.CharField(label="How do you know?", max_length=300, widget=forms.TextInput({"autocomplete": "off"}))


class MergeForm(ReasonForm):
    """Whose values stand where the two differ, seen in which versions, and why."""

    versions = forms.CharField(widget=forms.HiddenInput, max_length=100)

    def __init__(self, *args: Any, survivor: Patient, duplicate: Patient, comparison: Comparison, **given: Any) -> None:
        given.setdefault(
            "initial", {"versions": f"{survivor.pk}:{survivor.version} {duplicate.pk}:{duplicate.version}"}
        )
        super().__init__(*args, **given)
        self.lines = comparison.lines
        for line in comparison.lines:
            self.fields[line.group.name] = forms.ChoiceField(
                label=line.group.label,
                choices=[(SURVIVOR, line.ours), (DUPLICATE, line.theirs)],
                initial=line.default,
                required=False,
            )

    def clean_versions(self) -> dict[int, int]:
        """Return which version of each record was seen."""
        pairs = [[row_number(part) for part in item.split(":")] for item in self.cleaned_data["versions"].split()]
        if any(len(pair) != 2 or None in pair for pair in pairs):  # noqa: PLR2004  # number and version
            raise forms.ValidationError("This page can’t be read. Compare again.")
        return {int(number or 0): int(version or 0) for number, version in pairs}

    @property
    def choices(self) -> dict[str, str]:
        """What was chosen, by group; nothing where the two agree."""
        return {group.name: value for group in GROUPS if (value := self.cleaned_data.get(group.name))}

    def chosen(self, name: str) -> str:
        """Return what is ticked for a group."""
        return str(self[name].value() or "")

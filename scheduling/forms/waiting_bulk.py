"""The same change for the operations ticked on the waiting list, and views of the list that people keep."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.http import QueryDict

from resources.models import Profession, StaffMember
from scheduling.forms.numbers import row_number
from scheduling.forms.waiting import WaitingFilterForm, day_field
from scheduling.models import Assessment, PauseKind, Priority, WaitingView
from scheduling.services import pause_clock, resume_clock, set_priority, set_readiness, set_surgeon

ACTIONS = {
    "priority": "Set the priority",
    "assessment": "Set the assessment",
    "short_notice": "Mark: can come at short notice",
    "no_short_notice": "Mark: can’t come at short notice",
    "pause": "Pause the clock",
    "resume": "Let the clock run again",
    "own": "Make a surgeon’s own",
    "pool": "Pool: any surgeon of the specialty",
}
"""What may be done with those ticked."""
NEEDS = {
    "priority": ("priority",),
    "assessment": ("assessment",),
    "pause": ("kind", "starts"),
    "resume": ("resumes",),
    "own": ("surgeon",),
}
"""The fields that an action can't do without."""


class BulkForm(forms.Form):
    """What to do with the operations that are ticked; each tick carries the version that was seen."""

    action = forms.ChoiceField(label="With those ticked", choices=[("", "Choose …"), *ACTIONS.items()])
    priority = forms.ModelChoiceField(
        Priority.objects.filter(emergency=False), required=False, empty_label="Choose …", label="Priority"
    )
    assessment = forms.ChoiceField(
        choices=[("", "Choose …"), *Assessment.choices], required=False, label="Pre-operative assessment"
    )
    fit_until = day_field("Fit until", required=False)
    kind = forms.ChoiceField(choices=[("", "Choose …"), *PauseKind.choices], required=False, label="Why")
    starts = day_field("Paused from", required=False)
    ends = day_field("Until, if known", required=False)
    note = forms.CharField(label="Note", required=False, max_length=500)
    resumes = day_field("The clock runs again from", required=False)
    surgeon = forms.ModelChoiceField(
        StaffMember.objects.filter(profession=Profession.SURGEON, in_use=True),
        required=False,
        empty_label="Choose …",
        label="Surgeon",
    )

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data, prefix="bulk")
        self.rows = data.getlist("row") if data else []

    def clean(self) -> dict[str, Any]:
        """Demand what the action needs, and rows that can be read."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name in NEEDS.get(cleaned.get("action") or "", ()):
            if not cleaned.get(name) and name not in self.errors:
                self.add_error(name, "Say which.")
        cleaned["versions"] = self._versions()
        return cleaned

    def _versions(self) -> dict[int, int]:
        versions: dict[int, int] = {}
        for row in self.rows:
            number, version = map(row_number, row.partition(":")[::2])
            if number is None or version is None:
                self.add_error(None, "The rows that were ticked can't be read. Open the list again.")
                return {}
            versions[number] = version
        return versions

    @property
    def change(self) -> Callable[..., Any]:
        """The service with the values given, for :func:`~scheduling.services.bulk.change_many`."""
        given = self.cleaned_data
        changes: dict[str, Callable[[], Callable[..., Any]]] = {
            "priority": lambda: partial(set_priority, priority=given["priority"]),
            "assessment": lambda: partial(
                set_readiness, assessment=given["assessment"], fit_until=given["fit_until"], short_notice=None
            ),
            "short_notice": lambda: partial(set_readiness, short_notice=True),
            "no_short_notice": lambda: partial(set_readiness, short_notice=False),
            "pause": lambda: partial(
                pause_clock, kind=given["kind"], starts=given["starts"], ends=given["ends"], note=given["note"]
            ),
            "resume": lambda: partial(resume_clock, ends=given["resumes"]),
            "own": lambda: partial(set_surgeon, surgeon=given["surgeon"]),
            "pool": lambda: partial(set_surgeon, surgeon=None),
        }
        return changes[given["action"]]()


class ViewForm(forms.Form):
    """The name of a view, and whether everybody may open it."""

    name = forms.CharField(max_length=60, help_text="Name no patient: whoever opens it reads it.")
    shared = forms.BooleanField(label="Share it with everybody who sees the waiting list", required=False)

    def __init__(self, data: QueryDict | None = None, *, may_share: bool, view: WaitingView | None = None) -> None:
        initial = {"name": view.name, "shared": view.shared} if view else {}
        super().__init__(data, initial=initial)
        if not may_share and not initial.get("shared"):
            del self.fields["shared"]

    @property
    def given(self) -> dict[str, Any]:
        """What keeping or changing a view takes beside the actor."""
        return {"name": self.cleaned_data["name"], "shared": self.cleaned_data.get("shared", False)}


def tidy_query(text: str) -> str:
    """Return the filters and the order of an address's question, and nothing else that stands in it."""
    try:
        asked = QueryDict(text[:MOST_TEXT])
    except ValueError:  # more fields than anybody filters by
        return ""
    return WaitingFilterForm(asked).query


MOST_TEXT = 2_000
"""Characters of a question that are read."""

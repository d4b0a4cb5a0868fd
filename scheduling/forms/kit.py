"""Kit on loan: what is to come, how far it is, and which to list."""

from typing import Any

from django import forms

from resources.models import Specialty
from scheduling.models import KitState, LoanKit
from scheduling.models.kit import DEFAULT_DAYS_BEFORE, MOST_DAYS_BEFORE, MOST_ITEMS
from scheduling.selectors.kit import SEND_BACK, KitFilter
from scheduling.services import KitOrder

NOTE_LENGTH = 500


class KitForm(forms.Form):
    """What has to come from outside for an operation; with ``kit`` what is known of it already."""

    what = forms.CharField(
        label="Kit", max_length=120, help_text="As the supplier calls it. No name, nothing about the patient."
    )
    quantity = forms.IntegerField(min_value=1, max_value=MOST_ITEMS, initial=1)
    supplier = forms.CharField(required=False, max_length=80)
    days_before = forms.IntegerField(
        label="Days before the operation",
        min_value=0,
        max_value=MOST_DAYS_BEFORE,
        initial=DEFAULT_DAYS_BEFORE,
        help_text="It is needed by then, whenever the operation moves.",
    )
    expected_on = forms.DateField(
        label="The supplier brings it on",
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )
    reference = forms.CharField(label="Order number", required=False, max_length=60)
    note = forms.CharField(required=False, max_length=NOTE_LENGTH)

    def __init__(self, data: Any = None, *, kit: LoanKit | None = None) -> None:
        prefix = f"kit-{kit.pk}" if kit else "kit"
        initial = {name: getattr(kit, name) for name in (*self.base_fields, "version")} if kit else {}
        super().__init__(data, prefix=prefix, initial=initial)
        if kit:
            self.fields["version"] = forms.IntegerField(widget=forms.HiddenInput)

    @property
    def order(self) -> KitOrder:
        """What noting and changing take."""
        return KitOrder(**{name: value for name, value in self.cleaned_data.items() if name != "version"})


class KitStateForm(forms.Form):
    """One tap: the state that is true now, and the version that was seen."""

    state = forms.ChoiceField(choices=KitState.choices, error_messages={"required": "Choose how far it is."})
    version = forms.IntegerField()


class KitFilterForm(forms.Form):
    """Filters; one that names something unknown is left out rather than refused."""

    state = forms.ChoiceField(
        label="State",
        choices=[("", "To see to"), *KitState.choices, (SEND_BACK, "To send back")],
        required=False,
    )
    specialty = forms.ModelChoiceField(Specialty.objects.all(), required=False, empty_label="All specialties")

    @property
    def wanted(self) -> KitFilter:
        """What the selector takes."""
        self.full_clean()
        data = self.cleaned_data
        return KitFilter(state=data.get("state") or "", specialty=data.get("specialty"))

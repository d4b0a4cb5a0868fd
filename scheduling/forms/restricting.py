"""What people fill in to say who may not see a record."""

from typing import Any

from django import forms
from django.utils import timezone

from accounts.models import User
from patients.models import Patient
from scheduling.selectors.patient_access import who_may_be_blocked


class ReasonForm(forms.Form):
    """Why; kept encrypted."""

    reason = forms.CharField(label="Why", max_length=300, widget=forms.TextInput({"autocomplete": "off"}))


class BlockForm(ReasonForm):
    """Whom the patient wants kept away, and since when."""

    user = forms.ChoiceField(label="Colleague")
    requested_on = forms.DateField(
        label="Asked on", initial=timezone.localdate, widget=forms.DateInput({"type": "date"})
    )
    field_order = ("user", "requested_on", "reason")

    def __init__(self, *args: Any, actor: User, patient: Patient, **options: Any) -> None:
        super().__init__(*args, **options)
        people = who_may_be_blocked(actor, patient)
        field: Any = self.fields["user"]
        field.choices = [("", "Choose …"), *((str(user.pk), f"{user} ({user.email})") for user in people)]
        field.widget.attrs["data-search"] = ""


class FindForm(forms.Form):
    """The whole number of a record; names are not searched here."""

    mrn = forms.CharField(label="MRN", max_length=64, widget=forms.TextInput({"autocomplete": "off"}))

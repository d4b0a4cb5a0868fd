"""Ask for an operation."""

from typing import Any

from django import forms
from django.utils import timezone

from patients.models import Patient
from patients.selectors import living
from resources.models import Profession, StaffMember
from scheduling.models import Priority, Procedure, Side
from scheduling.models.operation import MAX_MINUTES
from scheduling.services import Request

ASA_CLASSES = [("", "Not assessed"), *((str(n), f"ASA {n}") for n in range(1, 7))]


class PatientField(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic only for the type checker
    """A patient by our number; one that was merged stands for the record that it was merged into."""

    def to_python(self, value: Any) -> Patient | None:
        """Return the record that counts."""
        return living(super().to_python(value))


class RequestForm(forms.Form):
    """A new case for the waiting list; minutes and needs come from the procedure."""

    patient = PatientField(Patient.objects.all(), widget=forms.HiddenInput)
    procedure = forms.ModelChoiceField(
        Procedure.objects.filter(in_use=True).select_related("specialty"),
        empty_label="Choose …",
        widget=forms.Select({"data-search": ""}),
    )
    side = forms.ChoiceField(choices=Side.choices, initial=Side.NOT_APPLICABLE)
    priority = forms.ModelChoiceField(Priority.objects.all(), empty_label="Choose …")
    lead_surgeon = forms.ModelChoiceField(
        StaffMember.objects.filter(profession=Profession.SURGEON, in_use=True),
        required=False,
        empty_label="Not named yet",
        widget=forms.Select({"data-search": ""}),
    )
    surgery_minutes = forms.IntegerField(
        label="Surgery, minutes",
        required=False,
        min_value=1,
        max_value=MAX_MINUTES,
        help_text="Empty: what the procedure usually takes.",
    )
    due_on = forms.DateField(
        label="Due by",
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        help_text="Empty: what the priority asks for.",
    )
    asa_class = forms.TypedChoiceField(
        label="ASA class", required=False, choices=ASA_CLASSES, coerce=int, empty_value=None
    )
    infectious = forms.BooleanField(required=False, help_text="Goes last on the list; the theatre is deep-cleaned.")
    notes = forms.CharField(required=False, max_length=2000, widget=forms.Textarea({"rows": 3}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups: dict[str, list[tuple[int, str]]] = {}
        for procedure in self.fields["procedure"].queryset.order_by("specialty__name", "name"):  # type: ignore[attr-defined]
            groups.setdefault(procedure.specialty.name, []).append((procedure.pk, procedure.name))
        self.fields["procedure"].choices = [("", "Choose …"), *groups.items()]  # type: ignore[attr-defined]

    def clean_due_on(self) -> Any:
        """Refuse a due date that has passed already."""
        due = self.cleaned_data["due_on"]
        if due and due < timezone.localdate():
            raise forms.ValidationError("This day has passed. Choose today or later.")
        return due

    @property
    def request(self) -> Request:
        """What the service takes."""
        return Request(**self.cleaned_data)

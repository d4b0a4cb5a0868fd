"""What people fill in about a patient."""

from datetime import date

from django import forms
from django.utils import timezone

from patients.models import Allergy, AllergyStatus, Patient

OLDEST = 130
LONGEST_SUBSTANCE = Allergy._meta.get_field("substance").max_length or 0  # noqa: SLF001  # Django's public name for it


class RecordForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only for the type checker
    """What is checked of a patient wherever they are written down."""

    def clean_mrn(self) -> str:
        """Write numbers as the hospital prints them."""
        return str(self.cleaned_data["mrn"]).strip().upper()

    def clean_date_of_birth(self) -> date | None:
        """Refuse dates on which nobody here was born."""
        born: date | None = self.cleaned_data["date_of_birth"]
        if born and _not_after_today(born).year < timezone.localdate().year - OLDEST:
            raise forms.ValidationError("That is more than 130 years ago. Check the year.")
        return born

    def clean_deceased_on(self) -> date | None:
        """Refuse days that have not come."""
        died: date | None = self.cleaned_data["deceased_on"]
        return _not_after_today(died) if died else None


class PatientForm(RecordForm):
    """A new patient, as far as booking needs to know them."""

    allergy_status = forms.ChoiceField(
        label="Allergies",
        choices=[c for c in AllergyStatus.choices if c[0] != AllergyStatus.RECORDED],
        required=False,
        help_text="Used when the next field is empty.",
    )
    allergies = forms.CharField(
        label="Allergic to", required=False, max_length=300, help_text="Separate by commas: latex, penicillin."
    )

    class Meta:
        model = Patient
        fields = (
            "family_name",
            "given_name",
            "date_of_birth",
            "sex",
            "mrn",
            "national_number",
            "phone",
            "email",
            "allergy_status",
        )
        widgets = {"date_of_birth": forms.DateInput({"type": "date"}, format="%Y-%m-%d")}

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["date_of_birth"].required = True

    def clean_allergy_status(self) -> str:
        """Read no answer as not recorded."""
        return self.cleaned_data["allergy_status"] or AllergyStatus.NOT_RECORDED

    def clean_allergies(self) -> str:
        """Refuse what is longer than the name of a substance: a comma is missing."""
        allergies: str = self.cleaned_data["allergies"]
        if any(len(substance) > LONGEST_SUBSTANCE for substance in _substances(allergies)):
            raise forms.ValidationError(f"A substance has at most {LONGEST_SUBSTANCE} characters. Separate by commas.")
        return allergies

    @property
    def substances(self) -> list[str]:
        """The allergies, each once."""
        return _substances(self.cleaned_data["allergies"])


class IdentityForm(RecordForm):
    """Who an unknown patient is, as far as it is known now."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**31 - 1)

    class Meta:
        model = Patient
        fields = (
            *("family_name", "given_name", "date_of_birth", "birth_accuracy", "sex", "mrn", "national_number"),
            "phone",
        )
        widgets = {"date_of_birth": forms.DateInput({"type": "date"}, format="%Y-%m-%d")}

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["mrn"].help_text = "The patient’s own number. The one made up on arrival goes on finding them."

    def clean_date_of_birth(self) -> date | None:
        """Take no date for an answer: in an emergency often only the name is known."""
        return super().clean_date_of_birth() if self.cleaned_data["date_of_birth"] else None

    @property
    def values(self) -> dict[str, object]:
        """What the service takes."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}


def _substances(text: str) -> list[str]:
    parts = (part.strip() for part in text.split(","))
    return list({part.lower(): part for part in parts if part}.values())


def _not_after_today(day: date) -> date:
    if day > timezone.localdate():
        raise forms.ValidationError("This day has not come yet.")
    return day

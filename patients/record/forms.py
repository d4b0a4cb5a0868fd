"""What is filled in on the cards of the record; each checks one part by itself."""

import re
from datetime import date
from typing import Any

from django import forms
from django.utils import timezone

from patients.forms import RecordForm
from patients.models import (
    Allergy,
    BirthAccuracy,
    Certainty,
    Channel,
    Condition,
    Course,
    IdentifierSystem,
    Medicine,
    NextOfKin,
    PastProcedure,
    Patient,
    PatientIdentifier,
    PatientName,
    PreoperativeAssessment,
    SurgicalClass,
)
from patients.record.surgical import surgical_class

ICD_10 = re.compile(r"[A-Z][0-9][0-9A-Z](\.?[0-9A-Z]{1,4})?")
PHONE = re.compile(r"[+]?[0-9 ()/.-]{5,}(\s*(x|ext\.?)\s*[0-9]+)?", re.IGNORECASE)
EARLIEST = date(1880, 1, 1)
LATEST_YEARS = 5
"""For how many years from today an assessment may count."""
SUBSTANCES = (
    *("Latex", "Penicillin", "Iodine", "Chlorhexidine", "Nickel", "Adhesive plaster", "Codeine", "Ibuprofen"),
    *("Aspirin", "Morphine", "Cephalosporins", "Suxamethonium", "Rocuronium", "Propofol", "Local anaesthetics"),
    *("Eggs", "Soya", "Peanuts", "Contrast medium", "Sulfonamides", "Vancomycin", "Gelatine", "Bone cement"),
)
"""What theatres meet most; any other may be typed."""
LAST_WORDS = {"certainty": "Refuted: it was looked into and is not so. It stays on record, and shows no more."}


def day_input() -> forms.DateInput:
    """Return the browser's own calendar."""
    return forms.DateInput({"type": "date"}, format="%Y-%m-%d")


class PartForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only for the type checker
    """What all parts check: days that can be meant, phone numbers that can be dialled."""

    past = frozenset({"began_on", "performed_on", "assessed_on", "deceased_on"})
    """Fields whose day has come."""

    def clean(self) -> dict[str, Any]:
        """Refuse days that nobody can mean; the model's own rules follow with the saving."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        today = timezone.localdate()
        for name, value in list(cleaned.items()):
            if not isinstance(value, date):
                continue
            if value < EARLIEST:
                self.add_error(name, "That is too long ago. Check the year.")
            elif name in self.past and value > today:
                self.add_error(name, "This day has not come yet.")
            elif value.year > today.year + LATEST_YEARS:
                self.add_error(name, f"That is more than {LATEST_YEARS} years ahead. Check the year.")
        began, ended = cleaned.get("began_on"), cleaned.get("ended_on")
        if began and ended and ended < began:
            self.add_error("ended_on", "It would end before it began.")
        elif ended and ended < today and cleaned.get("course") == Course.ACTIVE:
            self.add_error("course", "By its last day it is over: choose another status, or empty the day.")
        return cleaned

    def _post_clean(self) -> None:
        """Leave the row alone: the service writes to the one that it has locked."""


class CodedForm(PartForm):
    """An entry with an ICD-10 code, unless another system gave it one of its own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.system not in ("", ICD_10_SYSTEM):
            del self.fields["code"]

    def clean_code(self) -> str:
        """Write the code as the classification does."""
        code = str(self.cleaned_data["code"]).strip().upper()
        if code and not ICD_10.fullmatch(code):
            raise forms.ValidationError("Not an ICD-10 code, such as E11.9. Leave it empty if you do not know it.")
        return code


ICD_10_SYSTEM = "http://hl7.org/fhir/sid/icd-10-cm"


class CertaintyField(forms.ChoiceField):
    """How sure it is; that something was entered in error is said by a button of its own."""


def certainties(*, refutable: bool = True) -> list[tuple[str, str]]:
    """Return what may be chosen."""
    left_out = {Certainty.ERROR} if refutable else {Certainty.ERROR, Certainty.REFUTED}
    return [choice for choice in Certainty.choices if choice[0] not in left_out]


class AllergyForm(PartForm):
    """What the patient must not meet."""

    certainty = CertaintyField(choices=certainties(), help_text=LAST_WORDS["certainty"])

    class Meta:
        model = Allergy
        fields = ("substance", "reaction", "severity", "certainty", "course")
        widgets = {"substance": forms.TextInput({"list": "substances", "autocomplete": "off"})}
        help_texts = {"substance": "", "reaction": "What happened: rash, swelling, breathing, shock …"}

    def clean_substance(self) -> str:
        """Write the first letter large, as lists do."""
        substance = " ".join(str(self.cleaned_data["substance"]).split())
        return substance[:1].upper() + substance[1:]


class ConditionForm(CodedForm):
    """An illness or problem."""

    certainty = CertaintyField(choices=certainties())

    class Meta:
        model = Condition
        fields = ("text", "code", "certainty", "course", "began_on", "ended_on")
        widgets = {"began_on": day_input(), "ended_on": day_input()}
        labels = {"code": "ICD-10 code"}
        help_texts = {"code": ""}


BY_NAME = "by_name"


class MedicineForm(PartForm):
    """A medicine, and what to do about it before surgery.

    A new one matters by its name unless somebody says otherwise: nobody has to remember that apixaban does.
    """

    surgical_class = forms.ChoiceField(
        label="Matters for surgery as",
        choices=[(BY_NAME, "What its name says"), *SurgicalClass.choices],
        required=False,
    )

    class Meta:
        model = Medicine
        fields = ("text", "dose", "surgical_class", "plan", "course", "began_on", "ended_on")
        widgets = {"began_on": day_input(), "ended_on": day_input()}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            self.initial["surgical_class"] = BY_NAME

    def clean(self) -> dict[str, Any]:
        """Look the name up where nobody chose."""
        cleaned = super().clean()
        if cleaned.get("surgical_class") == BY_NAME:
            cleaned["surgical_class"] = surgical_class(cleaned.get("text", ""))
        return cleaned


class ProcedureForm(PartForm):
    """An operation before, or elsewhere."""

    class Meta:
        model = PastProcedure
        fields = ("text", "performed_on", "place", "anaesthesia", "complications")
        widgets = {"performed_on": day_input(), "complications": forms.Textarea({"rows": 2})}


class AssessmentForm(PartForm):
    """What was found when the patient was assessed for anaesthesia."""

    class Meta:
        model = PreoperativeAssessment
        fields = (
            *("assessed_on", "valid_until", "asa", "mallampati", "height_cm", "weight_kg", "blood_group"),
            *("pacemaker", "implants", "infection", "pregnancy", "frailty", "mets", "note"),
        )
        widgets = {
            "assessed_on": day_input(),
            "valid_until": day_input(),
            "note": forms.Textarea({"rows": 2}),
            "pacemaker": forms.NullBooleanSelect(),
        }
        help_texts = {"infection": "MRSA, hepatitis B …; “none” where it is over."}

    def clean(self) -> dict[str, Any]:
        """Refuse an assessment that is over before it was made."""
        cleaned = super().clean()
        made, until = cleaned.get("assessed_on"), cleaned.get("valid_until")
        if made and until and until < made:
            self.add_error("valid_until", "It would end before it was made.")
        return cleaned


class PhoneForm(PartForm):
    """A part with phone numbers."""

    def clean(self) -> dict[str, Any]:
        """Refuse what no telephone dials."""
        cleaned = super().clean()
        for name in ("phone", "gp_phone"):
            value = str(cleaned.get(name) or "")
            if value and not PHONE.fullmatch(value):
                self.add_error(name, "Digits, spaces and + only: +44 20 7946 0000.")
        return cleaned


class KinForm(PhoneForm):
    """Whom to call."""

    class Meta:
        model = NextOfKin
        fields = ("name", "relationship", "phone", "note")


class NameForm(PartForm):
    """A further name."""

    class Meta:
        model = PatientName
        fields = ("use", "family_name", "given_name")


class NumberForm(PartForm):
    """A number that another system gave."""

    class Meta:
        model = PatientIdentifier
        fields = ("system", "value")
        labels = {"value": "Number"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = IdentifierSystem.objects.filter(is_ours=False)
        self.fields["system"].queryset = others  # type: ignore[attr-defined]


def first_day(born: date, accuracy: str) -> date:
    """Return the first day of the period that is known, as all partial dates of birth are stored."""
    if accuracy == BirthAccuracy.MONTH:
        return born.replace(day=1)
    return born.replace(month=1, day=1) if accuracy in (BirthAccuracy.YEAR, BirthAccuracy.ESTIMATED) else born


class IdentityForm(RecordForm, PartForm):
    """Who the patient is."""

    misspelt = forms.BooleanField(
        label="The old name was a mistake",
        required=False,
        help_text="Without this tick, a name that changes is kept as a former name, and still finds the patient.",
    )

    class Meta:
        model = Patient
        fields = (
            *("family_name", "given_name", "date_of_birth", "birth_accuracy", "sex", "gender"),
            *("national_number", "died", "deceased_on"),
        )
        widgets = {"date_of_birth": day_input(), "deceased_on": day_input()}
        labels = {"died": "The patient has died"}

    field_order = ("family_name", "given_name", "misspelt")

    def clean(self) -> dict[str, Any]:
        """Keep of the date of birth what is known, and refuse a death before it."""
        cleaned = super().clean()
        if cleaned.get("date_of_birth"):
            cleaned["date_of_birth"] = first_day(cleaned["date_of_birth"], cleaned.get("birth_accuracy", ""))
        died_on, born = cleaned.get("deceased_on"), cleaned.get("date_of_birth")
        if died_on and born and died_on < born:
            self.add_error("deceased_on", "The date of death is before the date of birth.")
        return cleaned


class ContactForm(PhoneForm):
    """How to reach the patient, and by what the patient agreed to be reached."""

    class Meta:
        model = Patient
        fields = ("phone", "email", "address", "language", "interpreter_needed")
        widgets = {"address": forms.Textarea({"rows": 2})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for channel in Channel:
            self.fields[consent_field(channel)] = forms.ChoiceField(
                label=f"May be reached by {channel.label if channel.label.isupper() else channel.label.lower()}",
                choices=CONSENTS,
                required=False,
            )


CONSENTS = (("", "Not asked"), ("true", "Yes"), ("false", "No"))


def consent_field(channel: str) -> str:
    """Return the name of the field that holds what was said about one channel."""
    return f"by_{channel}"


class GpForm(PhoneForm):
    """The general practitioner."""

    class Meta:
        model = Patient
        fields = ("gp_name", "gp_practice", "gp_phone")
        labels = {"gp_name": "Name", "gp_practice": "Practice", "gp_phone": "Phone"}

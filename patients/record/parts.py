"""What the record consists of: lists of entries, and cards of the patient's own details.

A part is told here once: its words, who changes it, what is filled in. Pages, services and the history go by this.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.utils.dateparse import parse_date
from django.utils.formats import date_format

from accounts.encryption.fields import normalised
from accounts.models import User
from patients import permissions
from patients.models import (
    Allergy,
    Condition,
    ContactConsent,
    IdentifierSystem,
    Medicine,
    NameUse,
    NextOfKin,
    PastProcedure,
    Patient,
    PatientIdentifier,
    PatientName,
    PreoperativeAssessment,
)
from patients.models.clinical import LISTED_TWICE
from patients.record import allergies
from patients.record.forms import (
    ICD_10_SYSTEM,
    AllergyForm,
    AssessmentForm,
    ConditionForm,
    ContactForm,
    GpForm,
    IdentityForm,
    KinForm,
    MedicineForm,
    NameForm,
    NumberForm,
    PartForm,
    ProcedureForm,
    consent_field,
)
from patients.record.texts import Texts, as_texts

TAKEN = "Another patient has this number."


def _nothing(*_: Any) -> None:
    """Do nothing more."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part: ``slug`` stands in addresses and in the history, ``capability`` lets one change it."""

    slug: str
    title: str
    form: type[PartForm]
    capability: str

    @property
    def names(self) -> tuple[str, ...]:
        """Return the fields of the database that the form fills in."""
        return tuple(self.form._meta.fields or ())  # noqa: SLF001  # Django's name for what Meta says

    def labels(self) -> dict[str, str]:
        """Return each field in words."""
        found = {name: str(field.label or name.replace("_", " ")) for name, field in self.form.base_fields.items()}
        return {"certainty": "certainty", "allergy_status": "allergies"} | found


@dataclass(frozen=True, kw_only=True)
class EntryPart(Part):
    """A list of entries. ``keeps``: one that was made in error stays on record and never counts."""

    noun: str
    model: type[Model]
    keeps: bool = True
    nothing: str
    """What an empty list says; not that there is nothing, if nobody may have asked."""
    after: Callable[[Patient, User | None], None] = _nothing
    complete: Callable[[Any], None] = _nothing
    taken: str = "Somebody wrote the same at this moment. Look at the list."
    """What is said where the database refuses a twin that no check had seen."""

    def rows(self, patient: Patient) -> QuerySet[Any]:
        """Return the patient's entries."""
        found: QuerySet[Any] = self.model._default_manager.filter(patient=patient)  # noqa: SLF001  # a model's own
        return found

    def texts(self, row: Model) -> Texts:
        """Return what an entry says."""
        return as_texts({name: getattr(row, name) for name in self.names})


@dataclass(frozen=True, kw_only=True)
class DetailPart(Part):
    """A card of the patient's own row; ``read`` and ``write`` take in what stands in rows beside it."""

    beside: Callable[[Patient], dict[str, Any]] = lambda _: {}
    write_beside: Callable[[Patient, User, dict[str, Any]], None] = _nothing

    def read(self, patient: Patient) -> dict[str, Any]:
        """Return the values as they stand."""
        return {name: getattr(patient, name) for name in self.names} | self.beside(patient)

    def texts(self, patient: Patient) -> Texts:
        """Return them as texts."""
        return as_texts(self.read(patient))


def _complete_condition(row: Condition) -> None:
    """Say whose code it is."""
    if row.system in ("", ICD_10_SYSTEM):
        row.system = ICD_10_SYSTEM if row.code else ""


def _demand_free(row: PatientIdentifier) -> None:
    field = PatientIdentifier._meta.get_field("value_index")  # noqa: SLF001  # Django's public name for it
    if not normalised(row.value):
        raise ValidationError({"value": "Letters or digits are missing."})
    if PatientIdentifier.objects.filter(value_index=field.index_of(row.qualified)).exclude(pk=row.pk).exists():
        raise ValidationError({"value": TAKEN})


def _consents(patient: Patient) -> dict[str, Any]:
    given = {consent.channel: consent.given for consent in patient.contact_consents.all()}
    return {consent_field(channel): given.get(channel) for channel in _channels()}


def _channels() -> list[str]:
    return [value for value, _ in ContactConsent._meta.get_field("channel").flatchoices]  # noqa: SLF001


def _write_consents(patient: Patient, actor: User, values: dict[str, Any]) -> None:
    for channel in _channels():
        said = values.get(consent_field(channel), "")
        if said in ("", None):
            patient.contact_consents.filter(channel=channel).delete()
            continue
        given = said in (True, "true")
        consent = patient.contact_consents.filter(channel=channel).first()
        if consent is None:
            patient.contact_consents.create(channel=channel, given=given, recorded_by=actor)
        elif consent.given != given:
            consent.delete()
            patient.contact_consents.create(channel=channel, given=given, recorded_by=actor)


def _keep_old_name(patient: Patient, actor: User, values: dict[str, Any]) -> None:
    """Keep the name that was, unless it was a mistake."""
    was = Patient.objects.values("family_name", "given_name").get(pk=patient.pk)
    if values.get("misspelt") or was == {"family_name": patient.family_name, "given_name": patient.given_name}:
        return
    patient.names.create(use=NameUse.FORMER, recorded_by=actor, **was)


CHART, PERSON = permissions.CHANGE_RECORD, permissions.CHANGE

ENTRY_PARTS: dict[str, EntryPart] = {
    part.slug: part
    for part in (
        EntryPart(
            slug="allergies",
            title="Allergies",
            noun="allergy",
            model=Allergy,
            form=AllergyForm,
            capability=CHART,
            nothing="",
            after=allergies.follow_list,
            taken=LISTED_TWICE,
        ),
        EntryPart(
            slug="medicines",
            title="Medicines",
            noun="medicine",
            model=Medicine,
            form=MedicineForm,
            capability=CHART,
            nothing="No medicine is recorded. That does not mean that none is taken: ask.",
        ),
        EntryPart(
            slug="conditions",
            title="Conditions",
            noun="condition",
            model=Condition,
            form=ConditionForm,
            capability=CHART,
            nothing="No condition is recorded.",
            complete=_complete_condition,
        ),
        EntryPart(
            slug="procedures",
            title="Operations before, or elsewhere",
            noun="operation",
            model=PastProcedure,
            form=ProcedureForm,
            capability=CHART,
            nothing="None is recorded. Ask about operations, and how the anaesthetic was borne.",
        ),
        EntryPart(
            slug="assessments",
            title="Pre-operative assessment",
            noun="assessment",
            model=PreoperativeAssessment,
            form=AssessmentForm,
            capability=CHART,
            nothing="Not assessed yet.",
        ),
        EntryPart(
            slug="kin",
            title="Next of kin",
            noun="person",
            model=NextOfKin,
            form=KinForm,
            capability=PERSON,
            keeps=False,
            nothing="Nobody is named.",
        ),
        EntryPart(
            slug="names",
            title="Further names",
            noun="name",
            model=PatientName,
            form=NameForm,
            capability=PERSON,
            keeps=False,
            nothing="None.",
        ),
        EntryPart(
            slug="numbers",
            title="Further numbers",
            noun="number",
            model=PatientIdentifier,
            form=NumberForm,
            capability=PERSON,
            keeps=False,
            nothing="None.",
            complete=_demand_free,
            taken=TAKEN,
        ),
    )
}

DETAIL_PARTS: dict[str, DetailPart] = {
    part.slug: part
    for part in (
        DetailPart(
            slug="identity",
            title="Identity",
            form=IdentityForm,
            capability=PERSON,
            write_beside=_keep_old_name,
        ),
        DetailPart(
            slug="contact",
            title="Contact",
            form=ContactForm,
            capability=PERSON,
            beside=_consents,
            write_beside=_write_consents,
        ),
        DetailPart(slug="gp", title="General practitioner", form=GpForm, capability=PERSON),
    )
}


PARTS: dict[str, Part] = {**ENTRY_PARTS, **DETAIL_PARTS}
"""All of them by slug."""


def system_names() -> dict[str, str]:
    """Return who gives out numbers, by the text that the history keeps of them."""
    return {str(system.pk): system.name for system in IdentifierSystem.objects.all()}


def in_words(part: Part, name: str, text: str, systems: Mapping[str, str] | None = None) -> str:
    """Return a stored text as people read it: the label of a choice, a day, yes or no.

    ``systems`` are the :func:`system_names`, for whoever asks about many.
    """
    if text == "":
        return "nothing"
    field = part.form.base_fields.get(name)
    choices: Iterable[Any] = ()
    if isinstance(field, forms.ModelChoiceField):
        return (system_names() if systems is None else systems).get(text, text)
    if isinstance(field, forms.ChoiceField):
        choices = field.choices  # type: ignore[assignment]
    labels = {str(value): str(label) for value, label in choices} | WORDS.get(name, {})
    if text in labels:
        return labels[text]
    if isinstance(field, forms.DateField) and (day := _day(text)):
        return date_format(day, "j M Y")
    return {"true": "yes", "false": "no"}.get(text, text)


WORDS: dict[str, dict[str, str]] = {
    "certainty": {"error": "Entered in error"},
    "allergy_status": dict(Patient._meta.get_field("allergy_status").flatchoices),  # noqa: SLF001
}
"""Choices that no form offers."""


def _day(text: str) -> Any:
    try:
        return parse_date(text)
    except ValueError:
        return None

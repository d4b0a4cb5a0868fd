"""Who the person is: which of two records' values the survivor has afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from patients.models import AllergyStatus, Patient, Sex

SURVIVOR, DUPLICATE = "survivor", "duplicate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Fields that belong together and are chosen together."""

    name: str
    label: str
    fields: tuple[str, ...]

    def of(self, patient: Patient) -> dict[str, Any]:
        """Return the values of one record."""
        return {field: getattr(patient, field) for field in self.fields}

    def is_empty(self, patient: Patient) -> bool:
        """Say whether nothing is recorded; a placeholder counts as nothing."""
        if self.name == "name":
            return patient.provisional
        if self.name == "sex":
            return patient.sex == Sex.UNKNOWN
        return not getattr(patient, self.fields[0]) and not (self.name == "death" and patient.died)


def _one(name: str, label: str) -> Group:
    return Group(name=name, label=label, fields=(name,))


GROUPS: tuple[Group, ...] = (
    Group(name="name", label="Name", fields=("family_name", "given_name")),
    Group(name="birth", label="Born", fields=("date_of_birth", "birth_accuracy")),
    _one("sex", "Sex"),
    _one("gender", "Gender"),
    _one("national_number", "National number"),
    _one("phone", "Phone"),
    _one("email", "E-mail"),
    _one("address", "Address"),
    _one("language", "Language"),
    _one("interpreter_needed", "Interpreter"),
    Group(name="gp", label="GP", fields=("gp_name", "gp_practice", "gp_phone")),
    Group(name="death", label="Died", fields=("deceased_on", "died")),
)
"""What is chosen side by side. Allergies, confidentiality and the numbers follow rules, not choices."""


def default_choice(group: Group, survivor: Patient, duplicate: Patient) -> str:
    """Return whose value stands unless somebody chooses: the survivor's, or the other's where that is empty."""
    return DUPLICATE if group.is_empty(survivor) and not group.is_empty(duplicate) else SURVIVOR


def differing(survivor: Patient, duplicate: Patient) -> list[Group]:
    """Return what the two records say differently."""
    return [group for group in GROUPS if group.of(survivor) != group.of(duplicate)]


def chosen_values(survivor: Patient, duplicate: Patient, choices: Mapping[str, str]) -> dict[str, Any]:
    """Return the survivor's identity as chosen, field by field."""
    found: dict[str, Any] = {}
    for group in GROUPS:
        choice = choices.get(group.name) or default_choice(group, survivor, duplicate)
        found |= group.of(duplicate if choice == DUPLICATE else survivor)
    return found


_SURE = [AllergyStatus.NOT_RECORDED, AllergyStatus.NONE_KNOWN, AllergyStatus.RECORDED]


def allergy_statement(survivor: Patient, duplicate: Patient, *, listed: bool) -> dict[str, Any]:
    """Return what the survivor says of allergies, by whom and since when.

    Recorded allergies beat "none known", and that beats "not recorded"; ``listed``: some are on the survivor now.
    """
    surest = max(survivor, duplicate, key=lambda one: _SURE.index(AllergyStatus(one.allergy_status)))
    stands = AllergyStatus.RECORDED if listed else surest.allergy_status
    said = surest if surest.allergy_status == stands else survivor
    return {
        "allergy_status": stands,
        "allergies_asked_by_id": said.allergies_asked_by_id,
        "allergies_asked_at": said.allergies_asked_at,
    }

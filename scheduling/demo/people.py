"""Invented patients who fit the operation that they come for."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from patients.models import Allergy, AllergyStatus, Patient, Sex
from scheduling.demo.dice import happens
from scheduling.demo.names import (
    ALLERGIES,
    FAMILY_NAMES,
    FEMALE_NAMES,
    LANGUAGES,
    MALE_NAMES,
)
from scheduling.models import Procedure

FEMALE_ONLY = ("10", "0U")
MALE_ONLY = ("0V",)
"""How the codes of procedures begin that only one sex has: obstetric and gynaecological, andrological."""

AGES = {
    "paediatric": (1, 14),
    "ophthalmology": (55, 90),
    "cardiothoracic": (45, 84),
    "vascular": (50, 86),
    "podiatry": (30, 78),
}
"""Years of age by specialty, where it is not simply an adult's."""

AGES_BY_CODE = {
    "0CTPXZZ": (5, 35),
    "0CTQXZZ": (3, 12),
    "099500Z": (2, 11),
    "0NSBXZZ": (16, 40),
    "0VBQ0ZZ": (30, 50),
    "0SRR019": (70, 95),
    "0MRN47Z": (18, 45),
}
ALLERGY_SHARES = {
    AllergyStatus.RECORDED: 12,
    AllergyStatus.NONE_KNOWN: 78,
    AllergyStatus.NOT_RECORDED: 10,
}
"""How many in a hundred have which allergy status."""

JOINT_REPLACEMENT, JOINT_AGES = ("0SR", "0RR"), (54, 88)
ADULT, GYNAECOLOGY = (19, 84), (22, 58)


def make_patient(rng: Random, numbers: Iterator[int], procedure: Procedure, today: date) -> Patient:
    """Make a patient of a sex and age for ``procedure``."""
    female = _is_female(rng, procedure)
    family_name, given_name = (
        rng.choice(FAMILY_NAMES),
        rng.choice(FEMALE_NAMES if female else MALE_NAMES),
    )
    number = next(numbers)
    (status,) = rng.choices(list(ALLERGY_SHARES), list(ALLERGY_SHARES.values()))
    patient = Patient.objects.create(
        mrn=f"RX{100000 + number * 37}",
        family_name=family_name,
        given_name=given_name,
        date_of_birth=_birthday(rng, procedure, today),
        sex=Sex.FEMALE if female else Sex.MALE,
        phone=f"07700 900{number % 1000:03}",
        email=f"patient{number}@example.org" if happens(rng, 0.6) else "",
        language=rng.choice(LANGUAGES),
        allergy_status=status,
    )
    if status == AllergyStatus.RECORDED:
        _add_allergy(rng, patient, procedure)
    return patient


def make_unknown_patient() -> Patient:
    """Make the person whom the ambulance brought and whom nobody knows yet."""
    number = Patient.objects.filter(mrn__startswith="RX-UNKNOWN-").count() + 1
    named = {"family_name": "Unknown", "given_name": "Male", "sex": Sex.MALE, "provisional": True}
    return Patient.objects.create(mrn=f"RX-UNKNOWN-{number}", **named)


def _is_female(rng: Random, procedure: Procedure) -> bool:
    if _is_gynaecological(procedure):
        return True
    return not procedure.code.startswith(MALE_ONLY) and happens(rng, 0.5)


def _birthday(rng: Random, procedure: Procedure, today: date) -> date:
    youngest, oldest = _ages(procedure)
    return today - timedelta(days=rng.randint(youngest * 365, oldest * 365))


def _ages(procedure: Procedure) -> tuple[int, int]:
    if procedure.code in AGES_BY_CODE:
        return AGES_BY_CODE[procedure.code]
    if procedure.code.startswith(JOINT_REPLACEMENT):
        return JOINT_AGES
    return GYNAECOLOGY if _is_gynaecological(procedure) else AGES.get(procedure.specialty.code, ADULT)


def _is_gynaecological(procedure: Procedure) -> bool:
    return procedure.specialty.code == "gynaecology" or procedure.code.startswith(FEMALE_ONLY)


def _add_allergy(rng: Random, patient: Patient, procedure: Procedure) -> None:
    """Add an allergy that does not forbid the operation the patient is here for."""
    exposed = {*procedure.allergens}
    for need in procedure.equipment_needs.all():
        exposed.update(need.equipment_type.allergens)
    safe = [item for item in ALLERGIES if not any(substance in item[0].lower() for substance in exposed)]
    substance, reaction = rng.choice(safe)
    Allergy.objects.create(patient=patient, substance=substance, reaction=reaction)

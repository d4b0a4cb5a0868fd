"""What is known of the demo's patients: illnesses and medicines of their age, whom to call, how they were assessed."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice
from random import Random
from typing import Any

from django.db.models import Model
from django.utils import timezone

from accounts.models import User
from patients.models import (
    Condition,
    ContactConsent,
    Medicine,
    NextOfKin,
    PastProcedure,
    Patient,
    PreoperativeAssessment,
)
from patients.record.forms import ICD_10_SYSTEM
from scheduling.demo.dice import dice_for, happens
from scheduling.demo.names import FEMALE_NAMES, MALE_NAMES

BATCH = 500
ELDERLY, GROWN_UP = 60, 18
ILLNESSES = (
    ("Essential hypertension", "I10", ("Amlodipine", "5 mg once a day", "", ""), 0.35),
    ("Type 2 diabetes", "E11.9", ("Metformin", "500 mg twice a day", "glucose", "Leave out on the day"), 0.2),
    ("Atrial fibrillation", "I48.91", ("Apixaban", "5 mg twice a day", "anticoagulant", "Last dose 48 h before"), 0.1),
    ("Coronary heart disease", "I25.10", ("Aspirin", "75 mg once a day", "antiplatelet", "Go on with it"), 0.12),
    (
        "Rheumatoid arthritis",
        "M06.9",
        ("Methotrexate", "15 mg once a week", "immunosuppressant", "Go on with it"),
        0.05,
    ),
    ("Asthma", "J45.909", ("Salbutamol", "as needed", "", ""), 0.12),
    ("Hypothyroidism", "E03.9", ("Levothyroxine", "75 µg once a day", "", ""), 0.08),
)
"""Name, ICD-10-CM code, medicine (name, dose, why it matters, plan), and how many of the elderly have it."""
WITHOUT_PLAN = 0.3
"""For so many medicines that need one, nobody has made a plan yet."""
BEFORE = (("Appendicectomy", 1990), ("Caesarean section", 2004), ("Knee arthroscopy", 2015), ("Tonsillectomy", 1978))
KIN = ("Wife", "Husband", "Sister", "Brother", "Neighbour")
KIN_OF_THE_OLD, KIN_OF_CHILDREN = (*KIN, "Daughter", "Son"), ("Mother", "Father")
GPS = ("Dr P. Ahlberg", "Dr S. Okoro", "Dr M. Castell", "Dr J. Whitby")


def make_records(actor: User, today: date) -> None:
    """Fill in the records of those who have none yet, in batches; once there they are left alone."""
    bare = Patient.objects.filter(next_of_kin=None, provisional=False).exclude(family_name="Unknown").order_by("pk")
    waiting = bare.iterator(BATCH)
    while batch := list(islice(waiting, BATCH)):
        rows: dict[type[Model], list[Any]] = {}
        for patient in batch:
            for row in _rows(patient, actor, today):
                rows.setdefault(type(row), []).append(row)
        for model, made in rows.items():
            model._default_manager.bulk_create(made)  # noqa: SLF001  # a model's own
        Patient.objects.bulk_update(batch, ["gp_name", "gp_practice", "allergies_asked_by", "allergies_asked_at"])


def _rows(patient: Patient, actor: User, today: date) -> Iterator[Model]:
    rng = dice_for(f"record {patient.mrn}")
    by: dict[str, Any] = {"patient": patient, "recorded_by": actor}
    patient.gp_name, patient.gp_practice = rng.choice(GPS), "Riverside Practice"
    if patient.allergy_status != "not_recorded":
        patient.allergies_asked_by = actor
        patient.allergies_asked_at = timezone.now() - timedelta(days=rng.randint(5, 90))
    ill = list(_illnesses(rng, patient, by, today))
    yield from ill
    if happens(rng, 0.3) and (patient.age or 0) > GROWN_UP:
        name, year = rng.choice(BEFORE)
        if (
            patient.date_of_birth
            and patient.date_of_birth.year < year
            and (patient.sex == "female" or "Caes" not in name)
        ):
            yield PastProcedure(**by, text=name, performed_on=date(year, 4, 12), place="Another hospital")
    if happens(rng, 0.8):
        yield _assessment(rng, patient, by, today, ill=bool(ill))
    age = patient.age or 0
    relation = rng.choice(KIN_OF_CHILDREN if age < GROWN_UP else KIN_OF_THE_OLD if age >= ELDERLY else KIN)
    names = MALE_NAMES if relation in ("Husband", "Son", "Brother", "Father") else FEMALE_NAMES
    phone = f"07700 900{rng.randint(0, 999):03}"
    name = f"{rng.choice(names)} {patient.family_name}"
    yield NextOfKin(**by, name=name, relationship=relation, phone=phone)
    yield ContactConsent(**by, channel="sms", given=happens(rng, 0.9))
    yield ContactConsent(**by, channel="email", given=bool(patient.email))


def _illnesses(rng: Random, patient: Patient, by: dict[str, Any], today: date) -> Iterator[Model]:
    age = patient.age or 0
    weight = 0.0 if age < GROWN_UP else 1.0 if age >= ELDERLY else 0.3
    for name, code, (medicine, dose, surgical_class, plan), share in ILLNESSES:
        if not happens(rng, share * weight):
            continue
        began = today - timedelta(days=rng.randint(200, 365 * min(age - GROWN_UP + 1, 15)))
        yield Condition(**by, text=name, code=code, system=ICD_10_SYSTEM, began_on=began)
        said = "" if happens(rng, WITHOUT_PLAN) else plan
        yield Medicine(**by, text=medicine, dose=dose, surgical_class=surgical_class, plan=said, began_on=began)


def _assessment(rng: Random, patient: Patient, by: dict[str, Any], today: date, *, ill: bool) -> PreoperativeAssessment:
    age = patient.age or 0
    assessed = today - timedelta(days=rng.randint(3, 100))
    height = rng.randint(150, 192) if age >= GROWN_UP else 75 + 6 * age
    weight = round(height * height / 10_000 * rng.uniform(20, 33)) if age >= GROWN_UP else 8 + 3 * age
    return PreoperativeAssessment(
        **by,
        assessed_on=assessed,
        valid_until=assessed + timedelta(days=90),
        asa=(3 if age >= ELDERLY else 2) if ill else 1,
        mallampati=rng.choice((1, 1, 2, 2, 3)),
        height_cm=Decimal(height),
        weight_kg=Decimal(weight),
        blood_group=rng.choice(("O+", "O+", "A+", "A+", "B+", "O-", "AB+")),
        pacemaker=ill and happens(rng, 0.05),
        infection="MRSA" if happens(rng, 0.01) else "",
        mets=rng.randint(3, 10),
    )

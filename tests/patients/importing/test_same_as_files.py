"""The allergies here are those of the files, patient by patient; the files are counted by a program of their own.

Set ``FHIR_FOLDER`` to a folder of Bundles, and ``FHIR_MRN_SYSTEM`` to the system of their MRNs, to try it on those.
"""

import os
import random
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from patients.importing.runs import begin, carry_out, configure_mrn_system
from patients.importing.sources import from_paths
from patients.models import Patient
from tests.patients.importing.files import MRN, allergy, bundle, concept, counts, patient, save, state
from tests.patients.importing.raw_counts import allergies_by_mrn

pytestmark = pytest.mark.django_db
SUBSTANCES = ("Latex", "Penicillin", "Nickel", "Iodine", "Wheat", "Bee venom", "Chlorhexidine")
CERTAINTIES = ("confirmed", "confirmed", "unconfirmed", "refuted", "entered-in-error")


def some_allergies(number: int, dice: random.Random) -> list[dict[str, Any]]:
    chosen = dice.sample(SUBSTANCES, dice.randint(0, 4))
    found = [
        allergy(
            f"a{number}-{at}",
            whose=f"urn:uuid:{number}",
            code=concept(str(at + 1), name),
            verificationStatus=state(dice.choice(CERTAINTIES), "allergyintolerance-verification"),
            clinicalStatus=state(dice.choice(("active", "active", "resolved")), "allergyintolerance-clinical"),
        )
        for at, name in enumerate(chosen)
    ]
    none = allergy(f"n{number}", whose=f"urn:uuid:{number}", code=concept("716186003", "No known allergy"))
    return found if dice.random() < 0.8 else [*found, none]


def own_files(folder: Path) -> list[Path]:
    dice = random.Random(7)
    made = []
    for number in range(12):
        file = bundle(patient(f"M{number}", f"p{number}"), *some_allergies(number, dice), kind="transaction")
        file["entry"][0]["fullUrl"] = f"urn:uuid:{number}"
        dice.shuffle(file["entry"])
        made.append(save(folder, file, f"{number}.json"))
    return made


def here() -> dict[str, list[tuple[str, bool]]]:
    rows = Patient.objects.prefetch_related("allergies")
    return {one.mrn: sorted((a.substance, a.counts) for a in one.allergies.all()) for one in rows}


def compare(actor: User, paths: list[Path], system: str) -> None:
    wanted = allergies_by_mrn(paths, system)
    for turn in range(2):
        run = carry_out(
            actor=actor,
            run=begin(actor=actor, kind="fhir", title="files", dry_run=False),
            sources=from_paths(paths),
        )
        assert here() == wanted
        if turn:
            assert counts(run)[:2] == (0, 0)
    for one in Patient.objects.prefetch_related("allergies"):
        listed = sorted(name for name, is_counted in wanted[one.mrn] if is_counted)
        assert sorted(allergy.substance for allergy in one.counting_allergies) == listed
        assert (one.allergy_status == "recorded") == bool(listed)


def test_files_of_our_own(coordinator, tmp_path):
    compare(coordinator, own_files(tmp_path), MRN)
    assert any(here().values())
    assert Patient.objects.filter(allergy_status="none_known").exists()
    assert Patient.objects.filter(allergy_status="not_recorded").exists()


@pytest.mark.skipif("FHIR_FOLDER" not in os.environ, reason="no folder is named")
def test_the_files_of_a_folder(db):
    from tests.factories import UserFactory

    actor = UserFactory(role="coordinator")
    system = os.environ["FHIR_MRN_SYSTEM"]
    configure_mrn_system(actor=actor, uri=system)
    compare(actor, sorted(Path(os.environ["FHIR_FOLDER"]).glob("*.json")), system)

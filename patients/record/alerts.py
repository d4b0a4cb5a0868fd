"""What stands beside a name because somebody could come to harm: in the banner of every page about a patient."""

from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import get_language_info

from patients.models import Course, Medicine, Patient, Pregnancy, PreoperativeAssessment, SurgicalClass
from patients.models.clinical import HEEDED

PREGNANCY = timedelta(weeks=42)
"""For so long a pregnancy that was found is heeded."""
PREGNANT: dict[str, list[str]] = {Pregnancy.YES: ["Pregnant"], Pregnancy.POSSIBLE: ["May be pregnant"]}
NO_INFECTION = ("none", "none known", "no", "nil", "negative", "cleared", "-", "–")
"""What people write where there is none, or none any more."""
BLEEDING = (SurgicalClass.ANTICOAGULANT, SurgicalClass.ANTIPLATELET)
ATTRIBUTE = "loaded_alerts"


def load_alerts(patients: Sequence[Patient]) -> None:
    """Load the alerts of many patients with two queries; :func:`alerts_of` finds them on each."""
    numbers = [patient.pk for patient in patients]
    heeded = {"patient__in": numbers, "certainty__in": HEEDED}
    classes: dict[int, set[str]] = {}
    taken = Medicine.objects.filter(**heeded, course=Course.ACTIVE, surgical_class__in=BLEEDING).order_by()
    for number, surgical_class in taken.values_list("patient", "surgical_class"):
        classes.setdefault(number, set()).add(surgical_class)
    assessments: dict[int, list[PreoperativeAssessment]] = {}
    for assessment in PreoperativeAssessment.objects.filter(**heeded).order_by("-assessed_on", "-pk"):
        assessments.setdefault(assessment.patient_id, []).append(assessment)
    for patient in patients:
        found = [SurgicalClass(one).label for one in BLEEDING if one in classes.get(patient.pk, ())]
        found += _of_assessments(assessments.get(patient.pk, []))
        if patient.interpreter_needed:
            found.append(f"Interpreter: {language_name(patient.language)}")
        setattr(patient, ATTRIBUTE, found)


def alerts_of(patient: Patient) -> list[str]:
    """Return the alerts in words, loaded now if nobody did."""
    if not hasattr(patient, ATTRIBUTE):
        load_alerts([patient])
    found: list[str] = getattr(patient, ATTRIBUTE)
    return found


def language_name(code: str) -> str:
    """Return a language's English name: ``pl`` is Polish; a code that nobody knows stays as it is."""
    try:
        return str(get_language_info(code.lower())["name"])
    except KeyError:
        return code or "language not recorded"


def _of_assessments(newest_first: Sequence[PreoperativeAssessment]) -> list[str]:
    """Go by the last answer to each question: an assessment that does not ask takes nothing back."""
    found = []
    if next((one.pacemaker for one in newest_first if one.pacemaker is not None), False):
        found.append("Pacemaker or defibrillator")
    infection = next((one.infection for one in newest_first if one.infection.strip()), "")
    if infection and infection.strip(" .").lower() not in NO_INFECTION:
        found.append(f"Infection: {infection}")
    since = timezone.localdate() - PREGNANCY
    pregnancy = next((one.pregnancy for one in newest_first if one.pregnancy and one.assessed_on >= since), "")
    return found + PREGNANT.get(pregnancy, [])

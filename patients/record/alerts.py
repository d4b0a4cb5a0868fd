"""What stands beside a name because somebody could come to harm: in the banner of every page about a patient."""

from collections.abc import Sequence

from django.utils.translation import get_language_info

from patients.models import Course, Medicine, Patient, PreoperativeAssessment, SurgicalClass
from patients.models.clinical import HEEDED

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
    latest = PreoperativeAssessment.objects.filter(**heeded).order_by("patient_id", "-assessed_on", "-pk")
    assessments = {one.patient_id: one for one in latest.distinct("patient_id")}
    for patient in patients:
        found = [SurgicalClass(one).label for one in BLEEDING if one in classes.get(patient.pk, ())]
        if assessment := assessments.get(patient.pk):
            found += _of_assessment(assessment)
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


def _of_assessment(assessment: PreoperativeAssessment) -> list[str]:
    found = ["Pacemaker or defibrillator"] if assessment.pacemaker else []
    if assessment.infection:
        found.append(f"Infection: {assessment.infection}")
    if assessment.pregnancy in ("yes", "possible"):
        found.append("Pregnant" if assessment.pregnancy == "yes" else "May be pregnant")
    return found

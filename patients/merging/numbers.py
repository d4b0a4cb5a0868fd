"""The numbers by which a patient was known before: they find the patient for ever."""

from patients.merging.errors import MergeRefusedError
from patients.merging.writing import Ledger
from patients.models import IdentifierSystem, Patient, PatientIdentifier, qualified

OURS = ("urn:operation-scheduler:mrn", "MRN")
NATIONAL = ("urn:operation-scheduler:national-number", "National number")
TAKEN = "{} is on record as a number of another patient. Correct that first."


def our_system() -> IdentifierSystem:
    """Return the system that gives our MRN; it is made when it is first needed."""
    found = IdentifierSystem.objects.filter(is_ours=True).first()
    return found or _system(*OURS, is_ours=True)


def national_system() -> IdentifierSystem:
    """Return the system of national numbers."""
    return _system(*NATIONAL)


def _system(uri: str, name: str, *, is_ours: bool = False) -> IdentifierSystem:
    return IdentifierSystem.objects.get_or_create(uri=uri, defaults={"name": name, "is_ours": is_ours})[0]


def former_number(patient: Patient, system: IdentifierSystem, value: str) -> PatientIdentifier | None:
    """Return a further number of the patient, unsaved; ``None`` where it is on record already.

    Raises :class:`MergeRefusedError` where it is another patient's.
    """
    row = PatientIdentifier(patient=patient, system=system, value=value)
    index = PatientIdentifier._meta.get_field("value_index").index_of(qualified(system.pk, value))  # noqa: SLF001
    other = PatientIdentifier.objects.filter(value_index=index).first()
    if other and other.patient_id != patient.pk:
        raise MergeRefusedError(TAKEN.format(value))
    return None if other else row


def keep_numbers(ledger: Ledger, stands: str) -> None:
    """Make the duplicate's MRN, and the national number that does not stand, further numbers of the survivor."""
    wanted = [(our_system(), ledger.duplicate.mrn)]
    wanted += [
        (national_system(), one.national_number)
        for one in (ledger.survivor, ledger.duplicate)
        if one.national_number and one.national_number != stands
    ]
    for system, value in wanted:
        if row := former_number(ledger.survivor, system, value):
            ledger.make(row)

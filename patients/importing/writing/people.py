"""One person of a file and the patient here who has that MRN."""

from dataclasses import replace
from typing import Any

from patients.importing.incoming import Kin, Number, OtherName, Person
from patients.importing.report import Outcome, Remark, Report
from patients.importing.texts import alike
from patients.importing.writing.comparing import Comparison, compare, digest, is_older
from patients.importing.writing.here import Here
from patients.importing.writing.work import Work
from patients.models import (
    ImportedRecord,
    NameUse,
    NextOfKin,
    Patient,
    PatientIdentifier,
    PatientName,
    number_index,
)

PLACEHOLDERS = ("Imported patient", "Imported case")
"""Family names of patients of whom a theatre list gave no name: they are no names that somebody wrote."""
MRN_TAKEN = "has the MRN of somebody whose name and date of birth are both others: {} here. Nothing was written."
MRN_MOVED = "had another MRN here before. Merge or correct by hand, so that nobody's record is mixed up."


class RefusedError(Exception):
    """Nothing of this patient is written; the message says why."""


class People:
    """Writes persons: each new, or compared with the patient here."""

    def __init__(self, here: Here, work: Work, report: Report) -> None:
        self._here, self._work, self._report = here, work, report

    def write(self, person: Person) -> tuple[Patient, bool]:
        """Return the patient, made or changed as the file says, and whether they are new."""
        link = self._here.link(person)
        patient = self._here.whose(person)
        self._judge(person, patient, link)
        if patient is None:
            return self._make(person), True
        found = digest(person)
        if link and (link.digest == found or is_older(person.origin, link)):
            if link.digest != found:
                self._report.say(Remark.NOTED, person.origin.spot, "is older than what is recorded.")
            self._report.count("patient", Outcome.UNCHANGED)
            return patient, False
        self._compare(person, patient, link, found)
        return patient, False

    def _judge(self, person: Person, patient: Patient | None, link: ImportedRecord | None) -> None:
        if link and self._here.patient(link.patient_id) != patient:
            raise RefusedError(MRN_MOVED)
        if patient is None:
            return
        if patient.pk in self._here.closed:
            raise RefusedError("The record is restricted or erased here; an import does not touch it.")
        if is_somebody_else(person, patient):
            raise RefusedError(MRN_TAKEN.format(patient))

    def _make(self, person: Person) -> Patient:
        values = self._without_foreign_numbers(person, None).values()
        patient = Patient(mrn=person.mrn, **values)
        patient.national_number_index = number_index(patient.national_number)
        self._here.by_mrn[person.mrn] = 0  # so that nothing else of the batch takes it
        self._work.make("patient", patient, self._work.link_to(person, patient, digest(person), made_by=self._work.run))
        for name in person.names:
            self._work.make("name", _name(patient, name), None)
        for number in person.numbers:
            if self._is_free(number, None, person):
                self._work.make("number", self._number(patient, number), None)
        for kin in person.kin:
            self._work.make("kin", _kin(patient, kin), None)
        self._report.count("patient", Outcome.CREATED)
        return patient

    def _compare(self, person: Person, patient: Patient, link: ImportedRecord | None, found: str) -> None:
        person = self._without_foreign_numbers(person, patient)
        comparison = compare(patient, person.values(), self._base(patient, link))
        if link is None and "date_of_birth" not in comparison.take:
            comparison.take.pop("birth_accuracy", None)  # how sure the day is belongs to the day that stands here
        _keep_pairs(patient, comparison)
        former = (patient.family_name, patient.given_name)
        is_named = patient.family_name not in PLACEHOLDERS
        if link:
            self._work.note(link, person, found)
        else:
            self._work.links.append(self._work.link_to(person, patient, found, record_id=patient.pk))
        self._work.edit("patient", patient, comparison.take)
        if is_named and former != (patient.family_name, patient.given_name):
            old = OtherName(use=NameUse.FORMER, family_name=former[0], given_name=former[1])
            person = replace(person, names=(*person.names, old))
        added = self._add_beside(person, patient)
        self._report.count("patient", Outcome.UPDATED if comparison.take or added else Outcome.UNCHANGED)
        if comparison.kept:
            self._work.kept.append(("patient", patient.pk, person.origin.spot, comparison.kept))

    def _base(self, patient: Patient, link: ImportedRecord | None) -> dict[str, Any]:
        """Return what was said before; of a patient without a name, the placeholder counts as that."""
        if patient.family_name in PLACEHOLDERS:
            return {"family_name": patient.family_name, "given_name": patient.given_name} | (link.said if link else {})
        return dict(link.said) if link else {}

    def _add_beside(self, person: Person, patient: Patient) -> bool:
        """Add names, numbers and next of kin that are not here yet; none is ever taken away."""
        names = {(alike(n.family_name), alike(n.given_name)) for n in patient.names.all()} if person.names else set()
        names.add((alike(patient.family_name), alike(patient.given_name)))
        kin = {alike(one.name) for one in patient.next_of_kin.all()} if person.kin else set()
        fresh: list[tuple[str, Any]] = [
            ("name", _name(patient, one))
            for one in person.names
            if (alike(one.family_name), alike(one.given_name)) not in names
        ]
        fresh += [("kin", _kin(patient, one)) for one in person.kin if alike(one.name) not in kin]
        fresh += [("number", self._number(patient, n)) for n in person.numbers if self._is_free(n, patient, person)]
        for at, (kind, row) in enumerate(fresh):
            link = self._work.link_to(person, patient, "", made_by=self._work.run)
            link.kind, link.said = kind, {}
            link.key = f"{link.key[:150]}#{kind}/{self._work.run.pk}/{at}"
            self._work.make(kind, row, link)
        return bool(fresh)

    def _is_free(self, number: Number, patient: Patient | None, person: Person) -> bool:
        """Say whether a further number is still to be written; one of somebody else is named instead."""
        holder = self._here.with_number(number)
        if holder is None:
            return self._here.index(number) is not None
        if holder != patient:
            self._note_likeness(person, holder, f"a number of {number.system}")
        return False

    def _without_foreign_numbers(self, person: Person, patient: Patient | None) -> Person:
        """Leave out a national number that another patient has: they may be one person, and somebody has to look."""
        holder = self._here.patient(self._here.by_national.get(number_index(person.national_number) or ""))
        if holder is None or holder == patient:
            return person
        self._note_likeness(person, holder, "the national number")
        return replace(person, national_number="")

    def _note_likeness(self, person: Person, holder: Patient, what: str) -> None:
        text = f"has {what} of {holder} here. It was left out: look whether they are one person."
        self._report.say(Remark.NOTED, person.origin.spot, text, "identifier")

    def _number(self, patient: Patient, number: Number) -> PatientIdentifier:
        return PatientIdentifier(patient=patient, system=self._here.systems[number.system], value=number.value)


def is_somebody_else(person: Person, patient: Patient) -> bool:
    """Say whether name and date of birth are both others than those of the patient here."""
    if patient.family_name in PLACEHOLDERS or patient.date_of_birth is None or person.date_of_birth is None:
        return False
    names = [(person.family_name, person.given_name), *((n.family_name, n.given_name) for n in person.names)]
    here = (alike(patient.family_name), alike(patient.given_name))
    is_named_so = any((alike(family), alike(given)) == here for family, given in names)
    return not is_named_so and person.date_of_birth != patient.date_of_birth


def _keep_pairs(patient: Patient, comparison: Comparison) -> None:
    """Keep together what means something only together: a date with its accuracy, a death with its day."""
    for pair in (("date_of_birth", "birth_accuracy"), ("family_name", "given_name")):
        if any(name in comparison.kept for name in pair):
            comparison.keep(*pair)
    if comparison.take.get("died") is False:
        comparison.take["deceased_on"] = None
    born = comparison.take.get("date_of_birth", patient.date_of_birth)
    died = comparison.take.get("deceased_on", patient.deceased_on)
    if born and died and died < born:
        comparison.keep("date_of_birth", "birth_accuracy", "deceased_on", "died")


def _name(patient: Patient, name: OtherName) -> PatientName:
    return PatientName(patient=patient, use=name.use, family_name=name.family_name, given_name=name.given_name)


def _kin(patient: Patient, kin: Kin) -> NextOfKin:
    return NextOfKin(patient=patient, name=kin.name, relationship=kin.relationship, phone=kin.phone)

"""What is here of the patients and records that a batch names: read under locks, in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import Exists, Model, OuterRef, Q

from patients.importing.incoming import Batch, Incoming, Known, Number, Person
from patients.models import (
    Allergy,
    Condition,
    IdentifierSystem,
    ImportedRecord,
    Medicine,
    NextOfKin,
    PastProcedure,
    Patient,
    PatientIdentifier,
    PatientName,
    number_index,
    qualified,
)
from patients.rights.models import Erasure, ErasureState
from patients.rights.restricting import is_restricted

MODELS: dict[str, type[Model]] = {
    "patient": Patient,
    "allergy": Allergy,
    "condition": Condition,
    "medicine": Medicine,
    "procedure": PastProcedure,
    "name": PatientName,
    "kin": NextOfKin,
    "number": PatientIdentifier,
}
"""The model of each kind of record."""
_LOCK = """
    SELECT pg_advisory_xact_lock(hashtextextended('patients.import ' || name, 0))
    FROM (SELECT unnest(%s::text[]) AS name ORDER BY 1) AS names
"""


@dataclass(slots=True)
class Here:
    """What was found. ``closed`` are the numbers of patients whose record is restricted or erased."""

    systems: dict[str, IdentifierSystem] = field(default_factory=dict)
    links: dict[tuple[str, str, str], ImportedRecord] = field(default_factory=dict)
    patients: dict[int, Patient] = field(default_factory=dict)
    by_mrn: dict[str, int] = field(default_factory=dict)
    by_number: dict[str, int] = field(default_factory=dict)
    by_national: dict[str, int] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)
    allergies: dict[int, list[Allergy]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def load(cls, batch: Batch, systems: dict[str, IdentifierSystem]) -> "Here":
        """Lock the patients that the batch names, and read what is here of them."""
        found = cls(systems=systems)
        people = [group.whose for group in batch.groups if isinstance(group.whose, Person)]
        known = [group.whose for group in batch.groups if isinstance(group.whose, Known)]
        lock_names({one.mrn for one in people})
        found._find_links(batch, known)  # its own
        found._find_numbers(people, known)
        found._find_patients(people, known)
        return found

    def link(self, incoming: Incoming) -> ImportedRecord | None:
        """Return what is known of a record from earlier imports, by any of its names."""
        kinds = (incoming.KIND,)
        names = ((incoming.origin.source, kind, key) for kind in kinds for key in incoming.origin.keys)
        return next((self.links[name] for name in names if name in self.links), None)

    def patient(self, number: int | None) -> Patient | None:
        """Return a patient by our number; of a record that was merged, the one that took it over."""
        found = self.patients.get(number or 0)
        while found is not None and found.merged_into_id:
            found = self.patients.get(found.merged_into_id)
        return found

    def whose(self, whose: Person | Known) -> Patient | None:
        """Return the patient whom a file means: by MRN, by a further number, or by what the source calls them."""
        if isinstance(whose, Person):
            return self.with_number(Number(system=self._ours, value=whose.mrn))
        if whose.number:
            return self.with_number(whose.number)
        link = self.links.get((whose.source, "patient", whose.key))
        return self.patient(link.patient_id) if link else None

    def with_number(self, number: Number) -> Patient | None:
        """Return the patient with a number of one system."""
        if number.system == self._ours and (found := self.by_mrn.get(number.value.strip().upper())):
            return self.patient(found)
        return self.patient(self.by_number.get(self.index(number) or ""))

    def index(self, number: Number) -> str | None:
        """Return under which hash a further number is kept; ``None`` for a system that is not configured."""
        system = self.systems.get(number.system)
        column: Any = PatientIdentifier._meta.get_field("value_index")  # noqa: SLF001
        found: str | None = column.index_of(qualified(system.pk, number.value)) if system else None
        return found

    @property
    def _ours(self) -> str:
        return next((uri for uri, row in self.systems.items() if row.is_ours), "")

    def _find_links(self, batch: Batch, known: Iterable[Known]) -> None:
        records = [one for group in batch.groups for one in group.everything]
        keys = {key for one in records for key in one.origin.keys} | {one.key for one in known if one.key}
        sources = {one.origin.source for one in records} | {one.source for one in known if one.key}
        rows = ImportedRecord.objects.filter(source__in=sources, key__in=keys)
        self.links = {(row.source, row.kind, row.key): row for row in rows}

    def _find_numbers(self, people: list[Person], known: list[Known]) -> None:
        numbers = [number for one in people for number in one.numbers]
        numbers += [Number(system=self._ours, value=one.mrn) for one in people]
        numbers += [one.number for one in known if one.number]
        indexes = {index for number in numbers if (index := self.index(number))}
        rows = PatientIdentifier.objects.filter(value_index__in=indexes)
        self.by_number = {str(index): number for index, number in rows.values_list("value_index", "patient_id")}
        nationals = {index for one in people if (index := number_index(one.national_number))}
        if nationals:
            holders = Patient.objects.filter(national_number_index__in=nationals)
            self.by_national = {str(i): number for i, number in holders.values_list("national_number_index", "pk")}

    def _find_patients(self, people: list[Person], known: list[Known]) -> None:
        mrns = {one.mrn for one in people}
        mrns |= {one.number.value.strip().upper() for one in known if one.number and one.number.system == self._ours}
        wanted = {link.patient_id for link in self.links.values()}
        wanted |= {*self.by_number.values(), *self.by_national.values()}
        numbers = Patient.objects.filter(Q(mrn__in=mrns) | Q(pk__in=wanted)).values_list("pk", "merged_into_id")
        self._lock({number for pair in numbers for number in pair if number})
        while lacking := {n for one in self.patients.values() if (n := one.merged_into_id)} - self.patients.keys():
            self._lock(lacking)
        erased = Exists(Erasure.objects.filter(patient=OuterRef("pk"), state=ErasureState.DONE))
        closed = Patient.objects.filter(Q(is_restricted()) | Q(erased), pk__in=self.patients)
        self.closed = set(closed.values_list("pk", flat=True)) if self.patients else set()

    def _lock(self, numbers: Iterable[int]) -> None:
        """Read patients and lock them, in the order of their numbers as every command does."""
        rows = Patient.objects.filter(pk__in=numbers).select_for_update(no_key=True).order_by("pk")
        self.patients |= {row.pk: row for row in rows}
        self.by_mrn |= {row.mrn: row.pk for row in self.patients.values()}

    def read_allergies(self, patients: Iterable[int]) -> None:
        """Read what the patients are allergic to."""
        for row in Allergy.objects.filter(patient__in=list(patients)).order_by("pk"):
            self.allergies[row.patient_id].append(row)


def lock_names(names: Iterable[str]) -> None:
    """Let one import at a time work on a number, whether there is a patient with it yet or not."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [sorted(names)])

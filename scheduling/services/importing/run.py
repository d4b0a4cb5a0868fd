"""One import under way: what it makes, checks and remembers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from django.db import connection
from django.utils import timezone

from accounts.models import User
from patients.models import Patient
from patients.rights.restricting import is_restricted
from resources.models import Resource, Specialty
from scheduling.conflicts import Conflict, Facts, check_plan
from scheduling.importing.case import Case
from scheduling.importing.overlaps import double_bookings
from scheduling.models import (
    EstimateSource,
    Laterality,
    Operation,
    Priority,
    Procedure,
    Side,
    Status,
)
from scheduling.plan import Plan
from scheduling.services.importing.lists import Lists
from scheduling.services.importing.outcome import Entry, Imported, Outcome
from scheduling.services.importing.writing import Booking, write
from scheduling.services.overriding import as_kept
from scheduling.services.requesting import Request, build_operation

RESTRICTED = "The patient's record is restricted, so nothing is planned by a list. Book it by hand if you treat them."


def day_of(case: Case) -> date:
    """Return the local date on which a case is booked to start."""
    return timezone.localtime(case.period.start).date()


@dataclass(slots=True, kw_only=True)
class Run:
    """One import under way.

    ``case_names`` says how to name an operation, by its number; ``closed`` are the MRNs of records with which
    nothing may be planned.
    """

    actor: User
    source: str
    lists: Lists
    done: Imported = field(default_factory=Imported)
    case_names: dict[int, str] = field(default_factory=dict)
    days: set[date] = field(default_factory=set)
    patients: dict[str, Patient] = field(default_factory=dict)
    closed: frozenset[str] = frozenset()
    priority: Priority = field(init=False)

    def say(self, outcome: Outcome, case: Case, reason: str = "", others: tuple[str, ...] = ()) -> None:
        """Note what becomes of a case."""
        self.done.entries.append(Entry(outcome=outcome, case=case, reason=reason, others=others))

    def prepare(self, fresh: Sequence[Case]) -> None:
        """Lock patients and theatres, each by number as every command does, then make what is missing."""
        if not fresh:
            return
        numbered = Patient.objects.filter(mrn__in=[_mrn(case) for case in fresh])
        counts = {mrn: into or own for mrn, own, into in numbered.values_list("mrn", "pk", "merged_into")}
        patients = Patient.objects.filter(pk__in=counts.values())
        locked = {row.pk: row for row in patients.select_for_update(no_key=True).order_by("pk")}
        self.patients = {mrn: locked[number] for mrn, number in counts.items()}
        closed = set(patients.filter(is_restricted()).values_list("pk", flat=True))
        self.closed = frozenset(mrn for mrn, number in counts.items() if number in closed)
        theatres = {row.pk for case in fresh if (row := self.lists.theatre(case))}
        resources = Resource.objects.filter(pk__in=theatres).select_for_update(no_key=True)
        list(resources.order_by("pk").values_list("pk"))
        self.lists.make_missing(fresh)
        self.priority = self.lists.priority()

    def book(self, cases: Sequence[Case]) -> None:
        """Check the cases one after the other against all before them, and write those that may stand."""
        plans = self._plans(cases)
        facts = Facts.load(plans)
        bookings = []
        for case, plan in zip(cases, plans, strict=True):
            if _mrn(case) in self.closed:
                self.say(Outcome.REFUSED, case, RESTRICTED)
                continue
            conflicts = check_plan(plan, facts)
            hard = [conflict for conflict in conflicts if conflict.is_hard]
            if hard or _lacks_side(plan.operation):
                self._refuse(case, plan, hard, facts)
                continue
            facts.occupy(plan)
            bookings.append(self._booking(case, plan, conflicts))
            self.say(Outcome.BOOKED, case)
        write(bookings, actor=self.actor, source=self.source)

    def finish(self, cases: Sequence[Case]) -> None:
        """Look back over the whole list."""
        self.done.entries.sort(key=lambda entry: entry.case.line)
        self.done.made = self.lists.made
        known = ((self.lists.theatre(case), case) for case in cases)
        self.done.double_bookings = double_bookings((row.name, case) for row, case in known if row)

    def _plans(self, cases: Sequence[Case]) -> list[Plan]:
        """Return the cases as plans of operations that have their numbers but are not saved yet."""
        numbers = _take_numbers(Operation, len(cases))
        patient_numbers = iter(_take_numbers(Patient, len(cases)))
        plans = []
        for case, number in zip(cases, numbers, strict=True):
            patient = self.patients.get(_mrn(case))
            if patient is None:
                patient = self.patients[_mrn(case)] = _placeholder(case, next(patient_numbers))
            theatre, specialty, procedure = self.lists.needed(case)
            operation = self._operation(case, patient, specialty, procedure)
            operation.pk = number
            plans.append(Plan(operation=operation, theatre_id=theatre.pk, period=case.period))
            self.case_names[number] = str(case)
        return plans

    def _operation(self, case: Case, patient: Patient, specialty: Specialty, procedure: Procedure) -> Operation:
        """Return the operation as a request would make it, with the list's minutes and nothing around them."""
        request = Request(
            patient=patient,
            procedure=procedure,
            priority=self.priority,
            side=case.side,
            listed_on=min(timezone.localdate(), day_of(case)),
            external_id=case.number,
        )
        operation = build_operation(request)
        operation.specialty = specialty
        operation.due_on = None
        operation.status = Status.WAITING
        operation.set_up_minutes = operation.anaesthesia_minutes = operation.clean_up_minutes = 0
        operation.surgery_minutes = case.minutes
        operation.estimate_source = EstimateSource.IMPORTED
        return operation

    def _booking(self, case: Case, plan: Plan, conflicts: Sequence[Conflict]) -> Booking:
        self.done.accepted.update(conflict.rule for conflict in conflicts)
        self.days |= {timezone.localtime(at).date() for at in (case.period.start, case.period.end)}
        reason = f"Imported from {self.source}"
        overrides = [as_kept(conflict, reason, self.actor) for conflict in conflicts]
        return Booking(case=case, plan=plan, overrides=overrides)

    def _refuse(self, case: Case, plan: Plan, conflicts: Sequence[Conflict], facts: Facts) -> None:
        self._learn_names(conflicts)
        words = [self._words(conflict, facts) for conflict in conflicts]
        if _lacks_side(plan.operation):
            words.append(f"{plan.operation.procedure.code} is done on a side, and the list names none.")
        others = {c.other_operation_id for c in conflicts if c.other_operation_id}
        names = tuple(self.case_names[number] for number in sorted(others))
        self.say(Outcome.REFUSED, case, " ".join(words), names)

    def _learn_names(self, conflicts: Sequence[Conflict]) -> None:
        """Find out how to name operations in the way that this file does not hold."""
        others = {c.other_operation_id for c in conflicts if c.other_operation_id} - self.case_names.keys()
        if not others:
            return
        for number, external in Operation.objects.filter(pk__in=others).values_list("pk", "external_id"):
            self.case_names[number] = f"case {external} (imported before)" if external else f"operation {number}"

    def _words(self, conflict: Conflict, facts: Facts) -> str:
        if conflict.other_operation_id is None or conflict.period is None:
            return conflict.message
        resource = facts.resources.get(conflict.resource_id or 0)
        other = self.case_names[conflict.other_operation_id]
        return f"{resource or 'The patient'} is already booked {conflict.period} for {other}."


def _lacks_side(operation: Operation) -> bool:
    sided = Side(operation.side).is_named
    return operation.procedure.laterality == Laterality.REQUIRED and not sided


def _mrn(case: Case) -> str:
    return case.mrn or f"CASE-{case.number}"


def _placeholder(case: Case, number: int) -> Patient:
    """Return a patient of whom the list says nothing but a number; the name says where it is from."""
    name = "Imported patient" if case.mrn else "Imported case"
    return Patient(pk=number, mrn=_mrn(case), family_name=name, given_name=case.mrn or case.number)


def _take_numbers(model: type[Operation | Patient], count: int) -> list[int]:
    """Return so many numbers from the model's sequence, as inserting that many rows would."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [model._meta.db_table, count],  # noqa: SLF001
        )
        return [number for (number,) in cursor.fetchall()]

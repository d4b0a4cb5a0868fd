"""Books the demo's operations with the services that everybody uses; no rule is gone round."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from random import Random

from django.utils import timezone

from accounts.models import User
from patients.models import Patient
from resources.models import StaffMember, Theatre
from scheduling.conflicts import SchedulingConflictError
from scheduling.demo.calendar import planned
from scheduling.demo.cases import Catalogue, Listing, side_for
from scheduling.demo.ledger import Ledger, Member
from scheduling.demo.people import make_patient
from scheduling.models import Operation, Procedure, ReservationRole
from scheduling.period import Period
from scheduling.plan import Assignment, hold_period
from scheduling.services import Override, Request, book_operation, request_operation
from scheduling.services.requesting import build_operation

REASONS = {
    "in_the_past": "Entered afterwards from the paper list.",
    "past_due": "Patient was away; agreed with the surgeon.",
    "outside_block": "Emergency; no other theatre free.",
    "outside_hours": "Overtime agreed with the team.",
    "over_session": "Overtime agreed with the team.",
    "no_bed": "Bed manager expects a discharge before.",
    "infectious_not_last": "Deep clean arranged in between.",
}
"""What a coordinator would write for each soft conflict."""


OLD = 60
"""Years from which a patient is more often ASA 3 than 1."""


@dataclass(slots=True)
class Booker:
    """Everything that booking needs, for the whole run."""

    actor: User
    today: date
    catalogue: Catalogue
    ledger: Ledger
    patient_numbers: count  # type: ignore[type-arg]
    taken_codes: set[str]
    late_shown: bool = False
    refused: list[str] = field(default_factory=list)

    def draft(self, procedure: Procedure, listing: Listing) -> Operation:
        """Return the operation as it would be requested, to see what it would hold."""
        return build_operation(Request(patient=Patient(), procedure=procedure, priority=listing.priority))

    def find_team(
        self,
        draft: Operation,
        start: datetime,
        theatre: Theatre,
        surgeon: StaffMember,
        familiar: set[int],
        *,
        emergency: bool,
    ) -> list[Member] | None:
        """Return a team that is free with ``surgeon`` at ``start``, or ``None``."""
        in_room = Period.lasting(start, draft.in_room_minutes)
        lead = Assignment(resource_id=surgeon.pk, role=ReservationRole.LEAD_SURGEON)
        if not self.ledger.is_free(surgeon.pk, hold_period(draft, in_room, lead)):
            return None
        return self.ledger.find_team(
            draft,
            in_room,
            theatre_id=theatre.pk,
            familiar=familiar,
            emergency=emergency,
        )

    def request(
        self,
        rng: Random,
        code: str,
        procedure: Procedure,
        listing: Listing,
        surgeon: StaffMember | None,
        *,
        patient: Patient | None = None,
        notes: str = "",
    ) -> Operation:
        """Put an operation on the waiting list, for a new patient where none is given."""
        request = self.request_for(rng, code, procedure, listing, surgeon, patient=patient, notes=notes)
        return request_operation(actor=self.actor, request=request)

    def request_for(
        self,
        rng: Random,
        code: str,
        procedure: Procedure,
        listing: Listing,
        surgeon: StaffMember | None,
        *,
        patient: Patient | None = None,
        notes: str = "",
    ) -> Request:
        """Return what is to be asked for; ``code`` is the case's number in the demo."""
        patient = patient or make_patient(rng, self.patient_numbers, procedure, self.today)
        old = (patient.age or OLD) >= OLD
        self.taken_codes.add(code)
        return Request(
            patient=patient,
            procedure=procedure,
            priority=listing.priority,
            side=side_for(rng, procedure),
            lead_surgeon=surgeon,
            listed_on=listing.listed_on,
            asa_class=rng.choices((1, 2, 3, 4), (1, 6, 6, 2) if old else (5, 6, 3, 1))[0],
            notes=notes,
            external_id=code,
        )

    def consultants(self) -> list[StaffMember]:
        """Return those who lead operations."""
        return [person for person in self.ledger.people["surgeon"] if not person.rostered]

    def book(
        self,
        operation: Operation,
        theatre: Theatre,
        start: datetime,
        surgeon: StaffMember,
        team: Sequence[Member],
    ) -> Operation | None:
        """Book the operation; a refusal is kept for the summary and never forced."""
        past = start < timezone.now()
        override = Override(REASONS["in_the_past"]) if past else None
        try:
            done = self._book(operation, theatre, start, surgeon, team, override=override)
        except SchedulingConflictError as error:
            reasons = {REASONS[conflict.rule] for conflict in error.conflicts if conflict.rule in REASONS}
            if past or not error.overridable or not reasons:
                self.refused.append(str(error))
                return None
            given = Override(" ".join(sorted(reasons)))
            done = self._book(operation, theatre, start, surgeon, team, override=given)
        itself = [(theatre.pk, ReservationRole.THEATRE), (surgeon.pk, ReservationRole.LEAD_SURGEON)]
        self.ledger.take(done, planned(done), [*team, *itself])
        return done

    def _book(
        self,
        operation: Operation,
        theatre: Theatre,
        start: datetime,
        surgeon: StaffMember,
        team: Sequence[Member],
        *,
        override: Override | None,
    ) -> Operation:
        return book_operation(
            actor=self.actor,
            operation_id=operation.pk,
            version=operation.version,
            theatre_id=theatre.pk,
            start=start,
            lead_surgeon_id=surgeon.pk,
            members=team,
            override=override,
        )


def to_five_minutes(at: datetime) -> datetime:
    """Return ``at`` or the next full five minutes after it."""
    spare = timedelta(minutes=at.minute % 5, seconds=at.second, microseconds=at.microsecond)
    return at - spare + timedelta(minutes=5) if spare else at

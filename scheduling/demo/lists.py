"""Fills a day's blocks with cases, one after the other, as a booking office does."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random

from patients.models import Patient
from resources.models import Specialty, StaffMember, Theatre, TheatreSession
from scheduling.demo.booker import Booker, to_five_minutes
from scheduling.demo.calendar import at, planned
from scheduling.demo.cases import (
    EMERGENCIES,
    Listing,
    Listings,
    holders,
    in_random_order,
    in_room_minutes,
)
from scheduling.demo.dice import happens
from scheduling.models import Operation, Procedure
from scheduling.period import Period

TRIES = 12
"""How many procedures are tried for one gap before it is left free."""

TRAUMA_AHEAD = 1
"""Days ahead that trauma is known."""


@dataclass(slots=True)
class _Session:
    """One block while it is being filled; ``done`` are the procedures that it has already."""

    surgeon: StaffMember
    suitable: list[Procedure]
    ends: datetime
    trauma: bool
    done: set[int] = field(default_factory=set)


@dataclass(slots=True)
class DayList:
    """One theatre on one day while it is being filled."""

    booker: Booker
    theatre: Theatre
    day: date
    rng: Random
    emergency: bool
    familiar: set[int] = field(default_factory=set)
    operations: list[Operation] = field(default_factory=list)

    def fill(self, sessions: list[TheatreSession]) -> list[Operation]:
        """Book cases into ``sessions`` that a specialty owns, and return them in order of time."""
        for block in sessions:
            if block.specialty is None:
                continue
            trauma = block.specialty.code == "trauma"
            if trauma and (self.day - self.booker.today).days > TRAUMA_AHEAD:
                continue
            surgeon = block.surgeon or self._surgeon_for(block)
            if surgeon is not None:
                self._fill_session(Period.of(block.period), block.specialty, surgeon, trauma=trauma)
        return self.operations

    def add_emergency(
        self, earliest: datetime, *, code: str | None = None, patient: Patient | None = None
    ) -> Operation | None:
        """Book an emergency as soon as a surgeon and the team on call are free; give up after 4 hours."""
        procedure = self.booker.catalogue.by_code(code or self.rng.choice(EMERGENCIES))
        listing = self._listings().emergency(self.day)
        draft = self.booker.draft(procedure, listing)
        surgeons = holders(self.booker.consultants(), procedure)
        for minutes in range(0, 240, 10):
            start = self._start_after(to_five_minutes(earliest + timedelta(minutes=minutes)), draft)
            for surgeon in surgeons:
                booked = self._book(draft, listing, start, surgeon, patient)
                if booked is not None:
                    return booked
        return None

    def _fill_session(self, hours: Period, specialty: Specialty, surgeon: StaffMember, *, trauma: bool) -> None:
        suitable = self.booker.catalogue.elective(specialty, self.theatre, surgeon)
        session = _Session(surgeon=surgeon, suitable=suitable, ends=hours.end, trauma=trauma)
        free_from: datetime | None = hours.start
        while free_from is not None and free_from < session.ends:
            booked = self._next_case(session, free_from)
            free_from = planned(booked).end if booked else None

    def _next_case(self, session: "_Session", free_from: datetime) -> Operation | None:
        """Book the first procedure that fits with a team; the same one again is rare."""
        minutes = Period(free_from, session.ends).minutes
        for procedure in in_random_order(self.rng, session.suitable, minutes=minutes)[:TRIES]:
            listing = self._listing(trauma=session.trauma)
            draft = self.booker.draft(procedure, listing)
            start = self._start_after(free_from, draft)
            ends = start + timedelta(minutes=in_room_minutes(procedure))
            again = procedure.pk in session.done and happens(self.rng, 0.7)
            if again or ends > session.ends:
                continue
            booked = self._book(draft, listing, start, session.surgeon)
            if booked is not None:
                session.done.add(procedure.pk)
                return booked
        return None

    def _book(
        self,
        draft: Operation,
        listing: Listing,
        start: datetime,
        surgeon: StaffMember,
        patient: Patient | None = None,
    ) -> Operation | None:
        """Book what ``draft`` describes where a team is free."""
        team = self.booker.find_team(draft, start, self.theatre, surgeon, self.familiar, emergency=self.emergency)
        if team is None:
            return None
        code = f"{code_of(self.day, self.theatre)}-{len(self.operations) + 1}"
        operation = self.booker.request(self.rng, code, draft.procedure, listing, surgeon, patient=patient)
        booked = self.booker.book(operation, self.theatre, start, surgeon, team)
        if booked is not None:
            self.familiar.update(resource for resource, _ in team)
            self.operations.append(booked)
        return booked

    def _start_after(self, free_from: datetime, draft: Operation) -> datetime:
        """Return wheels-in: turnover and the room's clean-up and set-up come first."""
        if not self.operations:
            return free_from
        previous = self.operations[-1]
        specialties = (previous.specialty, draft.specialty)
        standard = max(self.theatre.turnover_minutes, *(one.turnover_minutes or 0 for one in specialties))
        gap = max(standard, previous.clean_up_minutes + draft.set_up_minutes)
        return max(free_from, to_five_minutes(planned(previous).end + timedelta(minutes=gap)))

    def _surgeon_for(self, block: TheatreSession) -> StaffMember | None:
        """Return a consultant of the specialty who is free for the whole session, whoever led least so far."""
        session = Period.of(block.period)
        free = [
            surgeon
            for surgeon in self.booker.consultants()
            if any(row.pk == block.specialty_id for row in surgeon.specialties.all())
            and self.booker.ledger.is_free(surgeon.pk, session)
        ]
        return min(
            free,
            key=lambda row: (len(self.booker.ledger.taken[row.pk]), row.pk),
            default=None,
        )

    def _listing(self, *, trauma: bool) -> Listing:
        listings = self._listings()
        return listings.urgent(self.day) if trauma else listings.elective(self.day)

    def _listings(self) -> Listings:
        return Listings(self.rng, self.booker.catalogue.priorities, self.booker.today)


def code_of(day: date, theatre: Theatre) -> str:
    """Return how the case numbers of one theatre on one day begin."""
    return f"DEMO-{day:%Y%m%d}-{theatre.code}"


def afternoon(day: date) -> datetime:
    """Return when emergencies begin: after the trauma list."""
    return at(day, time(13, 30))

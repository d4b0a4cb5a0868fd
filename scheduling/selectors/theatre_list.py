"""One theatre's list of a day, as theatres print it."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Prefetch, Q

from accounts.models import User
from resources.models import Theatre
from scheduling.models import KitState, ListNote, LoanKit, Operation, Reservation, ReservationRole
from scheduling.selectors.similar_names import similar_on

TEAM = (ReservationRole.ANAESTHETIST, ReservationRole.SCRUB_NURSE, ReservationRole.CIRCULATING_NURSE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedCase:
    """One line: its place in the order, what may be said of it, and what it needs."""

    order: int
    operation: Any
    allergies: list[str]
    equipment: list[str]
    kit: list[LoanKit]
    team: list[str]
    similar: str
    """That another patient at the site has the same surname that day, or nearly so; empty where nobody has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TheatreList:
    """The list with its notes."""

    theatre: Theatre
    day: date
    cases: list[ListedCase]
    note: ListNote | None
    day_note: ListNote | None

    @property
    def notes(self) -> list[ListNote]:
        """The notes there are, the day's first."""
        return [note for note in (self.day_note, self.note) if note]


def theatre_list(theatre: Theatre, day: date, viewer: User) -> TheatreList:
    """Return the list in order, as ``viewer`` may see it, in a fixed number of queries."""
    kit = LoanKit.objects.exclude(state__in=(KitState.NOT_NEEDED, KitState.RETURNED))
    held = Reservation.objects.filter(active=True).select_related("resource").order_by("role", "pk")
    operations: list[Any] = list(
        Operation.objects.on(day)
        .filter(theatre=theatre)
        .with_facts()
        .with_board_standing(viewer)
        .prefetch_related(
            Prefetch("reservations", held, to_attr="held"),
            Prefetch("loan_kit", kit, to_attr="kit"),
            "patient__allergies",
        )
        .order_by("period", "pk")
    )
    similar = similar_on(day, theatre, viewer)
    written = ListNote.objects.filter(Q(theatre=theatre) | Q(theatre=None), day=day).select_related("written_by")
    notes = {note.theatre_id: note for note in written}
    return TheatreList(
        theatre=theatre,
        day=day,
        cases=[_case(number, one, similar.get(one.pk, "")) for number, one in enumerate(operations, start=1)],
        note=notes.get(theatre.pk),
        day_note=notes.get(None),
    )


def _case(order: int, operation: Any, similar: str) -> ListedCase:
    if not operation.is_open:
        return ListedCase(order=order, operation=operation, allergies=[], equipment=[], kit=[], team=[], similar="")
    patient = operation.patient
    allergies = [allergy.substance.capitalize() for allergy in patient.counting_allergies]
    return ListedCase(
        order=order,
        operation=operation,
        allergies=allergies or [patient.get_allergy_status_display()],
        equipment=[row.resource.name for row in operation.held if row.role == ReservationRole.EQUIPMENT],
        kit=operation.kit,
        team=[row.resource.name for row in operation.held if row.role in TEAM],
        similar=similar,
    )

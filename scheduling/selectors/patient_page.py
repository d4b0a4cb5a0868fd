"""Everything the page of one patient shows beside the cards of the record: operations, what is missing, what was."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from accounts.models import User
from patients.models import AllergyStatus, Patient
from patients.models.clinical import HEEDED
from patients.record.cards import Card
from scheduling.models import Assessment, ChangeVerb, Operation, OperationChange, Status
from scheduling.selectors.consent import consent_state

TIMELINE, PAST = 30, 10
"""So many of the newest events, and of the operations that are over, are shown at first."""
OVER = (Status.COMPLETED, Status.CANCELLED)
BEGUN = (Status.IN_THEATRE, Status.RECOVERY)
"""Before such an operation nothing can be seen to any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """One thing to see to before the next operation: what it is, what to do, and the card or page where it is done."""

    what: str
    do: str
    card: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened to the patient on one day."""

    day: date
    kind: str
    what: str
    url: str = ""
    planned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientPage:
    """Operations to come (the next first) and past (the newest first), what is missing, and the timeline.

    ``older`` and ``earlier`` say how many operations and events are left out.
    """

    coming: list[Operation]
    past: list[Operation]
    older: int
    upcoming: Operation | None
    missing: list[Missing]
    timeline: list[Event]
    earlier: int


def patient_page(patient: Patient, viewer: User, cards: dict[str, Card], *, whole: bool = False) -> PatientPage:
    """Return the page's content, with two queries for the operations that are open to ``viewer``."""
    operations = list(Operation.objects.filter(patient=patient).visible_to(viewer).with_facts())
    coming = sorted((one for one in operations if one.status not in OVER), key=_place_in_queue)
    past = sorted((one for one in operations if one.status in OVER), key=_when, reverse=True)
    upcoming = next((one for one in coming if one.status not in BEGUN), None)
    events = sorted(_events(patient, operations, cards), key=lambda event: event.day, reverse=True)
    return PatientPage(
        coming=coming,
        past=past if whole else past[:PAST],
        older=0 if whole else max(len(past) - PAST, 0),
        upcoming=upcoming,
        missing=missing_before(upcoming, patient, cards) if upcoming else [],
        timeline=events if whole else events[:TIMELINE],
        earlier=0 if whole else max(len(events) - TIMELINE, 0),
    )


def missing_before(operation: Operation, patient: Patient, cards: dict[str, Card]) -> list[Missing]:
    """Return what the record lacks for ``operation``; its own page says what its plan lacks."""
    found = []
    if patient.is_deceased:
        found.append(Missing(what="The patient has died", do="Cancel what is planned."))
    if patient.allergy_status == AllergyStatus.NOT_RECORDED:
        found.append(Missing(what="Allergies: not recorded", do="Ask, and record the answer.", card="allergies"))
    found += _of_consent(operation)
    found += _of_assessment(operation, cards["assessments"])
    found += _of_asa(operation, cards["assessments"])
    found += [
        Missing(
            what=f"{one.get_surgical_class_display()}: no plan",
            do=f"Say what to do about {one.text}.",
            card="medicines",
        )
        for one in cards["medicines"].current
        if one.lacks_plan
    ]
    if not patient.phone:
        found.append(Missing(what="No phone number", do="Ask how to reach the patient.", card="contact"))
    return found


def _of_consent(operation: Operation) -> list[Missing]:
    state = consent_state([operation])[operation.pk]
    url = f"{reverse('scheduling:operation-detail', args=[operation.pk])}#consent"
    return (
        [Missing(what=state.words, do="Talk to the patient, and record the answer.", url=url)] if state.problem else []
    )


def _of_assessment(operation: Operation, card: Card) -> list[Missing]:
    """Say whether an assessment counts on the day: one of the record, or what the waiting list was told."""
    day = timezone.localdate(operation.starts_at) if operation.starts_at else timezone.localdate()
    if operation.assessment == Assessment.UNFIT:
        return [Missing(what="Not fit for surgery", do="Look at the assessment.", card="assessments")]
    ends = [one.valid_until or date.max for one in card.current[:1]]
    if operation.assessment == Assessment.FIT:
        ends.append(operation.fit_until or date.max)
    if not ends:
        booked = " It is booked." if operation.assessment == Assessment.BOOKED else ""
        return [Missing(what="No pre-operative assessment", do=f"Assess the patient.{booked}", card="assessments")]
    if max(ends) < day:
        last = date_format(max(ends), "D j M Y")
        when = "before the date" if operation.starts_at else "already"
        return [
            Missing(what=f"Assessment expires {when}", do=f"It counts until {last}: assess again.", card="assessments")
        ]
    return []


def _of_asa(operation: Operation, card: Card) -> list[Missing]:
    """Say where the case was booked under another ASA class than the assessment found; lists print the case's."""
    assessed = next((one.asa for one in card.current[:1]), None)
    if not (assessed and operation.asa_class) or assessed == operation.asa_class:
        return []
    return [
        Missing(
            what=f"ASA {assessed} at the assessment, {operation.asa_class} on the case",
            do="Lists show that of the case. Find out which is right.",
            card="assessments",
        )
    ]


def _place_in_queue(operation: Operation) -> tuple[bool, datetime | date]:
    """Put what has a time first, in order of time, then what waits, in order of listing."""
    placed = operation.starts_at is not None
    return (not placed, operation.starts_at or operation.listed_on)


def _when(operation: Operation) -> date:
    return timezone.localdate(operation.starts_at) if operation.starts_at else operation.listed_on


def _events(patient: Patient, operations: Sequence[Operation], cards: dict[str, Card]) -> Iterable[Event]:
    today = timezone.localdate()
    for one in operations:
        url = reverse("scheduling:operation-detail", args=[one.pk])
        yield Event(day=one.listed_on, kind="Listed", what=one.procedure_with_side, url=url)
        if one.starts_at:
            day = timezone.localdate(one.starts_at)
            kind = "Operation" if one.status in (*BEGUN, Status.COMPLETED) else "Planned"
            yield Event(day=day, kind=kind, what=one.procedure_with_side, url=url, planned=day > today)
    yield from _called_off(operations)
    yield from _entries(cards)
    if patient.deceased_on:
        yield Event(day=patient.deceased_on, kind="Died", what="")


def _called_off(operations: Sequence[Operation]) -> Iterable[Event]:
    """Yield what was cancelled or put off: the operation itself has no day any more."""
    known = {one.pk: one for one in operations}
    verbs = (ChangeVerb.CANCELLED, ChangeVerb.POSTPONED)
    changes = OperationChange.objects.filter(operation__in=known, verb__in=verbs, undone_by=None)
    for change in changes.select_related("reason"):
        one = known[change.operation_id]
        what = f"{one.procedure_with_side}: {change.reason.label}" if change.reason else one.procedure_with_side
        url = reverse("scheduling:operation-detail", args=[one.pk])
        yield Event(day=timezone.localdate(change.at), kind=ChangeVerb(change.verb).label, what=what, url=url)


def _entries(cards: dict[str, Card]) -> Iterable[Event]:
    for one in _heeded(cards["procedures"]):
        if one.performed_on:
            yield Event(day=one.performed_on, kind="Procedure elsewhere", what=one.text)
    yield from _spans(cards["conditions"], "Condition")
    yield from _spans(cards["medicines"], "Medicine")
    for one in _heeded(cards["assessments"]):
        yield Event(day=one.assessed_on, kind="Assessed", what=f"ASA {one.asa}" if one.asa else "")
    for one in _heeded(cards["allergies"]):
        yield Event(day=timezone.localdate(one.recorded_at), kind="Allergy recorded", what=one.substance)


def _spans(card: Card, noun: str) -> Iterable[Event]:
    today = timezone.localdate()
    for one in _heeded(card):
        if one.began_on:
            yield Event(day=one.began_on, kind=f"{noun} since", what=one.text)
        if one.ended_on:
            yield Event(day=one.ended_on, kind=f"{noun} until", what=one.text, planned=one.ended_on > today)


def _heeded(card: Card) -> list[Any]:
    """Return the entries that are so, or were."""
    return [one for one in (*card.current, *card.past) if one.certainty in HEEDED]

"""Whether a case that was imported before is still what the file says."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from django.utils import timezone

from scheduling.importing.case import Case
from scheduling.models import EventKind, Operation
from scheduling.services.importing.lists import Lists


def differences(case: Case, operation: Operation, events: Mapping[str, datetime], lists: Lists) -> Iterator[str]:
    """Yield in words what is different here from what the file says."""
    if not operation.is_placed:
        yield f"it is {operation.get_status_display().lower()} here"
    else:
        yield from _elsewhere(case, operation, lists)
    if operation.procedure != lists.procedure(case):
        yield "it is another procedure here"
    if operation.specialty != lists.specialty(case):
        yield f"its specialty is {operation.specialty} here"
    if case.mrn and operation.patient.mrn != case.mrn:
        yield "it has another patient here"
    for kind, at in case.events.items():
        if events.get(kind) != at:
            here = f"is {_moment(events[kind])}" if kind in events else "is not recorded"
            yield f"{EventKind(kind).label.lower()} {here} here"


def _elsewhere(case: Case, operation: Operation, lists: Lists) -> Iterator[str]:
    if operation.theatre != lists.theatre(case):
        yield f"it is in {operation.theatre} here"
    if operation.starts_at and operation.starts_at != case.period.start:
        yield f"it starts {_moment(operation.starts_at)} here"
    if operation.in_room_minutes != case.minutes:
        yield f"it takes {operation.in_room_minutes} min here"


def _moment(at: datetime) -> str:
    return f"{timezone.localtime(at):%a %d %b %Y %H:%M}"

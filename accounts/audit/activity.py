"""What one person looked at, wrote and signed in from: the record, read by person."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet

from accounts.audit.models import Access, Event
from accounts.audit.words import ACTIONS, page_in_words, table_in_words
from accounts.models import SignInFailure, User

PAGE_SIZE = 50
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Slice(Generic[Row]):
    """Rows, newest first, and the number below which the next ones are; the length of the record plays no part."""

    rows: list[Row]
    older: int | None


@dataclass(frozen=True)
class Line:
    """One thing that somebody did. ``patient`` is our number of whom it was about, if anybody."""

    at: datetime
    what: str
    detail: str
    address: str
    patient: int | None = None


def slice_below(rows: QuerySet[Row], before: int | None, *, size: int = PAGE_SIZE) -> Slice[Row]:
    """Return the newest rows whose number is below ``before``."""
    found = list((rows.filter(pk__lt=before) if before else rows).order_by("-pk")[: size + 1])
    return Slice(found[:size], found[size - 1].pk if len(found) > size else None)


def reads_of(person: User, before: int | None) -> tuple[list[Line], int | None]:
    """Return whom ``person`` saw, and where."""
    found = slice_below(Access.objects.filter(actor_id=person.pk), before)
    lines = [
        Line(row.at, page_in_words(row.view), AccessWords[row.kind], row.address or "", row.patient_id)
        for row in found.rows
    ]
    return lines, found.older


AccessWords: dict[str, str] = {str(value): str(words) for value, words in Access._meta.get_field("kind").choices or ()}  # noqa: SLF001


def writes_of(person: User, before: int | None) -> tuple[list[Line], int | None]:
    """Return what ``person`` wrote: which rows and columns, never what stood in them."""
    found = slice_below(Event.objects.filter(actor_id=person.pk), before)
    lines = [
        Line(
            row.at,
            f"{table_in_words(row.table_name).capitalize()} {row.row_id or ''} {ACTIONS[row.action]}",
            ", ".join(_columns(row)) if row.action == "update" else "",
            row.address or "",
            _patient(row),
        )
        for row in found.rows
    ]
    return lines, found.older


def failures_of(person: User, before: int | None) -> tuple[list[Line], int | None]:
    """Return when somebody failed to sign in as ``person``."""
    found = slice_below(SignInFailure.objects.filter(user=person), before)
    return [Line(row.at, "Sign-in failed", "", row.address or "") for row in found.rows], found.older


def _columns(row: Event) -> Iterable[str]:
    return (name.removesuffix("_id").replace("_", " ") for name in sorted(row.changed))


def _patient(row: Event) -> int | None:
    if row.table_name == "patients_patient" and row.row_id:
        return int(row.row_id)
    values: Any = row.changed.get("patient_id")
    return next((value for value in values or () if isinstance(value, int)), None)


KINDS = {"reads": reads_of, "writes": writes_of, "failures": failures_of}
"""What the page offers, by the word in its address."""

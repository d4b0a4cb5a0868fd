"""Closed lists for the boards and the printed list: since when, and what was changed all the same."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from resources.models import Theatre
from scheduling.conflicts.closing import LIST_CLOSED, closed_lists
from scheduling.list_closing import Closed
from scheduling.models import ChangeVerb, ListDecision, Operation, OperationChange
from scheduling.period import Period
from scheduling.querysets import local_midnight

NO_CHANGE_OF_A_LIST = (
    ChangeVerb.REQUESTED,
    ChangeVerb.ACCEPTED,
    ChangeVerb.WAITED,
    ChangeVerb.RECORDED,
    ChangeVerb.CONFIRMED,
)
"""What never changes who is on a list, when and with which surgeon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedLine:
    """A closed list on a board: since when, and how many changes came after."""

    since: datetime
    by_hand: bool
    changes: int

    @property
    def words(self) -> str:
        """What the boards say: ``List closed 14:00``."""
        return f"List closed {timezone.localtime(self.since):%H:%M}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LateChange:
    """A change of a list after it was closed: of which case, what, by whom and why.

    Whose case it is and the words of the reason are for those who may open it.
    """

    change: OperationChange
    operation: Any
    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListState:
    """What the page of a list says of it. ``decision`` is the last one by hand."""

    closed: Closed | None
    decision: ListDecision | None
    changes: list[LateChange]
    is_over: bool


def closed_lines(theatres: Collection[int], day: date, now: datetime) -> dict[int, ClosedLine]:
    """Return the closed lists of ``day`` by theatre; one query where nothing closes, two where lists do."""
    closed = {theatre: one for (theatre, _), one in closed_lists(theatres, day, day, now, past=True).items()}
    if not closed:
        return {}
    counts = {theatre: len(numbers) for theatre, numbers in _changed(closed, day).items()}
    return {
        theatre: ClosedLine(since=one.since, by_hand=one.by_hand, changes=counts.get(theatre, 0))
        for theatre, one in closed.items()
    }


def list_state(theatre: Theatre, day: date, viewer: User, *, now: datetime | None = None) -> ListState:
    """Return whether a list is closed, who said so, and what was changed since, as ``viewer`` may see it."""
    now = now or timezone.now()
    closed = closed_lists([theatre.pk], day, day, now, past=True).get((theatre.pk, day))
    decisions = ListDecision.objects.filter(theatre=theatre, day=day).select_related("decided_by")
    return ListState(
        closed=closed,
        decision=decisions.order_by("-decided_at", "-pk").first(),
        changes=_late_changes(theatre, day, closed, viewer) if closed else [],
        is_over=day < timezone.localdate(now),
    )


def _changed(closed: Mapping[int, Closed], day: date) -> dict[int, list[int]]:
    """Return the changes of each theatre's list after it was closed, by number, in order of time."""
    rows = (
        OperationChange.objects.filter(
            at__gte=min(one.since for one in closed.values()), at__lt=local_midnight(day + timedelta(days=1))
        )
        .exclude(verb__in=NO_CHANGE_OF_A_LIST)
        .order_by("at", "pk")
        .values_list("pk", "at", "before", "after")
    )
    found: dict[int, list[int]] = defaultdict(list)
    for number, at, before, after in rows:
        was, became = _place(before), _place(after)
        for theatre in {place[0] for place in (was, became) if place and place[1] == day} & closed.keys():
            if was != became and at >= closed[theatre].since:
                found[theatre].append(number)
    return found


def _place(snapshot: dict[str, Any]) -> tuple[int, date, Period, int | None] | None:
    """Return theatre, day, period and lead surgeon of a snapshot, ``None`` without a place."""
    if not snapshot.get("theatre"):
        return None
    period = Period(datetime.fromisoformat(snapshot["start"]), datetime.fromisoformat(snapshot["end"]))
    return snapshot["theatre"], timezone.localdate(period.start), period, snapshot.get("lead_surgeon")


def _late_changes(theatre: Theatre, day: date, closed: Closed, viewer: User) -> list[LateChange]:
    numbers = _changed({theatre.pk: closed}, day).get(theatre.pk, [])
    if not numbers:
        return []
    changes = list(
        OperationChange.objects.filter(pk__in=numbers).select_related("actor", "reason").order_by("at", "pk")
    )
    cases = Operation.objects.filter(pk__in={one.operation_id for one in changes})
    known: dict[int, Any] = {one.pk: one for one in cases.with_facts().with_board_standing(viewer)}
    names = dict(Theatre.objects.order_by().values_list("pk", "name"))
    return [
        LateChange(
            change=change,
            operation=known[change.operation_id],
            what=_what(change, (theatre.pk, day), names),
            why=_why(change) if known[change.operation_id].is_open else "",
        )
        for change in changes
    ]


def _what(change: OperationChange, this: tuple[int, date], names: Mapping[int, str]) -> str:
    """Say what the change did to this list."""
    was, became = _place(change.before), _place(change.after)
    here, there = (place if place and place[:2] == this else None for place in (was, became))
    if here and there:
        return f"{here[2]} → {there[2]}" if here[2] != there[2] else "Another lead surgeon"
    if there:
        return f"Added {there[2]}" + (f", from {_elsewhere(was, this, names)}" if was else "")
    gone = f"Taken off, was {here[2]}" if here else ""
    if became:
        return f"{gone}, now {_elsewhere(became, this, names)}"
    return f"{gone}: {change.get_verb_display().lower()}"


def _elsewhere(place: tuple[int, date, Period, int | None], this: tuple[int, date], names: Mapping[int, str]) -> str:
    theatre, day, period, _ = place
    when = f"{period}" if day == this[1] else f"{day:%a %d %b} {period}"
    return when if theatre == this[0] else f"{names.get(theatre, '?')} {when}"


def _why(change: OperationChange) -> str:
    """Return the reason given: for the closed list, else the coded one, else the note."""
    given = [item["reason"] for item in change.overrides if item["rule"] == LIST_CLOSED]
    coded = f"{change.reason.label}: {change.note}" if change.reason and change.note else change.reason
    return str(next(iter(given), "") or coded or change.note)

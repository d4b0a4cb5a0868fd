"""Everything the page of one operation shows."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts.models import User
from resources.models import Resource
from scheduling.conflicts import Conflict, Facts, check_plan
from scheduling.conflicts.rules_hard import missing_kit, missing_needs
from scheduling.models import (
    ClockPause,
    Operation,
    OperationChange,
    Reservation,
    ReservationRole,
)
from scheduling.period import Period
from scheduling.plan import Plan
from scheduling.selectors.care_team import care_team
from scheduling.selectors.masking import mask_accepted, masked_for
from scheduling.selectors.similar_names import similar_on
from scheduling.services.undoing import undo_takes


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLine:
    """One change in words: what the plan was and what it became."""

    change: OperationChange
    was: str
    became: str
    team: str
    undo_takes: str
    """The capability that undoing it takes; empty where it can't be undone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationPage:
    """One operation with its team, what is missing, what speaks against its plan, and its history."""

    operation: Operation
    team: list[Reservation]
    missing: list[str]
    conflicts: list[Conflict]
    pauses: list[ClockPause]
    history: list[HistoryLine]
    care_team: list[User]
    similar: str
    """That another patient at the site has the same surname that day, or nearly so; empty where nobody has."""


def operation_page(operation: Operation, viewer: User) -> OperationPage:
    """Return what the page of ``operation`` shows to ``viewer``; load it with ``with_facts()``."""
    rows = list(operation.reservations.filter(active=True).select_related("resource__staffmember__grade"))
    missing: list[str] = []
    conflicts: list[Conflict] = []
    if operation.is_movable:
        plan = Plan.current(operation, rows)
        facts = Facts.load([plan])
        facts.occupy(plan)
        missing = [*missing_needs(replace(plan, confirming=True), facts), *missing_kit(plan, facts)]
        conflicts = check_plan(plan, facts)
    return OperationPage(
        operation=operation,
        team=sorted(rows, key=lambda row: ReservationRole.values.index(row.role)),
        missing=missing,
        conflicts=masked_for(viewer, conflicts),
        pauses=list(operation.pauses.all()),
        history=history_of(operation, viewer),
        care_team=list(care_team(operation.patient)),
        similar=_similar(operation, viewer),
    )


def _similar(operation: Operation, viewer: User) -> str:
    if operation.starts_at is None:
        return ""
    day = timezone.localtime(operation.starts_at).date()
    return similar_on(day, operation.theatre, viewer).get(operation.pk, "")


def history_of(operation: Operation, viewer: User) -> list[HistoryLine]:
    """Return the operation's changes, newest first, with resources by name."""
    changes = list(
        OperationChange.objects.filter(operation=operation)
        .select_related("actor", "reason", "undoes")
        .order_by("-version")
    )
    mask_accepted(viewer, changes)
    snapshots = [snapshot for change in changes for snapshot in (change.before, change.after)]
    names = dict(Resource.objects.filter(pk__in=_resources(snapshots)).values_list("pk", "name"))
    return [
        HistoryLine(
            change=change,
            was=_place(change.before, names),
            became=_place(change.after, names),
            team=_team_change(change, names),
            undo_takes=undo_takes(change) if change.version == operation.version else "",
        )
        for change in changes
    ]


def _resources(snapshots: Iterable[dict[str, Any]]) -> set[int]:
    found: set[int] = set()
    for snapshot in snapshots:
        found.update(item["resource"] for item in snapshot.get("team", []))
        if snapshot.get("theatre"):
            found.add(snapshot["theatre"])
    return found


def _place(snapshot: dict[str, Any], names: dict[int, str]) -> str:
    """Return theatre, date and times of a snapshot, or "" when it had none."""
    if not snapshot.get("theatre"):
        return ""
    period = Period(datetime.fromisoformat(snapshot["start"]), datetime.fromisoformat(snapshot["end"]))
    day = timezone.localtime(period.start)
    return f"{names.get(snapshot['theatre'], '?')}, {day:%a %d %b %Y} {period}"


def _team_change(change: OperationChange, names: dict[int, str]) -> str:
    """Return who joined (+) and who left (-)."""
    before = {(item["resource"], item["role"]) for item in change.before.get("team", [])}
    after = {(item["resource"], item["role"]) for item in change.after.get("team", [])}
    joined = [f"+ {names.get(resource, '?')}" for resource, _ in sorted(after - before)]
    left = [f"− {names.get(resource, '?')}" for resource, _ in sorted(before - after)]
    return ", ".join([*joined, *left])

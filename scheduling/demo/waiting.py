"""Who waits for a date, and the small changes of plan that every hospital has."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Any

from django.utils import timezone

from accounts.models import User
from scheduling.conflicts import SchedulingConflictError
from scheduling.demo.booker import Booker
from scheduling.demo.cases import URGENT, Listing, holders
from scheduling.demo.dice import dice_for, happens
from scheduling.models import Assessment, CancellationReason, Operation, PauseKind, Priority, Procedure
from scheduling.services import (
    cancel_operation,
    confirm_operation,
    pause_clock,
    postpone_operation,
    request_operation,
    set_readiness,
)

WAITING = (
    ("P1a", 1, 0, 0),
    ("P1b", 3, 0, 3),
    ("P2", 16, 1, 33),
    ("P3", 26, 4, 100),
    ("P4", 14, 30, 380),
)
"""Priority, how many wait, and between how many days they have been waiting."""

SHORT_NOTICE = "Can come at short notice."
ASSESSED = (Assessment.FIT, Assessment.BOOKED, Assessment.NOT_DONE, Assessment.UNFIT)
AWAY = 0.03
NOTES = (
    SHORT_NOTICE,
    "Needs an interpreter.",
    "Lives alone: arrange transport home.",
    "Prefers mornings.",
    "Takes a blood thinner: see the anaesthetic plan.",
    "Wheelchair user.",
)
LAST = "DEMO-WAITING-DONE"
"""The external number of the very last operation that the demo makes: once there, all is there."""

CANCELLING = (
    "did-not-attend",
    "acute-illness",
    "patient-declined",
    "abnormal-result",
    "list-over-ran",
)
POSTPONING = (
    "patient-asked-later",
    "no-critical-care-bed",
    "anticoagulant-not-stopped",
    "implant-missing",
)
EMERGENCY_PROCEDURE = "0SRR019"


def make_waiting_list(booker: Booker, surgeon_user: User, share: float) -> int:
    """Put about sixty people on the waiting list, four of them only asked for by their surgeon."""
    rng = dice_for("waiting list")
    listings = list(_listings(booker, rng, share))
    for number, listing in enumerate(listings, start=1):
        procedure = _procedure_for(booker, rng, listing.priority)
        surgeon = rng.choice(holders(booker.consultants(), procedure) or [None])
        notes = rng.choice(NOTES) if happens(rng, 0.3) else ""
        code = LAST if number == len(listings) else f"DEMO-WAITING-{number:03}"
        if code not in booker.taken_codes:
            operation = booker.request(rng, code, procedure, listing, surgeon, notes=notes)
            _assess(booker, rng, operation, short_notice=notes == SHORT_NOTICE)
    _ask_as_surgeon(booker, surgeon_user, rng)
    return len(listings)


def _assess(booker: Booker, rng: Random, operation: Operation, *, short_notice: bool) -> None:
    """Let most of those who wait longer have been assessed; one in thirty is not fit, and as many are away."""
    if operation.priority.emergency:
        return
    now: dict[str, Any] = {"actor": booker.actor, "operation_id": operation.pk}
    state = rng.choices(ASSESSED, weights=(55, 20, 22, 3))[0]
    days = timedelta(days=rng.randint(20, 120))
    until = max(booker.today, timezone.localdate()) + days if state == Assessment.FIT else None
    set_readiness(**now, version=1, assessment=state, fit_until=until, short_notice=short_notice)
    if happens(rng, AWAY):
        pause_clock(**now, version=2, kind=PauseKind.UNAVAILABLE, starts=operation.listed_on, note="Travelling")


def _listings(booker: Booker, rng: Random, share: float) -> list[Listing]:
    return [
        Listing(
            booker.catalogue.priorities[code],
            booker.today - timedelta(days=rng.randint(least, most)),
        )
        for code, many, least, most in WAITING
        for _ in range(max(round(many * share), 1))
    ]


def _procedure_for(booker: Booker, rng: Random, priority: Priority) -> Procedure:
    if priority.emergency:
        return booker.catalogue.by_code(EMERGENCY_PROCEDURE)
    trauma = priority.code == "P1b"
    rows = booker.catalogue.procedures
    return rng.choice([r for r in rows if (r.specialty.code == "trauma") == trauma and r.code not in URGENT])


def _ask_as_surgeon(booker: Booker, user: User, rng: Random) -> None:
    """Let the demo surgeon ask for operations that a coordinator has yet to accept."""
    surgeon = user.staff_member
    mine = [row for row in booker.catalogue.procedures if row.specialty.code == "orthopaedics"]
    for number in range(1, 5):
        code = f"DEMO-REQUEST-{number}"
        if code in booker.taken_codes:
            continue
        request = booker.request_for(rng, code, rng.choice(mine), _soon(booker), surgeon)
        request_operation(actor=user, request=request)


def _soon(booker: Booker) -> Listing:
    return Listing(booker.catalogue.priorities["P3"], booker.today)


def cancel_some(booker: Booker, rng: Random, operations: Sequence[Operation], share: float) -> list[Operation]:
    """Cancel about ``share`` of the operations on the day; return those that go ahead."""
    reasons = {row.code: row for row in CancellationReason.objects.filter(code__in=CANCELLING)}
    kept = []
    for operation in operations:
        if not happens(rng, share):
            kept.append(operation)
            continue
        reason = reasons[rng.choice(CANCELLING)]
        cancel_operation(
            actor=booker.actor,
            operation_id=operation.pk,
            version=operation.version,
            reason=reason,
        )
    return kept


def postpone_some(booker: Booker, rng: Random, operations: Sequence[Operation], share: float) -> list[Operation]:
    """Send about ``share`` of the operations back to the waiting list; return the others."""
    reasons = {row.code: row for row in CancellationReason.objects.filter(code__in=POSTPONING)}
    kept = []
    for operation in operations:
        if not happens(rng, share):
            kept.append(operation)
            continue
        reason = reasons[rng.choice(POSTPONING)]
        postpone_operation(
            actor=booker.actor,
            operation_id=operation.pk,
            version=operation.version,
            reason=reason,
        )
    return kept


def confirm_most(booker: Booker, rng: Random, operations: Sequence[Operation]) -> None:
    """Confirm nine of ten; one that can't be confirmed stays as it is."""
    for operation in operations:
        if happens(rng, 0.9):
            try:
                confirm_operation(
                    actor=booker.actor,
                    operation_id=operation.pk,
                    version=operation.version,
                )
            except SchedulingConflictError:
                continue

"""Every write to an operation, as verbs.

Each command takes the actor first, checks the capability, locks in one order, asks
:func:`~scheduling.conflicts.find_conflicts`, writes one history row per operation it changed, and
raises the version. It returns only what is durable, and raises only when nothing was written.
"""

from scheduling.conflicts import SchedulingConflictError
from scheduling.services.booking import book_operation, move_operation
from scheduling.services.consent import Consent, record_consent, take_back_consent, withdraw_consent
from scheduling.services.delays import note_delay, take_back_delay
from scheduling.services.emergencies import Displacing, place_emergency
from scheduling.services.ending import cancel_operation, postpone_operation
from scheduling.services.errors import (
    InvalidPlanError,
    NotPossibleError,
    SchedulingError,
    StaleVersionError,
)
from scheduling.services.kit import KitOrder, add_kit, change_kit, set_kit_state
from scheduling.services.overriding import Override
from scheduling.services.planning import UNCHANGED
from scheduling.services.rearranging import push_following, swap_operations
from scheduling.services.recording import correct_event, record_event, take_back_event
from scheduling.services.requesting import Request, accept_operation, request_operation
from scheduling.services.staffing import (
    assign_resource,
    confirm_operation,
    release_resource,
    substitute_resources,
)
from scheduling.services.undoing import undo_change
from scheduling.services.waiting import (
    pause_clock,
    resume_clock,
    set_priority,
    set_readiness,
    set_surgeon,
    undo_waiting,
)

__all__ = [
    "UNCHANGED",
    "Consent",
    "Displacing",
    "InvalidPlanError",
    "KitOrder",
    "NotPossibleError",
    "Override",
    "Request",
    "SchedulingConflictError",
    "SchedulingError",
    "StaleVersionError",
    "accept_operation",
    "add_kit",
    "assign_resource",
    "book_operation",
    "cancel_operation",
    "change_kit",
    "confirm_operation",
    "correct_event",
    "move_operation",
    "note_delay",
    "pause_clock",
    "place_emergency",
    "postpone_operation",
    "push_following",
    "record_consent",
    "record_event",
    "release_resource",
    "request_operation",
    "resume_clock",
    "set_kit_state",
    "set_priority",
    "set_readiness",
    "set_surgeon",
    "substitute_resources",
    "swap_operations",
    "take_back_consent",
    "take_back_delay",
    "take_back_event",
    "undo_change",
    "undo_waiting",
    "withdraw_consent",
]

"""The heart: operations, what they hold, and what happened to them."""

from scheduling.models.catalogue import (
    AnaesthesiaType,
    CancellationReason,
    Laterality,
    Priority,
    Procedure,
    ProcedureEquipment,
    ProcedureStaff,
)
from scheduling.models.closing import ListClosing, ListDecision
from scheduling.models.consent import ConsentAnswer, OperationConsent
from scheduling.models.day import (
    Answer,
    ChecklistAnswer,
    ChecklistItem,
    ChecklistPart,
    DelayReason,
    OperationDelay,
)
from scheduling.models.display import BoardKind, Display
from scheduling.models.history import (
    ChangeVerb,
    EventKind,
    OperationChange,
    OperationEvent,
)
from scheduling.models.kit import KIT_AWAITED, KIT_THERE_OR_NOT_NEEDED, KIT_TO_COME, KitState, LoanKit, kit_name
from scheduling.models.notes import ListNote
from scheduling.models.operation import (
    Assessment,
    EstimateSource,
    Operation,
    OperationEquipment,
    OperationStaff,
    Side,
)
from scheduling.models.reservation import Reservation, ReservationRole
from scheduling.models.views import WaitingView
from scheduling.models.waiting import ClockPause, PauseKind
from scheduling.status import Status

__all__ = [
    "KIT_AWAITED",
    "KIT_THERE_OR_NOT_NEEDED",
    "KIT_TO_COME",
    "AnaesthesiaType",
    "Answer",
    "Assessment",
    "BoardKind",
    "CancellationReason",
    "ChangeVerb",
    "ChecklistAnswer",
    "ChecklistItem",
    "ChecklistPart",
    "ClockPause",
    "ConsentAnswer",
    "DelayReason",
    "Display",
    "EstimateSource",
    "EventKind",
    "KitState",
    "Laterality",
    "ListClosing",
    "ListDecision",
    "ListNote",
    "LoanKit",
    "Operation",
    "OperationChange",
    "OperationConsent",
    "OperationDelay",
    "OperationEquipment",
    "OperationEvent",
    "OperationStaff",
    "PauseKind",
    "Priority",
    "Procedure",
    "ProcedureEquipment",
    "ProcedureStaff",
    "Reservation",
    "ReservationRole",
    "Side",
    "Status",
    "WaitingView",
    "kit_name",
]

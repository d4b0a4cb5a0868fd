"""What a conflict is, and the error that carries them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from scheduling.period import Period


class Severity(StrEnum):
    """Whether anybody may override a conflict."""

    HARD = "hard"
    SOFT = "soft"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """One reason why a plan can't be so, or should not.

    ``message`` is a sentence that a nurse understands and names no patient; ``hint`` says what to
    do next. ``operation_id`` is the planned operation, ``other_operation_id`` the one in the way,
    ``day`` the local day on which the plan starts.
    """

    rule: str
    severity: Severity
    message: str
    hint: str
    operation_id: int | None = None
    resource_id: int | None = None
    period: Period | None = None
    other_operation_id: int | None = None
    day: date | None = None
    named: str = ""
    """How ``message`` names the other operation; left out for those who may not see it."""

    def masked(self) -> "Conflict":
        """Return the same without saying which operation is in the way."""
        message = self.message.replace(self.named, "another case") if self.named else self.message
        return replace(self, message=message, named="", other_operation_id=None)

    @property
    def is_hard(self) -> bool:
        """Say that nobody may override it."""
        return self.severity == Severity.HARD

    def as_dict(self) -> dict[str, str | int | None]:
        """Return what the browser and the history need."""
        return {
            "rule": self.rule,
            "severity": str(self.severity),
            "message": self.message,
            "hint": self.hint,
            "operation": self.operation_id,
            "resource": self.resource_id,
            "other_operation": self.other_operation_id,
            "day": self.day.isoformat() if self.day else None,
        }


class SchedulingConflictError(Exception):
    """A plan was refused; nothing was written."""

    def __init__(self, conflicts: Iterable[Conflict]) -> None:
        self.conflicts: Sequence[Conflict] = tuple(conflicts)
        super().__init__(" ".join(conflict.message for conflict in self.conflicts))

    @property
    def overridable(self) -> bool:
        """Say whether a reason and the capability would be enough."""
        return bool(self.conflicts) and not any(conflict.is_hard for conflict in self.conflicts)

"""What is held by others: the one shape that the rules read."""

from dataclasses import dataclass

from scheduling.period import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """One resource held by another operation."""

    operation_id: int
    resource_id: int
    role: str
    period: Period
    in_room: Period
    exclusive: bool
    procedure: str
    infectious: bool
    specialty_id: int

    @property
    def case(self) -> str:
        """Return how to name the operation without naming the patient."""
        saved = self.operation_id > 0
        return f"case {self.operation_id}, {self.procedure}" if saved else self.procedure

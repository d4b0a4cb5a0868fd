"""What a step says: what it looked at, what it found, and whether it proved anything."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
PLACE = ROOT / ".data" / "security"
"""Where the tools, the scanned site's data and the results lie; git ignores it."""


@dataclass
class Outcome:
    """The result of one step. ``looked_at`` is what was scanned, in the step's own unit: nothing means no proof."""

    looked_at: int
    unit: str
    findings: list[str] = field(default_factory=list)
    """What is medium or worse, one line each."""
    notes: list[str] = field(default_factory=list)
    """Lower findings, figures, false alarms that were judged."""

    @property
    def passed(self) -> bool:
        """Say whether something was looked at and nothing found."""
        return self.looked_at > 0 and not self.findings

    def as_dict(self) -> dict[str, Any]:
        """Return what is kept."""
        return asdict(self) | {"passed": self.passed}


class NotDoneError(Exception):
    """A step could not do its work. It counts as a failure; the message says what is missing."""

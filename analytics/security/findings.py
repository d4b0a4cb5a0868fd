"""What a check says."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from analytics.models import Severity


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that is not as it should be. ``code`` and ``subject`` make it the same at the next run."""

    code: str
    severity: Severity
    title: str
    evidence: str
    remedy: str
    subject: str = ""


class NotCheckedError(Exception):
    """A check could not look; the message says why and what to set. It counts neither as good nor as bad."""


@dataclass(slots=True)
class Context:
    """What a check may use: the time, what the last run noted, and where to note facts for the next one."""

    now: datetime
    before: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


Check = Callable[[Context], Iterable[Found]]

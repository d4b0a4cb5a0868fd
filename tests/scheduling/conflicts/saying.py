"""Read what the rules say, the way a nurse would."""

from scheduling.conflicts import Conflict, Severity, find_conflicts
from scheduling.plan import Plan


def hard(plan: Plan | list[Plan]) -> list[tuple[str, str]]:
    """Return rule and sentence of the hard conflicts."""
    return _words(find_conflicts(plan), Severity.HARD)


def soft(plan: Plan | list[Plan]) -> list[tuple[str, str]]:
    """Return rule and sentence of the soft conflicts."""
    return _words(find_conflicts(plan), Severity.SOFT)


def _words(conflicts: list[Conflict], severity: Severity) -> list[tuple[str, str]]:
    for conflict in conflicts:
        assert conflict.hint.endswith(".")
        assert "Baker" not in conflict.message + conflict.hint, "a conflict names no patient"
    return [(conflict.rule, conflict.message) for conflict in conflicts if conflict.severity == severity]

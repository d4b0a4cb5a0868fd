"""Path converters of the schedule's addresses."""

from datetime import date


class DayConverter:
    """A date in a path, as ISO 8601 writes it: ``2026-11-23``."""

    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> date:
        """Return the date; one that does not exist is a page that does not exist."""
        return date.fromisoformat(value)

    def to_url(self, value: date | str) -> str:
        """Return the text for a path."""
        return value if isinstance(value, str) else value.isoformat()

"""Path converters of the schedule's addresses."""

from datetime import date

EARLIEST, LATEST = date(1990, 1, 1), date(2199, 12, 31)
"""The days that a calendar can show; others are typing errors."""


def parse_day(text: str) -> date | None:
    """Return a date as ISO 8601 writes it, or ``None`` for what is none or is out of bounds."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if EARLIEST <= day <= LATEST else None


class DayConverter:
    """A date in a path, as ISO 8601 writes it: ``2026-11-23``."""

    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> date:
        """Return the date; one that does not exist is a page that does not exist."""
        day = parse_day(value)
        if day is None:
            raise ValueError(value)
        return day

    def to_url(self, value: date | str) -> str:
        """Return the text for a path."""
        return value if isinstance(value, str) else value.isoformat()

"""Row numbers as they come from addresses and hidden fields."""

MOST_DIGITS = 18
"""What a 64-bit row number surely holds; Python itself refuses to read very long digits."""


def row_number(text: str) -> int | None:
    """Return the row number that ``text`` is, or ``None`` for anything else."""
    return int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else None

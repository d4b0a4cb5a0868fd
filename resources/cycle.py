"""Which week of a cycle a day is in: for blocks and rosters that repeat every so many weeks."""

from datetime import date

CYCLE_MONDAY = date(2024, 1, 1)
"""The Monday on which week 1 of every cycle of blocks began."""


def week_of_cycle(day: date, weeks: int, first: date = CYCLE_MONDAY) -> int:
    """Return the week of a cycle of ``weeks`` that ``day`` is in, from 1; the week of ``first`` is 1."""
    between = (day.toordinal() - day.weekday()) - (first.toordinal() - first.weekday())
    return between // 7 % weeks + 1

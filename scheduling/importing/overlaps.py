"""Every double booking that a file holds, whatever became of the two cases."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scheduling.importing.case import Case
from scheduling.period import Period


@dataclass(frozen=True, slots=True)
class DoubleBooking:
    """Two cases of one file that are booked in one theatre at the same time, the earlier start first."""

    theatre: str
    first: Case
    second: Case

    @property
    def period(self) -> Period:
        """When both would be in the theatre."""
        one, other = self.first.period, self.second.period
        return Period(max(one.start, other.start), min(one.end, other.end))


def double_bookings(placed: Iterable[tuple[str, Case]]) -> list[DoubleBooking]:
    """Return all overlapping pairs among (theatre, case), in order of theatre and time."""
    lists: dict[str, list[Case]] = {}
    for theatre, case in placed:
        lists.setdefault(theatre, []).append(case)
    return [pair for theatre in sorted(lists) for pair in _pairs(theatre, lists[theatre])]


def _pairs(theatre: str, cases: list[Case]) -> Iterator[DoubleBooking]:
    running: list[Case] = []
    for case in sorted(cases, key=lambda case: (case.period, case.line)):
        running = [other for other in running if other.period.end > case.period.start]
        for other in running:
            yield DoubleBooking(theatre, other, case)
        running.append(case)

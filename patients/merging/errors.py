"""Why two records were not made one, or not taken apart."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """One thing on each side that can't both be one patient's: a sentence, and an address with its name for each."""

    sentence: str
    links: tuple[tuple[str, str], ...] = ()


class MergeRefusedError(Exception):
    """Nothing was written; the message says why and what to do, ``clashes`` what stands in the way."""

    def __init__(self, message: str, clashes: Sequence[Clash] = ()) -> None:
        super().__init__(message)
        self.clashes = tuple(clashes)


class AlreadyMergedError(MergeRefusedError):
    """One of the two leads to another record already."""


class StaleRecordError(MergeRefusedError):
    """Somebody changed one of the two since it was shown."""

    def __init__(self) -> None:
        super().__init__("Somebody changed one of the two records meanwhile. Nothing was written: compare again.")

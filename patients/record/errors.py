"""Why a change of the record was not made."""

from patients.record.texts import Texts


class RecordError(Exception):
    """Base of what a person can do something about; the message says what."""


class GoneError(RecordError):
    """The entry is not there any more."""

    def __init__(self) -> None:
        super().__init__("Somebody removed this entry meanwhile. Nothing was saved.")


class NotPossibleError(RecordError):
    """The record says otherwise."""


class StaleError(RecordError):
    """Somebody changed the same part since it was shown; ``now`` is how it stands, ``shown`` what was shown."""

    def __init__(self, *, shown: Texts, now: Texts) -> None:
        super().__init__("Somebody changed this while you were typing. Nothing is lost: look at both, then save.")
        self.shown = shown
        self.now = now

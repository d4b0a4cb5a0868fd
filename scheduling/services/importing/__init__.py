"""Books a whole theatre list in one transaction; see docs/importing.md."""

from scheduling.services.importing.booking import import_cases
from scheduling.services.importing.outcome import Entry, Imported, Outcome

__all__ = ["Entry", "Imported", "Outcome", "import_cases"]

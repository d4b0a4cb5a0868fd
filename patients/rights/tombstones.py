"""What was erased, kept outside the database: a restored backup holds it again, and nothing inside it knows.

Each line of the file names a record by its random token, which is derived from nothing.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from patients.models import Patient
from patients.rights.models import Erasure, ErasureState


class TombstoneFileError(Exception):
    """A line of the file is no tombstone; the message names it."""


def bury() -> int:
    """Add to the file what the database says was erased and the file lacks; return how many lines."""
    known = set(tombstones())
    rows = Erasure.objects.filter(state=ErasureState.DONE).order_by("pk")
    merged = rows.filter(patient__merged_from__isnull=False)
    gone = [
        *rows.values_list("patient__token", "done_at"),
        *merged.values_list("patient__merged_from__token", "done_at"),
    ]
    fresh = [(token, at) for token, at in gone if token not in known]
    if not fresh:
        return 0
    path = Path(settings.ERASURES_FILE)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("a", encoding="ascii") as file:
        for token, at in fresh:
            file.write(json.dumps({"token": str(token), "at": at.isoformat(timespec="seconds") if at else ""}) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return len(fresh)


def tombstones() -> Iterator[UUID]:
    """Yield the tokens that the file holds; nothing where there is no file yet."""
    path = Path(settings.ERASURES_FILE)
    if not path.exists():
        return
    with path.open(encoding="ascii", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            try:
                token = UUID(json.loads(line)["token"])
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise TombstoneFileError(f"Line {number} of {path.name} is no tombstone. Repair the file.") from error
            yield token


def risen() -> QuerySet[Patient]:
    """Return the records that were erased once and are there again, as they were."""
    done = Erasure.objects.filter(state=ErasureState.DONE).values("patient")
    known = Patient.objects.filter(token__in=set(tombstones()))
    return known.exclude(pk__in=done).exclude(merged_into__in=done).order_by("pk")

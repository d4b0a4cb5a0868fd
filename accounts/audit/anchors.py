"""Where the chain stood, kept outside the database: who cuts off its end can't cut the file as well."""

import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from accounts.audit.chain import head, seal

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Anchor:
    """One line of the file: at this time, the link with this number had this hash (hexadecimal)."""

    at: str
    seq: int
    hash: str


class AnchorFileError(Exception):
    """A line of the file is no anchor; the message names it."""


def drop_anchor() -> Anchor:
    """Seal, and write down where the chain stands: in the file, on the disk at once, and in the log."""
    seal()
    last = head()
    anchor = Anchor(timezone.now().isoformat(timespec="seconds"), last.seq, last.hash.hex())
    path = Path(settings.AUDIT_ANCHOR_FILE)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("a", encoding="ascii") as file:
        file.write(json.dumps(anchor.__dict__) + "\n")
        file.flush()
        os.fsync(file.fileno())
    # A warning, so that it is logged wherever logs are kept: the second copy outside the database.
    logger.warning("Audit anchor: link %s has the hash %s.", anchor.seq, anchor.hash)
    return anchor


def anchors(*, before: datetime | None = None) -> Iterator[Anchor]:
    """Yield what the file holds, oldest first, those of the second of ``before`` and later left out.

    Nothing where there is no file yet.
    """
    path = Path(settings.AUDIT_ANCHOR_FILE)
    if not path.exists():
        return
    with path.open(encoding="ascii", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            try:
                found = json.loads(line)
                anchor = Anchor(str(found["at"]), int(found["seq"]), str(found["hash"]))
                is_later = before and datetime.fromisoformat(anchor.at) >= before.replace(microsecond=0)
            except (ValueError, KeyError, TypeError) as error:
                message = f"Line {number} of the anchor file is not an anchor."
                raise AnchorFileError(message) from error
            if not is_later:
                yield anchor

"""The restore drill: proof that a backup is worth something, on record."""

import time
from pathlib import Path
from uuid import uuid4

from hospital.backups.errors import BackupError
from hospital.backups.making import SUFFIX
from hospital.backups.restoring import drop, find_faults, restore
from hospital.models import RestoreDrill


def run_drill(backup: Path) -> RestoreDrill:
    """Restore ``backup`` into a database of its own, check and drop it, and return the record of that."""
    scratch = f"restore_drill_{uuid4().hex[:12]}"
    began = time.monotonic()
    try:
        manifest = restore(backup, into=scratch)
        rows = sum(manifest.counts.values())
        faults = find_faults(scratch, manifest)
    except BackupError as error:
        rows, faults = 0, [str(error)]
    finally:
        drop(scratch)
    return RestoreDrill.objects.create(
        backup=backup.name[:200],
        size=backup.stat().st_size if backup.is_file() else 0,
        rows=rows,
        seconds=time.monotonic() - began,
        succeeded=not faults,
        faults=faults,
    )


def newest(folder: Path) -> Path:
    """Return the newest backup in ``folder``; raises :class:`BackupError` if there is none."""
    found = sorted(folder.glob(f"*{SUFFIX}"))
    if not found:
        raise BackupError(f"There is no backup in {folder}. Make one: manage.py backup --out {folder}")
    return found[-1]

"""What a backup says about itself, in a file beside it."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from hospital.backups.errors import BackupError
from hospital.backups.sealed_files import check_signature, sign


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """When and of what a backup was made; ``counts`` are rows by table at that moment, ``sha256`` the file's."""

    made_at: str
    size: int
    sha256: str
    content_sha256: str
    server: str
    migrations: dict[str, str]
    counts: dict[str, int]

    def write(self, backup: Path) -> None:
        """Write the manifest beside ``backup``, signed with the backup's key."""
        content = _as_text(asdict(self))
        path_of(backup).write_text(_as_text({"manifest": asdict(self), "signature": sign(content.encode())}) + "\n")


def path_of(backup: Path) -> Path:
    """Return where the manifest of ``backup`` lies."""
    return backup.with_suffix(".json")


def read_manifest(backup: Path) -> Manifest:
    """Return the manifest of ``backup``; raises :class:`BackupError` if it is missing or was changed."""
    path = path_of(backup)
    try:
        kept: dict[str, Any] = json.loads(path.read_text())
        manifest, signature = kept["manifest"], str(kept["signature"])
    except FileNotFoundError:
        raise BackupError(f"There is no {path.name} beside the backup. Bring both files.") from None
    except (ValueError, KeyError, TypeError):
        raise BackupError(f"{path.name} is no manifest of a backup.") from None
    check_signature(_as_text(manifest).encode(), signature)
    return Manifest(**{field.name: manifest[field.name] for field in fields(Manifest)})


def _as_text(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=1, sort_keys=True)

"""Where an embedded pair of servers lives: its data, its sockets, and its addresses."""

import hashlib
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from hospital.embedded.errors import EmbeddedError

ROOT = Path(__file__).resolve().parent.parent.parent
ROLE = DATABASE = "hospital"
PRIVATE = 0o700
LONGEST_PARENT = 50


@dataclass(frozen=True)
class Place:
    """A data folder, and whether what it holds must outlive a power cut.

    ``durable=False`` is for tests: a killed process still loses nothing that was committed, but a
    machine that stops may leave the folder broken, and then it is made anew.
    """

    folder: Path
    durable: bool = True

    @property
    def sockets(self) -> Path:
        """A short folder for unix sockets: their paths may not pass 107 characters."""
        runtime = os.environ.get("XDG_RUNTIME_DIR", "")
        parent = Path(runtime if runtime and os.access(runtime, os.W_OK) else tempfile.gettempdir())
        if len(str(parent)) > LONGEST_PARENT:
            parent = Path("/tmp")  # noqa: S108  # the folder below is made private, or refused
        key = hashlib.sha256(os.fsencode(self.folder.resolve())).hexdigest()[:12]
        return parent / f"operation-scheduler-{key}"

    @property
    def logs(self) -> Path:
        """The folder of the log files."""
        return self.folder / "log"

    @property
    def database_url(self) -> str:
        """The address of the embedded PostgreSQL, in the form of ``DATABASE_URL``."""
        return f"postgres://{ROLE}@{quote(str(self.sockets), safe='')}/{DATABASE}"

    @property
    def redis_socket(self) -> Path:
        """The unix socket of the embedded Redis."""
        return self.sockets / "redis.sock"

    @property
    def redis_url(self) -> str:
        """The address of the embedded Redis, in the form of ``REDIS_URL``."""
        return f"unix://{self.redis_socket}"

    def make_folders(self) -> None:
        """Make the folders, closed to other users of the machine."""
        try:
            self.folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
            self.logs.mkdir(mode=PRIVATE, exist_ok=True)
            self.sockets.mkdir(mode=PRIVATE, exist_ok=True)
        except OSError as error:
            message = f"The folder {error.filename} can't be made ({error.strerror}). Free the disk or fix its rights."
            raise EmbeddedError(message) from error
        found = self.sockets.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            message = f"{self.sockets} belongs to somebody else or is open to others. Remove it and start again."
            raise EmbeddedError(message)


def current_place(environ: Mapping[str, str] = os.environ) -> Place:
    """Return the place that this process is set to use: ``HOSPITAL_DATA``, or ``.data`` in the project."""
    folder = Path(environ.get("HOSPITAL_DATA") or ROOT / ".data")
    return Place(folder=folder.absolute(), durable=environ.get("HOSPITAL_DATA_DURABLE", "1") != "0")

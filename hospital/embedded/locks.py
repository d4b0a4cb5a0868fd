"""Who uses an embedded server, and who looks after it: locks on files, which the system drops with their holder."""

import fcntl
from pathlib import Path
from typing import IO

from hospital.embedded.place import Place


def users_lock(place: Place, server: str) -> Path:
    """Return the file on which the server's users hold a shared lock."""
    return place.folder / f"{server}.users.lock"


def keeper_lock(place: Place, server: str) -> Path:
    """Return the file on which the keeper at work holds a lock."""
    return place.folder / f"{server}.keeper.lock"


def try_lock(file: IO[str], how: int) -> bool:
    """Take a lock without waiting; say whether that worked."""
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_kept(place: Place, server: str) -> bool:
    """Say whether a keeper is at work."""
    with keeper_lock(place, server).open("a") as lock:
        return not try_lock(lock, fcntl.LOCK_EX)

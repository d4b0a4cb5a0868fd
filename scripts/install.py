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
        return f"Python's venv module is missing: install it (Debian: apt-get install python{version}-venv), then run make again."
    free = shutil.disk_usage(ROOT).free
    if free < LEAST_FREE_BYTES:
        return f"The disk has {free // 1_000_000} MB left: make room for 3 GB, then run make again."
    if not os.access(ROOT, os.W_OK):
        return f"{ROOT} can't be written: use a folder of your own."
    return ""


def make_environment() -> bool:
    """Make the virtual environment unless there is one that works."""
    python = ENVIRONMENT / "bin" / "python"
    if python.exists() and subprocess.run([python, "-c", "import pip"], capture_output=True, check=False).returncode == 0:
        return True
    done = subprocess.run([sys.executable, "-m", "venv", "--clear", ENVIRONMENT], check=False)
    if done.returncode:
        print("The folder .venv can't be made; the lines above say why.", file=sys.stderr)
    return done.returncode == 0


def install() -> bool:
    """Install the pinned packages; every file is checked against its hash."""
    command = [ENVIRONMENT / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--no-input", "--require-hashes", "--requirement", REQUIREMENTS]
    done = subprocess.run(command, check=False)
    if done.returncode:
        print("The packages can't be installed: check the network and the disk, then run make again.", file=sys.stderr)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())

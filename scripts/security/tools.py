"""Scanners, each in a virtual environment of its own with an exact version: they are no part of the product."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts.security.outcome import PLACE, ROOT, NotDoneError

FINDER = "detect-secrets"
VERSIONS = {
    "bandit": "bandit==1.9.4",
    FINDER: f"{FINDER}==1.5.0",
    "cyclonedx-py": "cyclonedx-bom==7.1.0",
    "wapiti": "wapiti3==3.2.3",
    "sqlmap": "sqlmap==1.10.10",
}


def tool(name: str) -> str:
    """Return the path of a scanner, which is installed at its first use."""
    folder = PLACE / "tools" / name
    program, stamp = folder / "bin" / name, folder / ".installed"
    if not stamp.is_file() or stamp.read_text() != VERSIONS[name]:
        folder.parent.mkdir(parents=True, exist_ok=True)
        python = folder / "bin" / "python"
        for command in (
            [sys.executable, "-m", "venv", "--clear", str(folder)],
            [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", VERSIONS[name]],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                message = f"{name} could not be installed: {done.stderr.strip().splitlines()[-1:]}"
                raise NotDoneError(message)
        stamp.write_text(VERSIONS[name])
    return str(program)


def run(
    command: Sequence[str], *, seconds: float, cwd: Path = ROOT, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end. Raises :class:`NotDoneError` when its time is over."""
    try:
        return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as error:
        message = f"{Path(command[0]).name} was not done after {seconds:.0f} s."
        raise NotDoneError(message) from error

"""32 clients in real processes fight over the same places; see :mod:`tests.race`.

``make race`` runs 100,000 attempts. Here it is as many as fit into the seconds given.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hospital.embedded.place import ROOT

pytestmark = [pytest.mark.race, pytest.mark.xdist_group("race")]


def run(tmp_path: Path, *arguments: str) -> dict[str, Any]:
    figures = tmp_path / "figures.json"
    command = [sys.executable, "-m", "tests.race", "--json", str(figures), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert figures.exists(), done.stderr
    found: dict[str, Any] = json.loads(figures.read_text())
    assert found["wrong"] == []
    assert done.returncode == 0
    return found


def test_nothing_is_booked_twice_lost_or_dead_locked(tmp_path: Path) -> None:
    found = run(tmp_path, "--attempts", "3000", "--seconds", "15")

    assert found["done"] > 20
    assert found["unacknowledged"] == 0
    assert found["lost_connections"] == 0
    assert set(found["refused"]) <= {
        "SchedulingConflictError",
        "StaleVersionError",
        "NotPossibleError",
        "InvalidPlanError",
    }, "the locks queue everybody up before the constraint has to speak"


def test_killed_clients_and_a_crashed_database_lose_nothing(tmp_path: Path) -> None:
    found = run(tmp_path, "--kill", "1", "--attempts", "100000", "--seconds", "120")

    assert found["done"] > 0
    assert found["seconds_to_heal"].keys() == {"client process", "PostgreSQL"}


def test_killed_web_processes_and_a_crashed_database_lose_nothing(tmp_path: Path) -> None:
    """Over HTTP, through proxy and web workers; the site heals by itself."""
    found = run(tmp_path, "--http", "--kill", "1", "--clients", "8", "--attempts", "100000", "--seconds", "120")

    assert found["done"] > 0
    assert found["seconds_to_heal"].keys() == {"web worker", "web master", "PostgreSQL"}

"""Steps that are tests of the suite, run harder."""

import os
import re
import subprocess

from scripts.security.outcome import ROOT, NotDoneError, Outcome

PASSED = re.compile(r"(\d+) passed")
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


def matrix() -> Outcome:
    """Walk every address, method, role and admin page against the table that was written by hand."""
    return _pytest("tests/accounts/test_access_table.py", "tests/accounts/test_permission_walk.py")


def sweep() -> Outcome:
    """Demand an access event wherever a patient is named."""
    return _pytest("tests/security/test_audit_sweep.py", "tests/accounts/audit/test_recording.py")


def tampering() -> Outcome:
    """Change, delete, insert and cut rows of the audit record behind its back: each is found."""
    return _pytest("tests/accounts/audit/test_chain.py", "tests/accounts/audit/test_role.py")


def hostile() -> Outcome:
    """Send hostile input to every address, form field and parameter: no 500."""
    return _pytest("tests/security/test_hostile_input.py", HOSTILE_EXAMPLES="60")


def leaks() -> Outcome:
    """Look for a marked patient in logs, addresses, cookies, Redis, mail, and the browser's storage."""
    return _pytest("tests/hospital/test_leaks.py", "tests/browser/test_leaks.py")


def _pytest(*tests: str, **environment: str) -> Outcome:
    command = [str(ROOT / ".venv" / "bin" / "pytest"), "-q", "-n", "2", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=3600, check=False
    )
    found = PASSED.search(done.stdout)
    findings = FAILED.findall(done.stdout)
    if done.returncode and not findings:
        message = f"pytest ended with {done.returncode}: {done.stdout.strip()[-300:]}"
        raise NotDoneError(message)
    skipped = "skipped" in done.stdout
    notes = ["some were skipped: install Chromium"] if skipped else []
    return Outcome(int(found[1]) if found else 0, "tests", findings + (notes if skipped else []))

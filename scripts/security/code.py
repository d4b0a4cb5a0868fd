"""Steps that read the code and the packages."""

import json
import os
import re
import subprocess
from pathlib import Path

from scripts.security.outcome import PLACE, ROOT, NotDoneError, Outcome
from scripts.security.tools import run, tool

ROOMS = ("accounts", "analytics", "hospital", "messaging", "patients", "resources", "scheduling")
JUDGED = {
    "B101": "assert outside of tests: none is left to a user's input",
    "B404": "subprocess: the servers and tools are programs of their own",
    "B603": "subprocess without a shell: that is the safe way",
    "B607": "programs found on PATH: as the person who runs the site has it",
    "B608": "SQL put together from constants of ours; ruff's S608 asks for a reason at each place",
    "B311": "random: the demo hospital only",
}
"""Rules of bandit whose findings here were looked at and are none, and why."""
JUDGED_HERE = {
    (
        "hospital/embedded/place.py",
        "B108",
    ): "a socket's path has to be short; the folder is ours alone, or it is refused",
    ("hospital/embedded/rootless.py", "B108"): "copies of programs: one that is not root's is refused",
    ("hospital/templatetags/calendar_tags.py", "B703"): "lines of a week; names, procedures and words are escaped",
    ("hospital/templatetags/calendar_tags.py", "B308"): "lines of a week; names, procedures and words are escaped",
    ("hospital/templatetags/interface.py", "B703"): "a template of ours, with the name of a state",
    ("hospital/templatetags/interface.py", "B308"): "a template of ours, with the name of a state",
}
"""Single places that were looked at, and why they are none."""
LICENCES_NOT_WANTED = ("AGPL", "SSPL", "Commons Clause", "UNKNOWN")


HASHES = (".png", "package-lock.json", "requirements.txt", "requirements-production.txt")
"""Files full of hashes, none of them a secret."""
MEANT = re.compile(r"\binsecure-|-demo\b|\bdemo:|\btest:|noqa: S105|://USER:PASSWORD@|@example\.(?:org|com)\b")
"""What a line says that shows a key which is no secret: of the demo, of the tests, of an example."""


def bandit() -> Outcome:
    """Read our code for known bad patterns."""
    target = PLACE / "bandit.json"
    target.unlink(missing_ok=True)
    run([tool("bandit"), "-q", "-r", *ROOMS, "-f", "json", "-o", str(target)], seconds=120)
    if not target.is_file():
        raise NotDoneError("bandit wrote no report.")
    report = json.loads(target.read_text())
    if report["errors"]:
        message = f"bandit could not read {report['errors'][0]}"
        raise NotDoneError(message)
    lines = sum(file.get("loc", 0) for name, file in report["metrics"].items() if name != "_totals")
    findings, notes = [], []
    for one in report["results"]:
        line = f"{one['filename']}:{one['line_number']} {one['test_id']} {one['issue_text']}"
        if (one["filename"], one["test_id"]) in JUDGED_HERE:
            notes.append(f"{one['test_id']} in {one['filename']}")
        elif one["test_id"] in JUDGED or one["issue_severity"] == "LOW":
            notes.append(one["test_id"])
        else:
            findings.append(line)
    reasons = JUDGED | {f"{code} in {path}": why for (path, code), why in JUDGED_HERE.items()}
    counted = [f"{code}: {notes.count(code)}, judged: {reasons.get(code, 'low')}" for code in sorted(set(notes))]
    return Outcome(lines, "lines", findings, counted)


def secrets() -> Outcome:
    """Look for keys and passwords in what git keeps, beside those that are meant to be read."""
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    files = [
        name
        for name in names
        if name and not name.endswith((".png", "package-lock.json")) and "requirements" not in name
    ]
    done = run([tool("detect-secrets"), "scan", *files], seconds=300)
    found = json.loads(done.stdout)["results"]
    findings, meant = [], 0
    for name, hits in found.items():
        text = (ROOT / name).read_text(encoding="utf-8", errors="replace").splitlines()
        for hit in hits:
            if _is_meant(name, text[hit["line_number"] - 1]):
                meant += 1
            else:
                findings.append(f"{name}:{hit['line_number']} {hit['type']}")
    return Outcome(len(files), "files", findings, [f"{meant} keys of tests and of the demo, marked as such"])


def _is_meant(name: str, line: str) -> bool:
    """Say whether a line is one of the tests', or says itself that its key is no secret."""
    return name.startswith(("tests/", "bench/")) or bool(MEANT.search(line))


def deploy() -> Outcome:
    """Run Django's deployment checks with production settings."""
    done = run(["make", "check-deploy"], seconds=120)
    if done.returncode:
        return Outcome(1, "run", [line for line in (done.stdout + done.stderr).splitlines() if line][-5:])
    return Outcome(1, "run", notes=done.stdout.strip().splitlines()[-1:])


def sbom() -> Outcome:
    """Write the bill of materials (CycloneDX) of what is installed, and look at the licences."""
    target = PLACE / "sbom.cdx.json"
    done = run(
        [tool("cyclonedx-py"), "environment", str(ROOT / ".venv"), "--output-format", "JSON", "-o", str(target)],
        seconds=120,
    )
    if done.returncode or not target.is_file():
        message = f"The bill of materials was not written: {done.stderr.strip()[-200:]}"
        raise NotDoneError(message)
    parts = json.loads(target.read_text())["components"]
    findings = [f"{part['name']}: {_licence(part)}" for part in parts if _is_unwanted(_licence(part))]
    unknown = [part["name"] for part in parts if not _licence(part)]
    notes = [f"written to {target.relative_to(ROOT)}"]
    if unknown:
        notes.append(f"no licence named by: {', '.join(sorted(unknown))}")
    return Outcome(len(parts), "packages", findings, notes)


def _licence(part: dict[str, object]) -> str:
    licences = part.get("licenses") or []
    words = [one.get("expression") or next(iter(one.get("license", {}).values()), "") for one in licences]  # type: ignore[attr-defined]
    return ", ".join(str(word)[:60] for word in words)


def _is_unwanted(licence: str) -> bool:
    return any(word in licence for word in LICENCES_NOT_WANTED)


def advisories() -> Outcome:
    """Compare what is installed with the advisories in the file that ADVISORIES names."""
    if not os.environ.get("ADVISORIES") or not Path(os.environ["ADVISORIES"]).exists():
        message = "Set ADVISORIES to an OSV list (a zip or a folder): without one nothing is known of the packages."
        raise NotDoneError(message)
    from django.utils import timezone  # noqa: PLC0415  # after the set-up

    from analytics.security.dependencies import known_faults  # noqa: PLC0415
    from analytics.security.findings import Context  # noqa: PLC0415

    findings = [f"{one.title}: {one.evidence}" for one in known_faults(Context(timezone.now()))]
    from importlib.metadata import distributions  # noqa: PLC0415

    return Outcome(len(list(distributions())), "packages", findings)

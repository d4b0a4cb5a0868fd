"""Compare the installed packages with a list of advisories that the hospital provides as a file.

The file is a zip or a folder of advisories in the OSV format (JSON), as osv.dev publishes them for PyPI.
Without one nothing was checked, and that is said: silence would read like good news.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import distributions
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from django.conf import settings
from packaging.version import InvalidVersion, Version

from analytics.models import Severity
from analytics.security.findings import Context, Found, NotCheckedError

LIST_AGE = timedelta(days=30)


def known_faults(context: Context) -> Iterator[Found]:
    """Find installed packages of which an advisory says that this version has a known fault."""
    if not settings.ADVISORIES:
        raise NotCheckedError("Packages with known faults: set ADVISORIES to an OSV list (a zip or a folder).")
    installed = {_plain(one.name): one.version for one in distributions() if one.name}
    newest, read = "", 0
    for advisory in _advisories(Path(settings.ADVISORIES)):
        read += 1
        newest = max(newest, str(advisory.get("modified", "")))
        yield from _matches(advisory, installed)
    if not read:
        raise NotCheckedError("Packages with known faults: the file ADVISORIES holds no advisory.")
    yield from _too_old(newest, context.now)


def _matches(advisory: dict[str, Any], installed: dict[str, str]) -> Iterator[Found]:
    if advisory.get("withdrawn"):
        return
    for affected in advisory.get("affected", ()):
        package = affected.get("package", {})
        name = _plain(str(package.get("name", "")))
        version = installed.get(name)
        if package.get("ecosystem") == "PyPI" and version and is_affected(version, affected):
            number = str(advisory.get("id", ""))
            words = str(advisory.get("summary") or advisory.get("details") or "No description.")[:500]
            title = f"{name} {version} has a known fault"
            remedy = "Take a version in which it is mended: make requirements ARGS=--upgrade, then test."
            yield Found("package.fault", Severity.HIGH, title, f"{number}: {words}", remedy, f"{name}:{number}")


def is_affected(version: str, affected: dict[str, Any]) -> bool:
    """Say whether an advisory's entry covers ``version``: listed, or in a range of the OSV schema."""
    if version in affected.get("versions", ()):
        return True
    try:
        ours = Version(version)
        return any(
            _is_within(ours, span.get("events", ()))
            for span in affected.get("ranges", ())
            if span.get("type") == "ECOSYSTEM"
        )
    except InvalidVersion:
        return True  # what can't be compared is looked at by a person


def _is_within(ours: Version, events: list[dict[str, str]]) -> bool:
    """Walk an OSV range: ``introduced`` opens it, ``fixed`` closes it before, ``last_affected`` after a version."""
    inside = False
    for event in events:
        if "introduced" in event:
            inside = inside or event["introduced"] == "0" or ours >= Version(event["introduced"])
        elif "fixed" in event:
            inside = inside and ours < Version(event["fixed"])
        elif "last_affected" in event:
            inside = inside and ours <= Version(event["last_affected"])
    return inside


def _too_old(newest: str, now: datetime) -> Iterator[Found]:
    try:
        at = datetime.fromisoformat(newest).astimezone(UTC)
    except ValueError:
        return
    if now - at > LIST_AGE:
        evidence = f"The newest advisory in the list is of {at:%d %b %Y}."
        yield Found("package.list_age", Severity.MEDIUM, "The list of advisories is old", evidence, "Fetch it again.")


def _advisories(path: Path) -> Iterator[dict[str, Any]]:
    try:
        if path.is_dir():
            texts: Iterator[bytes] = (file.read_bytes() for file in sorted(path.rglob("*.json")))
            yield from map(json.loads, texts)
            return
        with ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".json"):
                    yield json.loads(archive.read(name))
    except (OSError, BadZipFile, ValueError) as error:
        raise NotCheckedError(f"Packages with known faults: {path.name} can't be read ({error}).") from error


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()

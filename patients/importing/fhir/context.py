"""What the readers of single resources share: the entry at hand, its neighbours, and whose numbers are whose."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from patients.importing.fhir.dates import instant
from patients.importing.incoming import Origin, Spot
from patients.importing.report import Remark, Report
from patients.importing.texts import BadValueError, clean, shortened
from patients.models import IdentifierSystem

LONGEST_KEY = 200
NAMED = ("Practitioner", "PractitionerRole", "Organization", "Location", "Medication", "Encounter")
"""Resources that are read for what others refer to: who, where, what."""


@dataclass(frozen=True, slots=True)
class Raw:
    """One resource as JSON, with its place and the address that its file gives it."""

    spot: Spot
    content: dict[str, Any]
    full_url: str = ""

    @property
    def kind(self) -> str:
        """Return its type."""
        return str(self.content["resourceType"])

    @property
    def id(self) -> str:
        """Return its logical id, if it has one."""
        found = self.content.get("id")
        return found if isinstance(found, str) else ""

    @property
    def names(self) -> list[str]:
        """Return by what others in the file refer to it."""
        local = [f"{self.kind}/{self.id}"] if self.id else []
        return [*local, *([self.full_url] if self.full_url and self.full_url not in local else [])]


class Directory:
    """The resources of a file by what others call them; ``wider`` is asked for what is not in it.

    ``without_addresses``: the files give no addresses, so one in a reference is known by its last two parts.
    """

    def __init__(self, wider: "Directory | None" = None, *, without_addresses: bool = False) -> None:
        self._wider = wider
        self._without_addresses: bool = without_addresses or (wider is not None and wider._without_addresses)  # noqa: SLF001
        self._known: dict[str, Raw] = {}
        self._numbered: dict[tuple[str, str, str], Raw] = {}

    def add(self, raw: Raw) -> Raw | None:
        """Take in a resource; return the one that has its name already."""
        earlier = next((self._known[name] for name in raw.names if name in self._known), None)
        for name in raw.names:
            self._known.setdefault(name, raw)
        for number in numbers_of(raw.content):
            self._numbered.setdefault((raw.kind, *number), raw)
        return earlier

    def find(self, reference: str) -> Raw | None:
        """Return what ``Patient/1``, an address, or ``Patient?identifier=system|value`` refers to."""
        found = self._here(reference)
        return found if found or self._wider is None else self._wider.find(reference)

    def _here(self, reference: str) -> Raw | None:
        if "?" in reference:
            kind, _, query = reference.partition("?")
            system, _, value = query.removeprefix("identifier=").partition("|")
            return self._numbered.get((kind, system, value)) if query.startswith("identifier=") else None
        return self._known.get(local(reference) if self._without_addresses else plain(reference))


def plain(reference: str) -> str:
    """Return a reference without the version of what it refers to."""
    return reference.partition("/_history/")[0]


def local(reference: str) -> str:
    """Return Patient/1 of an address that ends so."""
    parts = plain(reference).rsplit("/", 2)
    return "/".join(parts[1:]) if parts[0].startswith(("http://", "https://")) else plain(reference)


def numbers_of(content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (system, value) of a resource's identifiers; what is no identifier is the parser's to refuse."""
    found = content.get("identifier")
    for one in found if isinstance(found, list) else ():
        if isinstance(one, dict) and isinstance(one.get("system"), str) and isinstance(one.get("value"), str):
            yield one["system"], one["value"]


def mrns_of(content: dict[str, Any], system: str) -> set[str]:
    """Return the numbers of one system that count, of a resource that is not checked yet."""
    found = content.get("identifier")
    usable = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    return {
        one["value"].strip().upper()
        for one in usable
        if one.get("system") == system and one.get("use") != "old" and isinstance(one.get("value"), str)
    }


@dataclass(frozen=True, slots=True)
class Systems:
    """Whose numbers are whose, by URI."""

    ours: str
    national: str
    others: frozenset[str]

    @classmethod
    def load(cls) -> "Systems":
        """Read what is configured."""
        rows = list(IdentifierSystem.objects.all())
        return cls(
            ours=next((row.uri for row in rows if row.is_ours), ""),
            national=next((row.uri for row in rows if row.is_national), ""),
            others=frozenset(row.uri for row in rows if not (row.is_ours or row.is_national)),
        )


@dataclass(slots=True)
class Context:
    """What is known while the resources of one file are read."""

    systems: Systems
    source: str
    report: Report
    directory: Directory = field(default_factory=Directory)

    def origin(self, raw: Raw, resource: Any) -> Origin:
        """Return by what the other system knows a resource. Raises where it has no name at all."""
        meta = resource.meta
        return Origin(
            spot=raw.spot,
            source=self.source,
            keys=_keys(raw),
            version=(meta.versionId or "")[:64] if meta else "",
            updated=instant(meta.lastUpdated) if meta else None,
        )

    def described(self, raw: Raw, text: str, element: str, kind: str, name: str) -> str:
        """Return a description that its column holds, and say so where it had to be shortened."""
        found, cut = shortened(clean(text, element), kind, name)
        if cut:
            self.report.say(Remark.NOTED, raw.spot, f"was shortened to {len(found)} characters.", element)
        return found

    def referred(self, reference: Any, owner: Any) -> Any:
        """Return the JSON of what a reference leads to inside the file, contained resources included, or ``None``."""
        target = reference.reference if reference is not None else None
        if not target:
            return None
        if target.startswith("#"):
            inside = (one for one in owner.contained or [] if one.id == target[1:])
            found = next(inside, None)
            return found.as_json() if found else None
        raw = self.directory.find(target)
        return raw.content if raw else None

    def name_of(self, reference: Any, owner: Any) -> str:
        """Return what somebody or some place is called, as far as the file says."""
        if reference is None:
            return ""
        if reference.display:
            return str(reference.display)
        found = self.referred(reference, owner)
        return title_of(found) if found else ""


def _keys(raw: Raw) -> tuple[str, ...]:
    """Return the resource's names, the one to keep first: its one identifier, else its id, else its address.

    Several identifiers are all looked for, and none is preferred: nothing says which of them stays.
    """
    numbers = sorted({key(f"{system}|{value}") for system, value in numbers_of(raw.content)})
    if raw.kind == "Patient":
        numbers = []  # found by the MRN; their other numbers are no names of this resource
    names = [key(name) for name in raw.names]
    keys = (*numbers, *names) if len(numbers) == 1 else (*names, *numbers)
    if not keys:
        raise BadValueError("id", "is missing, and there is no identifier: it could not be known again.")
    return keys


def key(text: str) -> str:
    """Return a name that fits its column: a very long one by its hash."""
    return text if len(text) <= LONGEST_KEY else f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def title_of(content: dict[str, Any]) -> str:
    """Return the name of a person, place or organisation in JSON."""
    name = content.get("name")
    if isinstance(name, str):
        return name
    first = name[0] if isinstance(name, list) and name else {}
    if not isinstance(first, dict):
        return ""
    given = first.get("given")
    parts = [*(given if isinstance(given, list) else []), first.get("family")]
    return str(first.get("text") or " ".join(part for part in parts if isinstance(part, str)))

"""From files of FHIR to batches to write: what belongs to one patient is put together."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from patients.importing.fhir.coded import PassedOverError
from patients.importing.fhir.context import (
    LONGEST_KEY,
    NAMED,
    Context,
    Directory,
    Raw,
    Systems,
    key,
    local,
    mrns_of,
    plain,
)
from patients.importing.fhir.entries import READERS, check_after_birth
from patients.importing.fhir.files import Line, Unread, is_ndjson, read_bundle, read_line, read_lines
from patients.importing.fhir.orders import read_order
from patients.importing.fhir.parsing import BadResourceError, Problem, parse
from patients.importing.fhir.people import read_person
from patients.importing.incoming import Batch, Entry, Group, Incoming, Known, NoneKnown, Number, Order, Person, Spot
from patients.importing.report import ImportFileError, Outcome, Remark, Report
from patients.importing.sources import Source
from patients.importing.texts import BadValueError
from patients.models import BirthAccuracy

PATIENT, ORDER = "Patient", "ServiceRequest"
READ = (*READERS, ORDER)
"""Types of which something is written, beside the patient."""
KINDS = {
    PATIENT: "patient",
    "AllergyIntolerance": "allergy",
    "Condition": "condition",
    "MedicationRequest": "medicine",
    "MedicationStatement": "medicine",
    "Procedure": "procedure",
    ORDER: "order",
}
_ADDRESS_PARTS = 2


@dataclass(slots=True)
class FhirReader:
    """Reads files of FHIR one after the other; what is wrong goes into ``report``.

    ``source`` names the sending system where its files don't: by it and the resource's own name a record is known
    again.
    """

    systems: Systems
    report: Report
    source: str = ""
    claims: dict[tuple[str, str], list[Spot]] = field(default_factory=dict)

    def batches(self, sources: Sequence[Source]) -> Iterator[Batch]:
        """Yield what to write: each Bundle as one, and of all NDJSON files together each patient as one."""
        lined: list[Source] = []
        for source in sources:
            try:
                if is_ndjson(source):
                    lined.append(source)
                else:
                    yield self._bundle(source)
            except ImportFileError as error:
                self._refuse_file(source, error)
        if lined:
            yield from self._lines(lined)

    def _refuse_file(self, source: Source, error: ImportFileError) -> None:
        self.report.refuse("file", Spot(source.name), str(error).removeprefix(source.name).lstrip(": "))

    # --- Bundles -----------------------------------------------------------------------------------------------
    def _bundle(self, source: Source) -> Batch:
        entries = read_bundle(source)
        self.report.entries += len(entries)
        found = [one for one in entries if isinstance(one, Raw)]
        for one in entries:
            if isinstance(one, Unread):
                self.report.refuse("entry", one.spot, one.text)
        see = Context(self.systems, self._source_of(found), self.report)
        found = self._listed(see, found)
        for raw in found:
            self._claim(raw)
        return Batch(groups=self._groups(see, found), size=len(entries))

    def _claim(self, raw: Raw) -> None:
        """Note which patient of a file says which MRN is theirs."""
        if raw.kind == PATIENT:
            for mrn in mrns_of(raw.content, self.systems.ours):
                self.claims.setdefault((raw.spot.file, mrn), []).append(raw.spot)

    def _demand_own_mrn(self, person: Person) -> None:
        """Refuse all patients of a file who say that one MRN is theirs: nobody knows whose it is."""
        spot = person.origin.spot
        others = [str(other) for other in self.claims.get((spot.file, person.mrn), ()) if other != spot]
        if others:
            raise BadValueError("identifier", f"has the MRN that another patient of the file has: {others[0]}.")

    def _source_of(self, found: Iterable[Raw]) -> str:
        """Return the name of the sending system: what was said, its address, or whose numbers are our MRNs."""
        if self.source:
            return self.source
        for raw in found:
            if raw.full_url.startswith(("http://", "https://")) and raw.full_url.count("/") > _ADDRESS_PARTS:
                return raw.full_url.rsplit("/", _ADDRESS_PARTS)[0][:LONGEST_KEY]
        return self.systems.ours

    def _listed(self, see: Context, found: list[Raw]) -> list[Raw]:
        """Put all resources into the directory; return those whose names are their own."""
        own = []
        for raw in found:
            earlier = see.directory.add(raw)
            if earlier is None:
                own.append(raw)
            elif earlier.content == raw.content:
                self.report.ignored["Entries that repeat another word for word"] += 1
            else:
                text = f"has the name of another entry that says something else: {earlier.spot}."
                self.report.refuse(KINDS.get(raw.kind, "entry"), raw.spot, text)
        return own

    def _groups(self, see: Context, found: Iterable[Raw]) -> list[Group]:
        """Put together what belongs to one patient, in the order of the file."""
        people = {raw.names[0] if raw.names else str(raw.spot): raw for raw in found if raw.kind == PATIENT}
        rest: dict[str, list[tuple[Raw, Any]]] = defaultdict(list)
        known: dict[str, Known] = {}
        for raw in found:
            if raw.kind not in READ:
                self._pass_over(raw)
            elif (resource := self._parsed(raw)) is not None and (whose := self._whose(see, raw, resource)):
                name = whose if isinstance(whose, str) else f"? {whose.source} {whose.key} {whose.number}"
                if isinstance(whose, Known):
                    known.setdefault(name, whose)
                rest[name].append((raw, resource))
        groups = [self._group(see, person, rest.pop(name, [])) for name, person in people.items()]
        groups += [self._read_all(see, Group(whose=known[name]), members) for name, members in rest.items()]
        return [group for group in groups if group is not None]

    def _pass_over(self, raw: Raw) -> None:
        if raw.kind == PATIENT:
            return
        kind = "".join(letter for letter in raw.kind if letter.isalnum())[:60]
        reason = "read for what refers to it" if kind in NAMED else "not kept here"
        self.report.ignored[f"{kind}, {reason}"] += 1

    def _parsed(self, raw: Raw) -> Any:
        """Return the resource, or ``None`` once it is said what is wrong."""
        try:
            return parse(raw.content)
        except BadResourceError as error:
            self._refuse(raw, error.problems)
            return None

    def _refuse(self, raw: Raw, problems: Sequence[Problem]) -> None:
        self.report.count(KINDS[raw.kind], Outcome.REFUSED)
        for one in problems:
            self.report.say(Remark.REFUSED, raw.spot, one.text, one.element)

    def _whose(self, see: Context, raw: Raw, resource: Any) -> str | Known | None:
        """Return whose it is: a name of a patient in the file, or how to find one who is here; else refuse it."""
        element = "patient" if raw.kind == "AllergyIntolerance" else "subject"
        reference = getattr(resource, element)
        target = reference.reference or ""
        if target and (found := see.directory.find(target)):
            if found.kind == PATIENT:
                return found.names[0] if found.names else str(found.spot)
            self.report.refuse(KINDS[raw.kind], raw.spot, f"refers to a {found.kind}, not to a patient.", element)
            return None
        if known := self._elsewhere(see, raw, target, reference.identifier):
            return known
        self.report.refuse(KINDS[raw.kind], raw.spot, f"{_shown(target)} is in no file and can't be here.", element)
        return None

    def _elsewhere(self, see: Context, raw: Raw, target: str, identifier: Any) -> Known | None:
        """Return how a patient who is not in the file may be found here."""
        if target.startswith("Patient?identifier="):
            system, _, value = target.partition("=")[2].partition("|")
            return Known(spot=raw.spot, number=Number(system=system, value=value)) if value else None
        if identifier is not None and identifier.system and identifier.value:
            return Known(spot=raw.spot, number=Number(system=identifier.system, value=identifier.value))
        address = urlsplit(target)
        local = plain(target).rsplit("/", _ADDRESS_PARTS)
        if address.scheme in ("http", "https") and local[0] == see.source and len(local) > _ADDRESS_PARTS:
            target = "/".join(local[1:])
        if target.startswith(("Patient/", "urn:")):
            return Known(spot=raw.spot, source=see.source, key=key(plain(target)))
        return None

    def _group(self, see: Context, person: Raw, members: list[tuple[Raw, Any]]) -> Group | None:
        """Return a patient with all that belongs to them; nothing of somebody who can't be read is written."""
        resource = self._parsed(person)
        try:
            found = read_person(see, person, resource) if resource is not None else None
            if found is not None:
                self._demand_own_mrn(found)
        except BadValueError as error:
            self._refuse(person, [Problem(error.element, str(error))])
            found = None
        if found is None:
            for raw, _ in members:
                self.report.refuse(KINDS[raw.kind], raw.spot, f"belongs to a patient who was refused: {person.spot}.")
            return None
        return self._read_all(see, Group(whose=found), members)

    def _read_all(self, see: Context, group: Group, members: Iterable[tuple[Raw, Any]]) -> Group:
        for raw, resource in members:
            try:
                _put(group, self._read(see, raw, resource, group.whose))
            except BadValueError as error:
                self._refuse(raw, [Problem(error.element, str(error))])
                group.lost_allergy |= KINDS[raw.kind] == "allergy"
            except PassedOverError as reason:
                self.report.ignored[str(reason)] += 1
        return group

    def _read(self, see: Context, raw: Raw, resource: Any, whose: Person | Known) -> Incoming:
        if raw.kind == ORDER:
            return read_order(see, raw, resource)
        entry = READERS[raw.kind](see, raw, resource)
        if isinstance(entry, Entry) and isinstance(whose, Person) and whose.birth_accuracy == BirthAccuracy.DAY:
            check_after_birth(entry, whose.date_of_birth)
        return entry

    # --- NDJSON ------------------------------------------------------------------------------------------------
    def _lines(self, sources: list[Source]) -> Iterator[Batch]:
        index = _Index()
        for at, source in enumerate(sources):
            try:
                for line, found in read_lines(source, at):
                    self.report.entries += 1
                    self._index(index, line, found)
            except ImportFileError as error:
                self._refuse_file(source, error)
        sender = self.source or self.systems.ours
        with ExitStack() as stack:
            files = [stack.enter_context(source.open()) for source in sources]
            for lines in index.patients():
                theirs = [read_line(sources[line.source], files[line.source], line) for line in lines]
                see = Context(self.systems, sender, self.report, Directory(index.named))
                yield Batch(groups=self._groups(see, self._listed(see, theirs)), size=len(theirs))

    def _index(self, index: "_Index", line: Line, found: Raw | Unread) -> None:
        if isinstance(found, Unread):
            self.report.refuse("entry", found.spot, found.text)
        elif found.kind in READ or found.kind == PATIENT:
            self._claim(found)
            index.add(line, found)
        else:
            self._pass_over(found)
            if found.kind in NAMED:
                index.named.add(found)


@dataclass(slots=True)
class _Index:
    """Which lines are whose, by the patient's name in references; of what many refer to, the resources themselves."""

    named: Directory = field(default_factory=lambda: Directory(without_addresses=True))
    people: dict[str, list[Line]] = field(default_factory=dict)
    rest: dict[str, list[Line]] = field(default_factory=lambda: defaultdict(list))

    def add(self, line: Line, found: Raw) -> None:
        """Take in a line."""
        if found.kind == PATIENT:
            self.people.setdefault(found.names[0] if found.names else f"line {line}", []).append(line)
            return
        reference = found.content.get("patient" if found.kind == "AllergyIntolerance" else "subject")
        target = reference.get("reference") if isinstance(reference, dict) else None
        self.rest[local(target) if isinstance(target, str) else ""].append(line)

    def patients(self) -> Iterator[list[Line]]:
        """Yield the lines of each patient of the files, then those of patients who may be here."""
        for name, lines in self.people.items():
            yield lines + self.rest.pop(name, [])
        yield from self.rest.values()


def _put(group: Group, found: Incoming) -> None:
    if isinstance(found, Order):
        group.orders.append(found)
    elif isinstance(found, NoneKnown):
        group.none_known.append(found)
    elif isinstance(found, Entry):
        group.entries.append(found)


def _shown(target: str) -> str:
    return f"“{target[:80]}”" if target else "Nobody"

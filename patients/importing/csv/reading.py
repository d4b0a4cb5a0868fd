"""From the rows of a CSV file to persons and entries, each cell checked."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone

from accounts.encryption.keyring import fingerprint
from patients.importing.csv.columns import DATE_FORMATS, Layout, parse_date
from patients.importing.csv.tables import Table, open_table
from patients.importing.fhir.dates import OLDEST
from patients.importing.incoming import (
    AllergyEntry,
    Batch,
    ConditionEntry,
    Entry,
    Group,
    Kin,
    MedicineEntry,
    NoneKnown,
    Origin,
    Person,
    Spot,
)
from patients.importing.report import ImportFileError, Outcome, Remark, Report
from patients.importing.sources import Source
from patients.importing.texts import BadValueError, alike, clean, fitting, shortened
from patients.models import BirthAccuracy, Certainty, Course, Sex
from patients.record.surgical import surgical_class

AT_ONCE = 50
"""Patients in one transaction; where it fails, each is tried alone."""
SEXES = {
    **dict.fromkeys(("f", "female", "w", "weiblich", "woman", "k"), Sex.FEMALE),
    **dict.fromkeys(("m", "male", "männlich", "man"), Sex.MALE),
    **dict.fromkeys(("o", "x", "d", "other", "divers", "intersex"), Sex.OTHER),
    **dict.fromkeys(("u", "unknown", "unbekannt", "not known"), Sex.UNKNOWN),
}
YES, NO = ("y", "yes", "true", "1", "ja", "j"), ("n", "no", "false", "0", "nein")
NONE = ("none", "none known", "no known allergies", "no known allergy", "nka", "keine")
NO_ANSWER = frozenset(
    {
        *("nkda", "no known drug allergies", "no known drug allergy", "nil", "nil known", "n/a", "na"),
        *("unknown", "not known", "not recorded", "not asked", "unbekannt", "see notes"),
    }
)
"""What stands in a column of allergies and names no substance; of drugs alone, or nobody asked: no answer either."""
ENTRIES: dict[str, tuple[str, str]] = {
    "allergies": ("allergy", "substance"),
    "conditions": ("condition", "text"),
    "medicines": ("medicine", "text"),
}
_DIRECT = ("national_number", "phone", "language", "gp_name", "gp_practice", "gp_phone")


@dataclass(slots=True)
class CsvReader:
    """Reads one list; what is wrong goes into ``report``, by row and column."""

    layout: Layout
    report: Report
    source: str = "csv"

    def batches(self, sources: Sequence[Source]) -> Iterator[Batch]:
        """Yield what to write."""
        for source in sources:
            table = open_table(source, encoding=self.layout.encoding, delimiter=self.layout.delimiter)
            self.layout.check(table.header)
            yield from self._batches(table)

    def _batches(self, table: Table) -> Iterator[Batch]:
        reader = _Rows(self.layout, self.report, table, self.source, _twice(table, self.layout))
        groups: list[Group] = []
        for line, cells in table.rows():
            self.report.entries += 1
            group = reader.read(line, cells)
            groups += [group] if group else []
            if len(groups) == AT_ONCE:
                yield Batch(groups=groups, size=AT_ONCE, divisible=True)
                groups = []
        if groups:
            yield Batch(groups=groups, size=len(groups), divisible=True)
        if not self.report.entries:
            raise ImportFileError(f"{table.source.name} names its columns and holds no rows.")


def _twice(table: Table, layout: Layout) -> dict[str, list[int]]:
    """Return the MRNs that stand on several rows, with their lines."""
    lines: dict[str, list[int]] = defaultdict(list)
    at = layout.columns["mrn"]
    for line, cells in table.rows():
        if at < len(cells) and (mrn := " ".join(cells[at].split()).upper()):
            lines[mrn].append(line)
    return {mrn: found for mrn, found in lines.items() if len(found) > 1}


@dataclass(slots=True)
class _Rows:
    """Turns the cells of a row into a group."""

    layout: Layout
    report: Report
    table: Table
    source: str
    twice: dict[str, list[int]]
    problems: list[BadValueError] = field(default_factory=list)

    def read(self, line: int, cells: list[str]) -> Group | None:
        """Return what a row says; all that is wrong with it is said at once."""
        spot = Spot(self.table.source.name, "row", line)
        self.problems = []
        if len(cells) != len(self.table.header):
            text = f"{len(cells)} values where the first line names {len(self.table.header)} columns."
            self.report.refuse("patient", spot, text)
            return None
        row = {name: cells[at] for name, at in self.layout.columns.items()}
        group = self._group(spot, row)
        if not self.problems:
            return group
        self.report.count("patient", Outcome.REFUSED)
        for problem in self.problems:
            self.report.say(Remark.REFUSED, spot, str(problem), self._title(problem.element))
        return None

    def _title(self, name: str) -> str:
        """Return what the file calls a column."""
        at = self.layout.columns.get(name)
        return self.table.header[at].strip()[:60] if at is not None else name

    def _try(self, name: str, row: dict[str, str], read: Callable[[str], Any], empty: Any) -> Any:
        """Return what a cell says, or note what is wrong with it."""
        try:
            text = clean(row.get(name, ""), name)
            return read(text) if text else empty
        except BadValueError as error:
            self.problems.append(BadValueError(name, str(error)))
            return empty

    def _text(self, row: dict[str, str], name: str, kind: str = "patient", column: str = "") -> str:
        found: str = self._try(name, row, lambda text: fitting(text, name, kind, column or name), "")
        return found

    def _group(self, spot: Spot, row: dict[str, str]) -> Group:
        mrn = self._mrn(spot, row)
        person = self._person(spot, row, mrn)
        group = Group(whose=person)
        for name in ENTRIES:
            self._entries(group, spot, mrn, name, self._try(name, row, str, ""))
        return group

    def _mrn(self, spot: Spot, row: dict[str, str]) -> str:
        mrn = self._text(row, "mrn").upper()
        if not row["mrn"].strip():
            self.problems.append(BadValueError("mrn", "is missing."))
        others = [line for line in self.twice.get(mrn, ()) if line != spot.number]
        if others:
            self.problems.append(BadValueError("mrn", f"is on row {others[0]} too: nobody knows whose it is."))
        return mrn

    def _person(self, spot: Spot, row: dict[str, str], mrn: str) -> Person:
        family = self._text(row, "family_name")
        if not row["family_name"].strip():
            self.problems.append(BadValueError("family_name", "is missing."))
        born, died = self._day(row, "date_of_birth"), self._day(row, "deceased_on")
        if born and died and died < born:
            self.problems.append(BadValueError("deceased_on", "is before the date of birth."))
        direct: dict[str, Any] = {name: self._text(row, name) for name in _DIRECT}
        return Person(
            origin=Origin(spot=spot, source=self.source, keys=(f"Patient/{mrn}",)),
            mrn=mrn,
            family_name=family,
            given_name=self._text(row, "given_name"),
            date_of_birth=born,
            birth_accuracy=BirthAccuracy.DAY if born else "",
            sex=str(self._try("sex", row, _sex, "")),
            deceased_on=died,
            died=True if died else self._try("died", row, _yes, None),
            interpreter_needed=self._try("interpreter_needed", row, _yes, None),
            email=self._try("email", row, _email, ""),
            address=self._address(row),
            kin=self._kin(row),
            **direct,
        )

    def _day(self, row: dict[str, str], name: str) -> date | None:
        found: date | None = self._try(name, row, lambda text: _day(text, self.layout.date_format), None)
        return found

    def _address(self, row: dict[str, str]) -> str:
        parts = [self._try(name, row, str, "") for name in ("address", "town", "postcode")]
        street, town = parts[0], " ".join(part for part in parts[1:] if part)
        text = ", ".join(part for part in (street, town) if part)
        return self._text({"address": text}, "address")

    def _kin(self, row: dict[str, str]) -> tuple[Kin, ...]:
        name = self._text(row, "kin_name", "kin", "name")
        relationship = self._text(row, "kin_relationship", "kin", "relationship")
        phone = self._text(row, "kin_phone", "kin", "phone")
        return (Kin(name=name, relationship=relationship, phone=phone),) if name else ()

    def _entries(self, group: Group, spot: Spot, mrn: str, name: str, text: str) -> None:
        if name == "allergies" and text.casefold().rstrip(".") in NONE:
            origin = Origin(spot=spot, source=self.source, keys=(f"{mrn}/none-known",))
            group.none_known.append(NoneKnown(origin=origin))
            return
        kind, column = ENTRIES[name]
        for part in dict.fromkeys(filter(None, (one.strip() for one in text.split(";")))):
            if name == "allergies" and _names_nothing(part):
                self.report.say(Remark.NOTED, spot, "names no substance: nothing is recorded of it.", self._title(name))
                continue
            words, cut = shortened(part, kind, column)
            if cut:
                self.report.say(Remark.NOTED, spot, f"was shortened to {len(words)} characters.", self._title(name))
            key = f"{mrn}/{kind}/{fingerprint(alike(words), 'patients.importing.csv')[:24]}"
            group.entries.append(_entry(kind, words, Origin(spot=spot, source=self.source, keys=(key,))))


def _names_nothing(text: str) -> bool:
    """Say whether a text is no substance: dashes, or words for not knowing."""
    plain = text.casefold().strip(" .")
    return plain in NO_ANSWER or plain in NONE or not any(map(str.isalpha, plain))


def _entry(kind: str, words: str, origin: Origin) -> Entry:
    """Return an entry of which a list says nothing but the words."""
    if kind == "allergy":
        return AllergyEntry(origin=origin, substance=words, certainty=Certainty.UNCONFIRMED, course=Course.ACTIVE)
    if kind == "condition":
        return ConditionEntry(origin=origin, text=words, certainty=Certainty.UNCONFIRMED, course=Course.ACTIVE)
    return MedicineEntry(
        origin=origin,
        text=words,
        surgical_class=surgical_class(words),
        certainty=Certainty.UNCONFIRMED,
        course=Course.ACTIVE,
    )


def _day(text: str, date_format: str) -> date:
    try:
        day = parse_date(text, date_format)
    except ValueError:
        example = DATE_FORMATS[date_format][1]
        raise BadValueError("", f"“{text[:40]}” is no date written as {example}.") from None
    if day > timezone.localdate():
        raise BadValueError("", f"{text} has not come yet.")
    if day < OLDEST:
        raise BadValueError("", f"{text} is before {OLDEST.year}. Check the year.")
    return day


def _sex(text: str) -> Sex:
    if text.casefold() not in SEXES:
        raise BadValueError("", f"“{text[:40]}” is none of female, male, other, unknown (or F, M, O, U).")
    return SEXES[text.casefold()]


def _yes(text: str) -> bool:
    if text.casefold() not in (*YES, *NO):
        raise BadValueError("", f"“{text[:40]}” is neither yes nor no.")
    return text.casefold() in YES


def _email(text: str) -> str:
    try:
        validate_email(text)
    except ValidationError:
        raise BadValueError("", f"“{text[:40]}” is no e-mail address.") from None
    return fitting(text, "email", "patient", "email")

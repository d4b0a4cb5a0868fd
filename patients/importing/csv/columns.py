"""What a column can be, and how it is recognised; how dates may be written."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from patients.importing.report import ImportFileError

FIELDS: dict[str, tuple[str, ...]] = {
    "mrn": (
        "MRN",
        "Hospital number",
        "Hospital no",
        "Patient number",
        "Patient ID",
        "PAS number",
        "Medical record number",
    ),
    "family_name": ("Family name", "Surname", "Last name", "Name", "Lastname", "Nachname"),
    "given_name": ("Given name", "First name", "Forename", "Forenames", "Given names", "Firstname", "Vorname"),
    "date_of_birth": ("Date of birth", "DOB", "Birth date", "Birthdate", "Born", "Geburtsdatum"),
    "sex": ("Sex", "Gender", "Geschlecht"),
    "national_number": ("National number", "NHS number", "National ID", "SSN", "CHI number"),
    "phone": ("Phone", "Telephone", "Mobile", "Tel", "Phone number", "Mobile number"),
    "email": ("E-mail", "Email", "E-mail address", "Email address"),
    "address": ("Address", "Street", "Address line 1", "Postal address"),
    "town": ("Town", "City", "Address line 2"),
    "postcode": ("Postcode", "Post code", "Zip", "Zip code", "Postal code"),
    "language": ("Language", "Spoken language"),
    "interpreter_needed": ("Interpreter", "Interpreter needed", "Interpreter required"),
    "deceased_on": ("Date of death", "Died on", "DOD", "Deceased on"),
    "died": ("Deceased", "Died", "Dead"),
    "gp_name": ("GP", "GP name", "Doctor", "Family doctor"),
    "gp_practice": ("GP practice", "Practice", "Surgery"),
    "gp_phone": ("GP phone", "Practice phone"),
    "kin_name": ("Next of kin", "Next of kin name", "Emergency contact"),
    "kin_relationship": ("Next of kin relationship", "Relationship"),
    "kin_phone": ("Next of kin phone", "Emergency contact phone"),
    "allergies": ("Allergies", "Allergy", "Allergic to"),
    "conditions": ("Conditions", "Diagnoses", "Problems", "Medical history"),
    "medicines": ("Medicines", "Medication", "Medications", "Drugs"),
}
"""Fields with the headers that are recognised; capitals and punctuation don't count."""
WORDS = {
    **{name: titles[0] for name, titles in FIELDS.items()},
    "allergies": "Allergies (several: separated by semicolons; “none” says that there are none)",
    "conditions": "Conditions (several: separated by semicolons)",
    "medicines": "Medicines (several: separated by semicolons)",
    "deceased_on": "Date of death",
    "died": "Deceased (yes or no)",
    "interpreter_needed": "Interpreter needed (yes or no)",
}
"""The fields in words, for whoever says what a column is."""
REQUIRED = ("mrn", "family_name")

DATE_FORMATS: dict[str, tuple[str, str]] = {
    "iso": ("%Y-%m-%d", "2026-05-17"),
    "dmy": ("%d/%m/%Y", "17/05/2026 or 17.05.2026 (day first)"),
    "mdy": ("%m/%d/%Y", "05/17/2026 (month first)"),
    "ymd": ("%Y%m%d", "20260517"),
    "named": ("%d %b %Y", "17 May 2026 or 17-May-2026"),
}
"""How dates are written: the code, Python's format, an example. Which one it is, is never guessed from a day."""
_MARKS = re.compile(r"[/.\- ]+")


def plain(title: str) -> str:
    """Return a header as it is compared."""
    return re.sub(r"[\W_]+", " ", title).strip().casefold()


def guess(header: Sequence[str]) -> dict[str, int]:
    """Return which column each field seems to be, by its header."""
    places = {plain(title): at for at, title in reversed(list(enumerate(header)))}
    found: dict[str, int] = {}
    for name, titles in FIELDS.items():
        at = next((places[plain(title)] for title in titles if plain(title) in places), None)
        if at is not None and at not in found.values():
            found[name] = at
    return found


def parse_date(text: str, date_format: str) -> date:
    """Return a date; raises :class:`ValueError`."""
    form, _ = DATE_FORMATS[date_format]
    plainly = _MARKS.sub("/", text.strip()).removesuffix("/00:00:00")
    return datetime.strptime(plainly, _MARKS.sub("/", form)).date()  # noqa: DTZ007  # a day, nowhere in particular


def fitting_formats(texts: Sequence[str]) -> list[str]:
    """Return the formats in which all of the texts are dates."""
    return [name for name in DATE_FORMATS if texts and all(_is_date(text, name) for text in texts)]


def _is_date(text: str, date_format: str) -> bool:
    try:
        parse_date(text, date_format)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How to read one file: which column is which field, how dates are written, and the file's own form."""

    columns: Mapping[str, int] = field(default_factory=dict)
    date_format: str = "iso"
    encoding: str = ""
    delimiter: str = ""

    def check(self, header: Sequence[str]) -> None:
        """Raise :class:`ImportFileError` where no patient could be read so."""
        missing = [WORDS[name] for name in REQUIRED if name not in self.columns]
        if missing:
            raise ImportFileError(f"Say which column is: {', '.join(missing)}.")
        if max(self.columns.values()) >= len(header):
            raise ImportFileError("The file has fewer columns than were named.")
        if len(set(self.columns.values())) < len(self.columns):
            raise ImportFileError("One column can't be two things.")

    def as_json(self) -> dict[str, Any]:
        """Return it as it is kept with the import."""
        return {
            "columns": dict(self.columns),
            "date_format": self.date_format,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
        }

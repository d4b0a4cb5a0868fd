"""Which column of a file means what, and how the file writes its times.

The built-in mapping knows the headers below and ISO dates; a hospital with others writes a small
TOML or JSON file. docs/importing.md explains both.
"""

import json
import re
import tomllib
from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from scheduling.importing.case import ImportFileError

COLUMNS: dict[str, tuple[str, ...]] = {
    "case": ("Encounter ID", "Case", "Case number", "Case ID"),
    "date": ("Date", "Operation date"),
    "start": ("OR Schedule", "Scheduled start", "Planned start", "Booked start"),
    "minutes": ("Booked Time (min)", "Booked minutes", "Planned minutes", "Minutes"),
    "theatre": ("OR Suite", "Theatre", "Theater", "Operating room", "Room"),
    "specialty": ("Service", "Specialty"),
    "procedure_code": ("CPT Code", "Procedure code", "Code"),
    "procedure": ("CPT Description", "Procedure", "Procedure name", "Operation"),
    "mrn": ("MRN", "Hospital number"),
    "side": ("Side",),
    "sent_for": ("Sent for",),
    "arrived": ("Arrived",),
    "sign_in": ("Sign in",),
    "in_theatre": ("Wheels In", "In theatre"),
    "anaesthesia": ("Anaesthesia start", "Anesthesia start", "Anaesthesia started"),
    "time_out": ("Time out",),
    "knife_to_skin": ("Start Time", "Knife to skin", "Surgery start"),
    "closing": ("End Time", "Closing", "Surgery end"),
    "sign_out": ("Sign out",),
    "out": ("Wheels Out", "Out of theatre"),
    "recovery": ("In recovery", "Recovery"),
    "ready": ("Ready for discharge",),
    "discharged": ("Discharged", "Discharged from recovery"),
    "cleaned": ("Theatre cleaned", "Room clean"),
}
"""What a row can say, with the headers that are recognised; capitals and punctuation don't count."""

REQUIRED = ("case", "start", "minutes", "theatre", "specialty", "procedure")
"""Without these columns a file is no theatre list."""

FORMATS = ("%m/%d/%y %I:%M %p", "%m/%d/%y", "%H:%M", "%H:%M:%S")
"""How times may be written, beside ISO 8601. Day-first dates have to be announced, never guessed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """How to read one hospital's files.

    ``theatres`` and ``specialties`` translate the file's words into our codes. ``repeated_hour``
    says which is meant when the clocks go back: ``first``, ``second``, or ``refuse``.
    """

    columns: Dict[str, Sequence[str]] = field(default_factory=lambda: dict(COLUMNS))
    formats: Sequence[str] = FORMATS
    encoding: str = "utf-8-sig"
    delimiter: str = ""
    code_system: str = "LOCAL"
    repeated_hour: str = "refuse"
    theatres: Dict[str, str] = field(default_factory=dict)
    specialties: Dict[str, str] = field(default_factory=dict)

    def positions(self, header: Sequence[str]) -> dict[str, int]:
        """Return the position of each field's column; optional ones may be missing."""
        places: dict[str, list[int]] = {}
        for position, name in enumerate(header):
            places.setdefault(plain(name), []).append(position)
        found: dict[str, int] = {}
        for name, titles in self.columns.items():
            known = [title for title in titles if plain(title) in places]
            if not known:
                continue
            if len(places[plain(known[0])]) > 1:
                raise ImportFileError(f"The file has more than one column {known[0]!r}. Rename one.")
            found[name] = places[plain(known[0])][0]
        missing = [name for name in REQUIRED if name not in found]
        if missing:
            wanted = "; ".join(f"{name} (such as {self.columns[name][0]!r})" for name in missing)
            raise ImportFileError(
                f"The file has no column for: {wanted}. Its first line should name the columns; it has "
                f"{', '.join(map(repr, header[:20]))}. If they are called otherwise, name them in a --mapping file."
            )
        return found


def plain(title: str) -> str:
    """Return a header as it is compared."""
    return re.sub(r"[\W_]+", " ", title).strip().casefold()


def load_mapping(path: Path) -> Mapping:
    """Read a mapping from a TOML or JSON file; columns that it does not name keep their defaults."""
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except OSError as error:
        raise ImportFileError(f"The mapping {path} can't be read: {error.strerror}.") from error
    except ValueError as error:
        raise ImportFileError(f"The mapping {path} is not valid TOML or JSON: {error}.") from error
    return _checked(content, path)


def _checked(content: Any, path: Path) -> Mapping:
    known = {item.name for item in fields(Mapping)}
    if not isinstance(content, dict) or content.keys() - known:
        raise ImportFileError(f"The mapping {path} may hold only: {', '.join(sorted(known))}.")
    for name, value in content.items():
        content[name] = _value(name, value, path)
    if "columns" in content:
        unknown = content["columns"].keys() - COLUMNS.keys()
        if unknown:
            raise ImportFileError(
                f"The mapping {path} names unknown columns: {', '.join(sorted(unknown))}. "
                f"Known are: {', '.join(COLUMNS)}."
            )
        content["columns"] = {**COLUMNS, **content["columns"]}
    mapping = Mapping(**content)
    if mapping.repeated_hour not in {"first", "second", "refuse"}:
        raise ImportFileError(f"The mapping {path}: repeated_hour is first, second or refuse.")
    if len(mapping.delimiter) > 1 or len(mapping.code_system) not in range(1, 21):
        raise ImportFileError(f"The mapping {path}: delimiter is one character, code_system 1 to 20.")
    return mapping


def _value(name: str, value: Any, path: Path) -> Any:
    """Return a value of the right shape, or say which shape is right."""
    if name == "columns" and isinstance(value, dict):
        return {key: _texts(f"columns.{key}", item, path) for key, item in value.items()}
    if name in {"theatres", "specialties"}:
        if isinstance(value, dict) and all(isinstance(item, str) for item in value.values()):
            return {key.strip().casefold(): item for key, item in value.items()}
        raise ImportFileError(f"The mapping {path}: {name} is a table of texts.")
    if name == "formats":
        return (*_texts(name, value, path), *(item for item in FORMATS if "%m" not in item))
    if isinstance(value, str):
        return value
    raise ImportFileError(f"The mapping {path}: {name} has the wrong shape; see docs/importing.md.")


def _texts(name: str, value: Any, path: Path) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value
    if isinstance(texts, list) and texts and all(isinstance(item, str) for item in texts):
        return tuple(texts)
    raise ImportFileError(f"The mapping {path}: {name} is a text or a list of texts.")

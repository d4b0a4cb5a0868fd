"""What a file says of patients, whatever it is written in: neutral records, checked, and not yet written."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a file: ``unit`` is what ``number`` counts (entry, line, row), ``name`` what stands there."""

    file: str
    unit: str = ""
    number: int = 0
    name: str = ""

    def __str__(self) -> str:
        """Return the place as reports print it."""
        where = f"{self.unit} {self.number}" if self.number else ""
        return ", ".join(part for part in (self.file, where, self.name) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a record comes from and by what it is known there.

    ``keys`` are all names of the other system for it, the one to be kept first. ``version`` and ``updated`` are the
    other system's own.
    """

    spot: Spot
    source: str
    keys: tuple[str, ...]
    version: str = ""
    updated: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One record. Fields other than those in :attr:`APART` are the model's own, by the same names."""

    KIND: ClassVar[str] = ""
    APART: ClassVar[frozenset[str]] = frozenset({"origin"})

    origin: Origin

    def values(self) -> dict[str, Any]:
        """Return what the model's fields are to hold."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name not in self.APART}


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherName:
    """A name beside the official one."""

    use: str
    family_name: str
    given_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number of the patient beside the MRN: ``system`` is a URI."""

    system: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kin:
    """Whom to call."""

    name: str
    relationship: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person(Incoming):
    """A patient. ``mrn`` is how they are found. Empty values say nothing and overwrite nothing."""

    KIND = "patient"
    APART = frozenset({"origin", "mrn", "names", "numbers", "kin"})

    mrn: str
    family_name: str = ""
    given_name: str = ""
    date_of_birth: date | None = None
    birth_accuracy: str = ""
    sex: str = ""
    gender: str = ""
    national_number: str = ""
    phone: str = ""
    email: str = ""
    language: str = ""
    interpreter_needed: bool | None = None
    address: str = ""
    gp_name: str = ""
    gp_practice: str = ""
    gp_phone: str = ""
    died: bool | None = None
    deceased_on: date | None = None
    names: Sequence[OtherName] = ()
    numbers: Sequence[Number] = ()
    kin: Sequence[Kin] = ()

    def values(self) -> dict[str, Any]:
        """Return what is said; silence is no value."""
        return {name: value for name, value in Incoming.values(self).items() if value not in ("", None)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Incoming):
    """One thing recorded of a patient."""

    APART = frozenset({"origin", "recorded_at"})

    system: str = ""
    code: str = ""
    certainty: str
    recorded_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AllergyEntry(Entry):
    """One substance that the patient must not meet."""

    KIND = "allergy"

    substance: str
    reaction: str = ""
    severity: str = ""
    course: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionEntry(Entry):
    """One illness or problem."""

    KIND = "condition"

    text: str
    course: str
    began_on: date | None = None
    ended_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MedicineEntry(Entry):
    """One medicine; ``surgical_class`` is ours, by the name of the substance."""

    KIND = "medicine"

    text: str
    dose: str = ""
    surgical_class: str = ""
    course: str
    began_on: date | None = None
    ended_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcedureEntry(Entry):
    """One procedure done before."""

    KIND = "procedure"

    text: str
    performed_on: date | None = None
    place: str = ""
    complications: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoneKnown(Incoming):
    """Somebody asked, and the patient has no allergies; ``counts`` is false where that was taken back."""

    KIND = "none_known"

    asked_at: datetime | None = None
    counts: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(Incoming):
    """A surgical order: ``codes`` are (system, code) pairs, ``urgency`` is routine, urgent, asap or stat.

    ``side`` is left, right, bilateral or empty. ``is_surgical``: the order says so. ``withdrawn`` ones are no longer
    wanted.
    """

    KIND = "order"

    codes: Sequence[tuple[str, str]] = ()
    text: str = ""
    urgency: str = "routine"
    side: str = ""
    listed_on: date | None = None
    due_on: date | None = None
    requester: str = ""
    notes: str = ""
    is_surgical: bool = False
    withdrawn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A patient who is not in the file: by a key of the source, or by a number (of our MRN's system: the MRN)."""

    spot: Spot
    source: str = ""
    key: str = ""
    number: Number | None = None


@dataclass(slots=True, kw_only=True)
class Group:
    """What a file says of one patient."""

    whose: Person | Known
    entries: list[Entry] = field(default_factory=list)
    none_known: list[NoneKnown] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    lost_allergy: bool = False
    """Whether an allergy of the patient could not be read: then no statement that there is none is believed."""

    @property
    def everything(self) -> list[Incoming]:
        """Return the records of it, the person's own first."""
        person = [self.whose] if isinstance(self.whose, Person) else []
        return [*person, *self.entries, *self.none_known, *self.orders]


@dataclass(slots=True, kw_only=True)
class Batch:
    """What is written in one transaction; ``size`` is how many entries of the files it stands for.

    ``divisible``: where the whole fails, each patient of it is tried alone.
    """

    groups: list[Group]
    size: int = 0
    divisible: bool = False

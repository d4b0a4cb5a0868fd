"""What leaves the house, column by column. Whatever is not named here stays."""

from dataclasses import dataclass, fields

HIDDEN = "*"
"""Stands where a value was taken out because too few operations share it."""
OLDEST = 90
"""Ages from here on are one group: 45 CFR 164.514(b)(2)(i)(C)."""
BAND = 10


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One operation without the person (45 CFR 164.514(b)(2)): no date but the year, no name, no number of ours.

    ``theatre`` is a key drawn at random for each file, the same for one theatre within it. Minutes are whole;
    ``turnover_minutes`` counts from the last patient's wheels-out there on the same day. Codes come from the
    hospital's own lists.
    """

    year: int
    specialty: str
    procedure_group: str
    asa_class: int | None
    age: str
    sex: str
    theatre: str
    planned_minutes: int
    actual_minutes: int | None
    turnover_minutes: int | None
    day_case: bool
    delay_reason: str
    cancelled: bool
    cancelled_reason: str

    @property
    def band(self) -> str:
        """Return the ages that count as one when equal operations are counted: ``40-49``."""
        if not self.age.isdecimal():
            return self.age
        first = int(self.age) // BAND * BAND
        return f"{first}-{first + BAND - 1}"


@dataclass(frozen=True, kw_only=True)
class Dated(Figures):
    """One operation of a limited data set (45 CFR 164.514(e)): dates stay, what says who it was does not.

    ``case`` is drawn at random for each file.
    """

    case: str
    date: str
    planned_start: str
    wheels_in: str
    wheels_out: str


def names(kind: type[Figures]) -> list[str]:
    """Return the heads of the columns."""
    return [one.name for one in fields(kind)]


def grouped_age(years: int | None) -> str:
    """Return an age as it may be told; nothing where it is not known."""
    if years is None or years < 0:
        return ""
    return f"{OLDEST}+" if years >= OLDEST else str(years)


def procedure_group(system: str, code: str) -> str:
    """Return the group of a procedure: of ICD-10-PCS section, body system and root operation; else the code."""
    return code[:3] if system == "ICD-10-PCS" else code

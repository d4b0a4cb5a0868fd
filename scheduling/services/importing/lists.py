"""The hospital's lists that an imported case needs: found by what the file says, or made."""

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from statistics import median_low
from typing import TypeVar

from django.utils.text import slugify

from resources.models import Specialty, Theatre
from resources.models.reference import Hue
from scheduling.importing.case import Case
from scheduling.models import Laterality, Priority, Procedure, Side

PRIORITY = "IMPORT"
"""The code of the priority class of imported operations: the list says nothing about how urgent."""
R = TypeVar("R", Theatre, Specialty)


@dataclass(slots=True)
class Lists:
    """Theatres, specialties and procedures as they stand, by what files call them."""

    code_system: str
    theatres: dict[str, Theatre]
    specialties: dict[str, Specialty]
    procedures: dict[str, Procedure]
    made: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, code_system: str) -> "Lists":
        """Read the lists in a fixed number of queries."""
        return cls(
            code_system=code_system,
            theatres=_by_words(Theatre.objects.all()),
            specialties=_by_words(Specialty.objects.all()),
            procedures=_procedures(code_system),
        )

    def theatre(self, case: Case) -> Theatre | None:
        """Return the theatre that the case names, if the hospital has it."""
        return self.theatres.get(_key(case.theatre))

    def specialty(self, case: Case) -> Specialty | None:
        """Return the specialty that the case names, if the hospital has it."""
        return self.specialties.get(_key(case.specialty))

    def procedure(self, case: Case) -> Procedure | None:
        """Return the procedure with the case's code, if the hospital has it."""
        return self.procedures.get(procedure_code(case))

    def needed(self, case: Case) -> tuple[Theatre, Specialty, Procedure]:
        """Return all three, once :meth:`make_missing` has seen to them."""
        theatre, specialty, procedure = self.theatre(case), self.specialty(case), self.procedure(case)
        if theatre is None or specialty is None or procedure is None:
            raise LookupError(str(case))
        return theatre, specialty, procedure

    def make_missing(self, cases: Sequence[Case]) -> None:
        """Add what the cases name and the hospital has not; theatres get no opening hours."""
        for case in cases:
            if self.theatre(case) is None:
                self._make_theatre(case.theatre)
            if self.specialty(case) is None:
                self._make_specialty(case.specialty)
        self._make_procedures([case for case in cases if self.procedure(case) is None])

    def priority(self) -> Priority:
        """Return the priority class of imported operations."""
        row, made = Priority.objects.get_or_create(
            code=PRIORITY,
            defaults={
                "scheme": "IMPORT",
                "name": "Imported, priority not in the list",
                "target_days": 365,
                "rank": 90,
            },
        )
        if made:
            self._note("priority", row.name)
        return row

    def _make_theatre(self, words: str) -> None:
        last = max((row.position for row in self.theatres.values()), default=0)
        row = Theatre(name=words, code=_free_code(words, 20, self.theatres), position=last + 1)
        row.save()
        self.theatres |= _by_words([row])
        self._note("theatre", row.name)

    def _make_specialty(self, words: str) -> None:
        used = Counter(row.hue for row in {row.pk: row for row in self.specialties.values()}.values())
        hue = min(Hue.values, key=lambda value: used[value])
        row = Specialty(name=words, code=_free_code(words, 40, self.specialties), hue=hue)
        row.save()
        self.specialties |= _by_words([row])
        self._note("specialty", row.name)

    def _make_procedures(self, cases: Sequence[Case]) -> None:
        by_code: dict[str, list[Case]] = {}
        for case in cases:
            by_code.setdefault(procedure_code(case), []).append(case)
        for code, same in by_code.items():
            specialty = self.specialty(same[0])
            if specialty is None:
                continue  # made a moment ago: never so
            sided = all(Side(case.side).is_named for case in same)
            row = Procedure(
                code=code,
                code_system=self.code_system,
                name=same[0].procedure,
                specialty=specialty,
                laterality=Laterality.REQUIRED if sided else Laterality.NONE,
                set_up_minutes=0,
                anaesthesia_minutes=0,
                surgery_minutes=median_low(case.minutes for case in same),
                clean_up_minutes=0,
            )
            row.save()
            self._note("procedure", row.code)
        if by_code:
            self.procedures = _procedures(self.code_system)  # with their needs, none as they are

    def _note(self, kind: str, name: str) -> None:
        self.made.setdefault(kind, []).append(name)


def procedure_code(case: Case) -> str:
    """Return the file's code for the procedure, or one made from its name."""
    return case.procedure_code or slugify(case.procedure)[:20] or "unnamed"


def _procedures(code_system: str) -> dict[str, Procedure]:
    """Return the procedures of a code system with everything that a plan asks of them."""
    rows = Procedure.objects.filter(code_system=code_system).select_related("specialty")
    needs = ("features", "equipment_needs__equipment_type", "staff_needs")
    return {row.code: row for row in rows.prefetch_related(*needs)}


def _key(words: str) -> str:
    return words.strip().casefold()


def _by_words(rows: Iterable[R]) -> dict[str, R]:
    """Return the rows by name and by code; where both clash, the code counts."""
    rows = list(rows)
    return {_key(row.name): row for row in reversed(rows)} | {_key(row.code): row for row in rows}


def _free_code(words: str, longest: int, taken: Container[str]) -> str:
    """Return a code made from a name that no other row has."""
    code = slugify(words)[:longest].strip("-") or "imported"
    numbered = (f"{code[: longest - 4]}-{number}" for number in count(2))
    return next(free for free in chain([code], numbered) if free not in taken)

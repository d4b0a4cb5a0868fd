"""Whether somebody who is being written down is on record already."""

from dataclasses import dataclass

from django.http import HttpRequest

from accounts.models import User
from patients.merging.finding import Candidate, possible_duplicates
from patients.models import Patient
from scheduling.forms.numbers import row_number

NAME = "somebody_else"
"""The button that says so carries the numbers of those who were shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Who looks like the one, and of whom the person at the screen said that it is somebody else."""

    candidates: list[Candidate]
    denied: frozenset[int]

    @classmethod
    def of(cls, request: HttpRequest, patient: Patient, viewer: User) -> "Doubt":
        """Look for them, and read what was said."""
        denied = {row_number(text) for text in request.POST.get(NAME, "").split(",")}
        return cls(
            candidates=possible_duplicates(patient, viewer),
            denied=frozenset(number for number in denied if number is not None),
        )

    @property
    def is_settled(self) -> bool:
        """Say whether nobody is left who was not shown and denied."""
        return all(one.patient.pk in self.denied for one in self.candidates)

    @property
    def numbers(self) -> str:
        """Return what the button carries."""
        return ",".join(str(one.patient.pk) for one in self.candidates)

"""What every text from outside has to be before it may be kept."""

import re
import unicodedata

from patients.models import (
    Allergy,
    Condition,
    Medicine,
    NextOfKin,
    PastProcedure,
    Patient,
    PatientIdentifier,
    PatientName,
)

LONGEST = 10_000
"""Longer texts are no names, doses or reactions."""
_MODELS = {
    "patient": Patient,
    "allergy": Allergy,
    "condition": Condition,
    "medicine": Medicine,
    "procedure": PastProcedure,
    "name": PatientName,
    "number": PatientIdentifier,
    "kin": NextOfKin,
}
LENGTHS: dict[tuple[str, str], int] = {
    (kind, one.name): longest
    for kind, model in _MODELS.items()
    for one in model._meta.concrete_fields  # noqa: SLF001  # Django's public name for it
    if (longest := getattr(one, "max_length", None))
}
"""The longest text that each column holds, by kind and name."""


class BadValueError(ValueError):
    """A value can't be kept; ``element`` is where it stands, the message what is wrong."""

    def __init__(self, element: str, message: str) -> None:
        super().__init__(message)
        self.element = element


def clean(text: str, element: str) -> str:
    """Return the text without space around it; raises :class:`BadValueError` for one that nobody could have meant."""
    if len(text) > LONGEST:
        raise BadValueError(element, f"has {len(text):,} characters.")
    text = " ".join(text.split())
    if any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in text):
        raise BadValueError(element, "holds characters that are no text, such as a null.")
    return text


def fitting(text: str, element: str, kind: str, name: str) -> str:
    """Return a text that fits its column whole: part of a name or number would be another one."""
    longest = LENGTHS[kind, name]
    if len(text) > longest:
        raise BadValueError(element, f"has {len(text)} characters; at most {longest} can be kept.")
    return text


def shortened(text: str, kind: str, name: str) -> tuple[str, bool]:
    """Return a description as far as its column holds it, and whether something is missing."""
    longest = LENGTHS[kind, name]
    return (text, False) if len(text) <= longest else (f"{text[: longest - 1].rstrip()}…", True)


def alike(name: str) -> str:
    """Return a name as two spellings of it are compared: no accents, capitals or punctuation."""
    plain = unicodedata.normalize("NFKD", name)
    return re.sub(r"[\W_]+", "", "".join(c for c in plain if not unicodedata.combining(c))).casefold()

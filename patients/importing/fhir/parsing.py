"""From JSON to a resource of R4 by the library, and from the library's errors to sentences with a place."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fhirclient.models.fhirabstractbase import FHIRValidationError
from fhirclient.models.fhirelementfactory import FHIRElementFactory

from patients.importing.texts import BadValueError

NAIVE = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+")
MISSING = re.compile(r'Non-optional property "(\w+)"')
SUPERFLUOUS = re.compile(r'Superfluous entry "([^"]{1,60})')


@dataclass(frozen=True)
class Problem:
    """What is wrong with one element."""

    element: str
    text: str


class BadResourceError(Exception):
    """A resource is not what R4 says; all that the library found."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{one.element}: {one.text}" for one in problems))
        self.problems = problems


def parse(raw: Mapping[str, Any]) -> Any:
    """Return the resource as an object of fhirclient. Raises :class:`BadResourceError`."""
    for element in ("implicitRules", "modifierExtension"):
        if element in raw:
            raise BadResourceError([Problem(element, "changes what the rest means in a way that is not known here.")])
    try:
        return FHIRElementFactory.instantiate(raw["resourceType"], raw)
    except FHIRValidationError as error:
        raise BadResourceError([_problem(path, one, raw) for path, one in _flat(error)][:20]) from error
    except RecursionError as error:
        raise BadResourceError([Problem("", "is nested too deeply.")]) from error
    except (TypeError, ValueError, AttributeError, KeyError) as error:  # the library trips over some wrong types
        raise BadResourceError([Problem("", "is not built as R4 says.")]) from error


def _flat(error: FHIRValidationError) -> Iterator[tuple[list[str], Exception]]:
    for one in error.errors:
        path = error.path.split(".") if error.path else []
        if isinstance(one, FHIRValidationError):
            yield from ((path + inner, deeper) for inner, deeper in _flat(one))
        else:
            yield path, one


def _problem(path: list[str], error: Exception, raw: Any) -> Problem:
    message = str(error)
    if found := MISSING.search(message):
        return Problem(_dotted([*path, found[1]]), "is missing.")
    if found := SUPERFLUOUS.search(message):
        return Problem(_dotted([*path, found[1]]), "is no element of FHIR R4.")
    value = _at(raw, path)
    if not isinstance(value, str) or isinstance(error, TypeError):
        return Problem(_dotted(path), "is not of the kind that R4 says.")
    if NAIVE.fullmatch(value):
        return Problem(_dotted(path), f"{value} is a time without a time zone: nobody knows when that was.")
    return Problem(_dotted(path), f"“{value[:40]}” is no date or time that there is.")


def _at(raw: Any, path: list[str]) -> Any:
    """Return the value that stands at a path; the library writes Python's names, JSON's differ by case alone."""
    for step in path:
        if isinstance(raw, list):
            raw = raw[int(step)] if step.isdigit() and int(step) < len(raw) else None
        elif isinstance(raw, dict):
            plain = step.replace("_", "").lower()
            raw = next((value for key, value in raw.items() if key.lower() == plain), None)
    return raw


def _dotted(path: list[str]) -> str:
    """Return name[0].given, as FHIRPath writes it."""
    parts = [f"[{step}]" if step.isdigit() else f".{step}" for step in path]
    return "".join(parts).removeprefix(".")


def code(value: Any, element: str, known: Mapping[str, Any], *, missing: Any = None) -> Any:
    """Return what a code of a required list means here; raises for one that is not in the list."""
    if value is None:
        if missing is None:
            raise BadValueError(element, "is missing.")
        return missing
    if not isinstance(value, str) or value not in known:
        raise BadValueError(element, f"“{str(value)[:40]}” is none of {', '.join(known)}.")
    return known[value]


def bound(concept: Any, element: str, system: str, known: Mapping[str, Any], *, missing: Any) -> Any:
    """Return what a concept means by its code of the one list that R4 requires here."""
    if concept is None:
        return missing
    codes = [one.code for one in concept.coding or [] if one.system == system]
    if not codes:
        raise BadValueError(element, f"has no code of {system}.")
    return code(codes[0], f"{element}.coding.code", known)

"""Open a PDF, and look for what would do something when somebody opens it."""

import io
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

BROKEN = "This PDF can’t be opened: it is damaged or cut off. Print it to a new PDF."
LOCKED = "This PDF is locked with a password. Save it without one: colleagues could not open it."
ACTIVE = "This PDF has programs or other files in it. Print it to a new PDF, and take that one."
TWO_THINGS = "Something else is written behind the end of this PDF. Print it to a new PDF, and take that one."
TOO_MANY = "This PDF is made of too many pieces. Print it to a new PDF, and take that one."

ACTS = frozenset({"/JS", "/JavaScript", "/EmbeddedFile", "/EmbeddedFiles", "/RichMedia", "/XFA"})
LAUNCHES = frozenset({"/JavaScript", "/Launch", "/ImportData", "/SubmitForm", "/Rendition", "/GoToR", "/GoToE"})
MOST_OBJECTS = 50_000
"""Opening so many takes two seconds; a scan has a few for each page."""
MOST_UNPACKED = 100_000_000
"""Bytes of all streams that hold objects, unpacked: more is no paper but a bomb."""
END = b"%%EOF"
NOTHING = b" \t\r\n\f\x00\x1a"


def check_pdf(content: bytes) -> None:
    """Raise :class:`ValidationError` for a PDF that is locked, that acts, that is something else too, or not whole."""
    end = content.rfind(END)
    if end < 0:
        raise ValidationError(BROKEN)
    if content[end + len(END) :].strip(NOTHING):
        raise ValidationError(TWO_THINGS)
    try:
        problem = _problem(PdfReader(io.BytesIO(content)))
    except Exception as error:  # a parser raises anything when it is fed anything
        raise ValidationError(BROKEN) from error
    if problem:
        raise ValidationError(problem)


def _problem(reader: PdfReader) -> str:
    if reader.is_encrypted:
        return LOCKED
    if sum(len(found) for found in reader.xref.values()) + len(reader.xref_objStm) > MOST_OBJECTS:
        return TOO_MANY
    if _is_bomb(reader):
        return TOO_MANY
    if not len(reader.pages):
        return BROKEN
    return ACTIVE if any(_acts(one) for one in _objects(reader)) else ""


def _is_bomb(reader: PdfReader) -> bool:
    """Say whether the streams that hold objects unpack to more than any paper needs; stops where that is known."""
    unpacked = 0
    for number in {stream for stream, _ in reader.xref_objStm.values()}:
        unpacked += len(reader.get_object(IndirectObject(number, 0, reader)).get_data())  # type: ignore[union-attr]
        if unpacked > MOST_UNPACKED:
            return True
    return False


def _objects(reader: PdfReader) -> Iterator[Any]:
    """Yield every object that the file lists, used or not: one that is not used can still be reached."""
    places = [(number, generation) for generation, found in reader.xref.items() for number in found]
    places += [(number, 0) for number in reader.xref_objStm]
    for number, generation in places:
        yield reader.get_object(IndirectObject(number, generation, reader))


def _resolved(value: Any) -> Any:
    """Return what a value is, also where it stands elsewhere in the file."""
    return value.get_object() if isinstance(value, IndirectObject) else value


def _acts(thing: Any) -> bool:
    """Say whether an object, or one that is written inside it, is something that acts."""
    if isinstance(thing, DictionaryObject):
        kind, holds = (_resolved(thing.get(name)) for name in ("/S", "/Type"))
        named = ACTS & thing.keys() or kind in LAUNCHES or holds == "/EmbeddedFile"
        return bool(named) or any(_acts(value) for value in dict.values(thing))
    return isinstance(thing, ArrayObject) and any(_acts(value) for value in list.__iter__(thing))

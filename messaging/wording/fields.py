"""The fields of messages: what each may hold, and how it reads in a language. None takes free words."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, time

from django.conf import settings
from django.utils import translation
from django.utils.formats import date_format

from messaging.models.audience import Audience
from messaging.wording.languages import DATE_FORMATS, RIGHT_TO_LEFT
from messaging.wording.shipped import FASTING

MOST_MINUTES = 24 * 60
ISOLATE = "\u2066{}\u2069"
"""Keeps digits and signs in their order between words that run from right to left."""
TOKEN = re.compile(r"/to/[A-Za-z0-9_-]{22,64}/?")
"""The path of a link that a patient gets: a random token, which says nothing of anybody."""
PAGE = re.compile(r"/[A-Za-z0-9/_.-]*")
"""The path of a page for staff, who sign in there."""
Words = Callable[[], Collection[str]]
_lists: dict[str, Words] = {}


class FieldError(ValueError):
    """A message may not hold this; the message names the field, never its value."""


def offer_words(name: str, words: Words) -> None:
    """Name the list of which a field's words must be: places, theatres. The app that keeps the list does it."""
    _lists[name] = words


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field: ``is_right`` refuses values, ``say`` puts a right one into words of a language."""

    name: str
    title: str
    example: str
    is_right: Callable[[str, Audience], bool]
    say: Callable[[str, str], str] = lambda value, _language: value

    def check(self, value: str, audience: Audience) -> None:
        """Raise :class:`FieldError` unless ``value`` is one."""
        if not self.is_right(str(value), audience) or str(value) != value:
            raise FieldError(f"The field “{self.name}” has another form.")


def _is_date(value: str, _: Audience) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _is_time(value: str, _: Audience) -> bool:
    try:
        return f"{time.fromisoformat(value):%H:%M}" == value
    except ValueError:
        return False


def _is_link(value: str, audience: Audience) -> bool:
    path = value.removeprefix(settings.SITE_URL)
    form = TOKEN if audience == Audience.PATIENT else PAGE
    return path != value and form.fullmatch(path) is not None


def _is_of_list(name: str) -> Callable[[str, Audience], bool]:
    return lambda value, _: name in _lists and value in _lists[name]()


def _is_minutes(value: str, _: Audience) -> bool:
    return value.isascii() and value.isdecimal() and len(value) <= len(str(MOST_MINUTES)) and int(value) <= MOST_MINUTES


def _say_date(value: str, language: str) -> str:
    with translation.override(language):
        return date_format(date.fromisoformat(value), DATE_FORMATS[language])


def _in_order(value: str, language: str) -> str:
    return ISOLATE.format(value) if language in RIGHT_TO_LEFT else value


FIELDS: dict[str, Field] = {
    field.name: field
    for field in (
        Field(name="date", title="Day", example="2026-03-16", is_right=_is_date, say=_say_date),
        Field(name="time", title="Time of arrival", example="07:30", is_right=_is_time, say=_in_order),
        Field(name="place", title="Site of the hospital", example="Main building", is_right=_is_of_list("place")),
        Field(name="theatre", title="Theatre", example="Theatre 3", is_right=_is_of_list("theatre")),
        Field(name="minutes", title="Minutes", example="30", is_right=_is_minutes),
        Field(
            name="fasting",
            title="What to eat and drink",
            example="general",
            is_right=lambda value, _: value in FASTING["en"],
            say=lambda value, language: FASTING[language][value],
        ),
        Field(name="link", title="Link", example="/to/AbCdEfGhIjKlMnOpQrStUv", is_right=_is_link),
        Field(name="hospital", title="Name of the hospital", example="", is_right=lambda *_: False),
        Field(name="phone", title="Number to call", example="", is_right=lambda *_: False, say=_in_order),
    )
}
"""``hospital`` and ``phone`` come from the settings; nobody passes them."""

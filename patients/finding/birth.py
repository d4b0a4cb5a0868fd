"""Dates of birth in whatever form people write them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.utils import timezone

OLDEST = 120
"""Years back from today in which somebody who is on record was born."""
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
    r"(?:(?<=jan)uary|(?<=feb)ruary|(?<=mar)ch|(?<=apr)il|(?<=jun)e|(?<=jul)y|(?<=aug)ust|(?<=sep)t(?:ember)?"
    r"|(?<=oct)ober|(?<=nov)ember|(?<=dec)ember)?\.?"
)
"""Spelt as people spell months, and nothing longer: Mary, Martin and Julia are names."""
_NO_NAME = r"(?!(?:jan|april|may|june|august)(?![^\W_]))"
"""Without a day beside them these are people: Jan 1975 is somebody's name and year."""
_YEAR = r"(?P<year>\d{4}|\d{2})"
_IN_WORDS = (
    rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[\s.\-]*{_MONTH},?[\s\-]*{_YEAR}",
    rf"{_MONTH}\s*(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,\s*|\s+){_YEAR}",
    rf"{_NO_NAME}{_MONTH}\s*(?P<year>\d{{4}})",
)
_FORMS = [re.compile(rf"(?<![^\W_]){form}(?![^\W_])", re.IGNORECASE) for form in _IN_WORDS]
_BIG_FIRST = re.compile(r"(?<!\w)(?P<year>\d{4})(?P<sign>[-./])(?P<month>\d{1,2})(?P=sign)(?P<day>\d{1,2})(?!\w)")
_SMALL_FIRST = re.compile(rf"(?<!\w)(?P<one>\d{{1,2}})(?P<sign>[-./])(?P<two>\d{{1,2}})(?P=sign){_YEAR}(?!\w)")
_RUN = re.compile(r"\s*(\d{8})\s*")


@dataclass(frozen=True, slots=True)
class Birth:
    """One reading: a day, or a month or a year from its first day to its last."""

    first: date
    last: date

    @property
    def is_day(self) -> bool:
        """Say whether a whole date was given."""
        return self.first == self.last

    @property
    def rough(self) -> tuple[date, date]:
        """Return what stands on record for that day where only the month or the year is known."""
        return self.first.replace(day=1), self.first.replace(month=1, day=1)


def births_in(text: str) -> tuple[tuple[Birth, ...], str]:
    """Return the readings of the first date in ``text``, the likeliest first, and the text without it.

    05/03/80 is the fifth of March where days come first (``DATE_ORDER``) and else the third of May; both are
    given. Two digits of a year stand for every year that has been.
    """
    for find in (_big_first, _small_first, _in_words):
        match, found = find(text)
        if match and found:
            rest = f"{text[: match.start()]} {text[match.end() :]}"
            return tuple(dict.fromkeys(found)), rest
    return (), text


def births_of_digits(text: str) -> tuple[Birth, ...]:
    """Return the readings of eight digits and nothing else, 05031980 or 19800305: they may be a number as well."""
    match = _RUN.fullmatch(text)
    if not match:
        return ()
    run = match[1]
    year, one, two = run[4:], run[:2], run[2:4]
    return tuple(dict.fromkeys([*_days(run[:4], run[4:6], run[6:]), *_both_orders(one, two, year)]))


def birth_year(word: str) -> Birth | None:
    """Return the year that four digits are, if somebody can have been born in it."""
    today = timezone.localdate()
    if not re.fullmatch(r"[0-9]{4}", word) or not today.year - OLDEST <= int(word) <= today.year:
        return None
    return Birth(date(int(word), 1, 1), date(int(word), 12, 31))


def _big_first(text: str) -> tuple[re.Match[str] | None, list[Birth]]:
    match = _BIG_FIRST.search(text)
    return match, _days(match["year"], match["month"], match["day"]) if match else []


def _small_first(text: str) -> tuple[re.Match[str] | None, list[Birth]]:
    match = _SMALL_FIRST.search(text)
    return match, _both_orders(match["one"], match["two"], match["year"]) if match else []


def _in_words(text: str) -> tuple[re.Match[str] | None, list[Birth]]:
    for form in _FORMS:
        if match := form.search(text):
            month = str(MONTHS.index(match["month"].lower()) + 1)
            day = match.groupdict().get("day")
            return match, _days(match["year"], month, day) if day else _month(int(match["year"]), int(month))
    return None, []


def _both_orders(one: str, two: str, year: str) -> list[Birth]:
    day_first, month_first = _days(year, two, one), _days(year, one, two)
    return month_first + day_first if settings.DATE_ORDER == "mdy" else day_first + month_first


def _days(year: str, month: str, day: str) -> list[Birth]:
    return [Birth(found, found) for full in _years(year) if (found := _date(full, int(month), int(day)))]


def _years(year: str) -> Iterator[int]:
    today = timezone.localdate()
    if len(year) == 4:  # noqa: PLR2004  # all of its digits
        yield int(year)
        return
    century = today.year // 100 * 100
    yield from (full for full in (century + int(year), century - 100 + int(year)) if full <= today.year)


def _date(year: int, month: int, day: int) -> date | None:
    today = timezone.localdate()
    try:
        found = date(year, month, day)
    except ValueError:
        return None
    return found if today.year - OLDEST <= year and found <= today else None


def _month(year: int, month: int) -> list[Birth]:
    first = _date(year, month, 1)
    if first is None:
        return []
    next_month = (first + timedelta(days=31)).replace(day=1)
    return [Birth(first, next_month - timedelta(days=1))]

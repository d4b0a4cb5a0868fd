"""What was typed, read as criteria."""

import re
from dataclasses import dataclass

from patients.finding.birth import Birth, birth_year, births_in, births_of_digits
from patients.finding.words import words_of

MOST_LETTERS, MOST_WORDS = 100, 6
SHORTEST = 2
"""Letters from which a search makes sense; one is enough where a letter is a word."""
_UNPRINTABLE = re.compile("[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_FIRST_WORD_LETTER = "\u3040"
"""From here on letters are words or parts of such: Chinese, Japanese, Korean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """All of it has to be met, but that a text of digits may be any number or a date.

    ``words`` are those of names; ``births`` the readings of a date of birth, the likeliest first; ``number`` is what
    has digits and is no date, ``whole`` all of what was typed: either may be an MRN or its beginning, another
    identifier, or a phone.
    """

    whole: str
    words: tuple[str, ...] = ()
    births: tuple[Birth, ...] = ()
    number: str = ""

    @property
    def is_enough(self) -> bool:
        """Say whether so little was typed that nearly everybody would be found."""
        letters = "".join(self.words)
        if any(letter >= _FIRST_WORD_LETTER for letter in letters):
            return True
        return len(letters) >= SHORTEST or len(self.number) >= SHORTEST or any(one.is_day for one in self.births)

    @property
    def is_specific(self) -> bool:
        """Say whether it describes one person rather than everybody of a name."""
        return len(self.words) > 1 or bool(self.births) or bool(self.number)

    @property
    def mrn_beginnings(self) -> tuple[str, ...]:
        """Return what an MRN may begin with: the number without signs, and what was typed as one word as it stands."""
        typed = "" if " " in self.whole else self.whole.upper()
        return tuple(
            dict.fromkeys(one for one in (typed, self.number if not self.words else "") if len(one) >= SHORTEST)
        )


def read(text: str) -> Criteria:
    """Return the criteria that ``text`` states. Commas may stand between the names: ``SMITH, Ann``."""
    whole = " ".join(_UNPRINTABLE.sub(" ", text)[:MOST_LETTERS].split())
    births, rest = births_in(whole)
    words: list[str] = []
    numbers: list[str] = []
    for token in rest.split():
        (numbers if any(map(str.isdigit, token)) else words).append(token)
    names = words_of(" ".join(words))[:MOST_WORDS]
    if not births:
        births = _year_among(numbers) if names else births_of_digits(" ".join(numbers))
    number = "".join(one for one in "".join(numbers) if one.isalnum()).upper()
    return Criteria(whole=whole, words=tuple(names), births=births, number=number)


def _year_among(numbers: list[str]) -> tuple[Birth, ...]:
    """Take a year out of ``numbers``: beside a name four digits are one."""
    for at, number in enumerate(numbers):
        if year := birth_year(number.strip(",.;()")):
            del numbers[at]
            return (year,)
    return ()

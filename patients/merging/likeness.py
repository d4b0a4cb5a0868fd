"""How much two people look like one: what agrees, and how far. Pure; nothing here asks the database."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db import models

from patients.finding.words import words_of
from patients.models import BirthAccuracy, Sex

LIKELY = 60
"""From this score on two records are shown as perhaps one person's. See :func:`likeness` for what counts how much."""
LIKE = 0.5
"""From this share of common trigrams on two names are alike; below it are, for example, twins' ordinary names."""


class Sign(models.TextChoices):
    """What agrees, or speaks against it."""

    SAME_NAME = "same_name", "same name"
    SWAPPED_NAME = "swapped_name", "given and family name swapped"
    LIKE_NAME = "like_name", "names differ by little"
    SAME_BIRTH = "same_birth", "born on the same day"
    SWAPPED_BIRTH = "swapped_birth", "day and month of birth swapped"
    ROUGH_BIRTH = "rough_birth", "dates of birth agree as far as they are known"
    LIKE_BIRTH = "like_birth", "dates of birth differ in one part"
    SAME_NUMBER = "same_number", "one number on both"
    SAME_PHONE = "same_phone", "same phone"
    SAME_EMAIL = "same_email", "same e-mail address"
    OTHER_SEX = "other_sex", "but another sex is recorded"


POINTS: dict[str, int] = {
    Sign.SAME_NAME: 50,
    Sign.SWAPPED_NAME: 45,
    Sign.SAME_BIRTH: 40,
    Sign.SWAPPED_BIRTH: 30,
    Sign.ROUGH_BIRTH: 20,
    Sign.LIKE_BIRTH: 20,
    Sign.SAME_NUMBER: 60,
    Sign.SAME_PHONE: 15,
    Sign.SAME_EMAIL: 10,
    Sign.OTHER_SEX: -10,
}
"""What each sign counts; names that differ by little count their share of 50."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What is compared. ``names`` are pairs of family and given name, the official one first."""

    names: tuple[tuple[str, str], ...]
    born: date | None = None
    accuracy: str = BirthAccuracy.DAY
    sex: str = Sex.UNKNOWN
    phone: str = ""
    email: str = ""
    numbers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """From 0 to 100, and why."""

    score: int
    signs: tuple[str, ...]

    @property
    def words(self) -> str:
        """Return the reasons as a phrase: "same name, born on the same day"."""
        return in_words(self.signs)


def in_words(signs: Iterable[str]) -> str:
    """Return signs as a phrase; one that this release does not know is left out."""
    return ", ".join(str(Sign(sign).label) for sign in signs if sign in Sign.values).capitalize()


def likeness(one: Person, other: Person) -> Likeness:
    """Compare two people.

    Same name and day of birth make 90. A name alone (50), or a day of birth alone (40), is not enough.
    """
    name, share = _names(one, other)
    found = [sign for sign in (name, _birth(one, other)) if sign]
    if one.numbers & other.numbers:
        found.append(Sign.SAME_NUMBER)
    if digits(one.phone) and digits(one.phone) == digits(other.phone):
        found.append(Sign.SAME_PHONE)
    if one.email and one.email.casefold() == other.email.casefold():
        found.append(Sign.SAME_EMAIL)
    if Sex.UNKNOWN not in (one.sex, other.sex) and one.sex != other.sex:
        found.append(Sign.OTHER_SEX)
    score = sum(POINTS.get(sign, 0) for sign in found)
    if name == Sign.LIKE_NAME:
        score += round(POINTS[Sign.SAME_NAME] * share)
    return Likeness(score=max(0, min(score, 100)), signs=tuple(str(sign.value) for sign in found))


def plain(text: str) -> str:
    """Return a name as the search compares it: its words in small letters, without accents."""
    return " ".join(words_of(text))


def digits(phone: str) -> str:
    """Return the last nine digits of a phone number: what is left of it with and without the country's code."""
    return "".join(one for one in phone if one.isdigit())[-9:]


def _names(one: Person, other: Person) -> tuple[Sign | None, float]:
    """Return how the two closest of their names agree, and the share of trigrams."""
    best: tuple[Sign | None, float] = (None, 0.0)
    for family, given in one.names:
        for their_family, their_given in other.names:
            ours, theirs = (plain(family), plain(given)), (plain(their_family), plain(their_given))
            if ours == theirs:
                return Sign.SAME_NAME, 1.0
            if ours == theirs[::-1]:
                best = (Sign.SWAPPED_NAME, 1.0)
            share = similarity(" ".join(ours), " ".join(theirs))
            if share >= LIKE and share > best[1]:
                best = (Sign.LIKE_NAME, share)
    return best


def similarity(one: str, other: str) -> float:
    """Return the share of trigrams that two texts have in common, as PostgreSQL's ``similarity`` counts them."""
    ours, theirs = _trigrams(one), _trigrams(other)
    return len(ours & theirs) / len(ours | theirs) if ours and theirs else 0.0


def _trigrams(text: str) -> set[str]:
    padded = [f"  {word} " for word in text.split()]
    return {word[at : at + 3] for word in padded for at in range(len(word) - 2)}


def swapped(day: date) -> date | None:
    """Return the date with day and month exchanged; ``None`` where that is none, or the same."""
    if day.day > 12 or day.day == day.month:  # noqa: PLR2004  # months
        return None
    return date(day.year, day.day, day.month)


def _birth(one: Person, other: Person) -> Sign | None:
    if one.born is None or other.born is None:
        return None
    if one.accuracy != BirthAccuracy.DAY or other.accuracy != BirthAccuracy.DAY:
        return Sign.ROUGH_BIRTH if _agree_roughly(one, other) else None
    if one.born == other.born:
        return Sign.SAME_BIRTH
    if swapped(one.born) == other.born:
        return Sign.SWAPPED_BIRTH
    same = [getattr(one.born, part) == getattr(other.born, part) for part in ("year", "month", "day")]
    return Sign.LIKE_BIRTH if sum(same) == 2 else None  # noqa: PLR2004  # of three parts


ABOUT = 3
"""An estimated year may be off by so many."""


def _agree_roughly(one: Person, other: Person) -> bool:
    if one.born is None or other.born is None:
        return False
    if BirthAccuracy.ESTIMATED in (one.accuracy, other.accuracy):
        return abs(one.born.year - other.born.year) <= ABOUT
    if BirthAccuracy.YEAR in (one.accuracy, other.accuracy):
        return one.born.year == other.born.year
    return (one.born.year, one.born.month) == (other.born.year, other.born.month)

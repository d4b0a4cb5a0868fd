"""Typing errors: which words are meant by one that nobody is called.

One error is a letter too many, too few or wrong, or two that changed places. Short words may have one, long ones two.
The words to look for are made up from the typed one and then looked up, which needs no list of all words; for two
errors the words with nearly the same beginning are compared.
"""

from collections.abc import Iterable, Iterator

from django.db import connection

SHORTEST, LONG = 3, 8
"""Letters from which a word may have an error, and from which two."""
BEGINNING, LONGEST = 4, 24
MOST_NEAR = 40
"""Words that one typed word is taken for, at most."""
MOST_COMPARED = 4_000
ALPHABETS = (
    "abcdefghijklmnopqrstuvwxyz",
    "абвгдежзиклмнопрстуфхцчшщъыьэюяєіѕјљњћџґ",
    "αβγδεζηθικλμνξοπρστυφχψω",
    "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهويىپچژگکی",
    "אבגדהוזחטיךכלםמןנסעףפץצקרשת",
)
_EXIST = """
    SELECT one FROM unnest(%s::text[]) AS one WHERE EXISTS (SELECT FROM patients_nameword WHERE word = one COLLATE "C")
"""
# From word to next word, past all rows of each: as many steps as there are different words.
_WITH_BEGINNINGS = """
    WITH RECURSIVE walk (beginning, word) AS (
        SELECT one, (SELECT word FROM patients_nameword WHERE word >= one COLLATE "C" ORDER BY word LIMIT 1)
        FROM unnest(%s::text[]) AS one
        UNION ALL
        SELECT beginning, (SELECT next.word FROM patients_nameword AS next
                           WHERE next.word > walk.word ORDER BY next.word LIMIT 1)
        FROM walk WHERE starts_with(walk.word, beginning)
    )
    SELECT word FROM walk WHERE starts_with(word, beginning) AND length(word) BETWEEN %s AND %s LIMIT %s
"""


def near_words(word: str) -> list[str]:
    """Return the words on record that ``word`` may be a slip for, the nearest first; itself is not among them."""
    if not SHORTEST <= len(word) <= LONGEST:
        return []
    alphabet = next((one for one in ALPHABETS if word[0] in one), "")
    found = dict.fromkeys(_existing(_one_error(word, alphabet)), 1)
    if len(word) >= LONG:
        for other in _alike(word, alphabet):
            if other not in found and other != word and (far := distance(word, other, most=2)) <= 2:  # noqa: PLR2004
                found[other] = far
    found.pop(word, None)
    return sorted(found, key=lambda other: (found[other], other[0] != word[0], other))[:MOST_NEAR]


def distance(one: str, other: str, *, most: int) -> int:
    """Return how many errors lie between two words, or more than ``most`` where that is so.

    Damerau and Levenshtein's, of which no letter is touched twice.
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    one, other = _where_they_differ(one, other)
    before: list[int] = []
    last = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        row = [at]
        for to, there in enumerate(other, 1):
            best = min(last[to] + 1, row[to - 1] + 1, last[to - 1] + (letter != there))
            if at > 1 and to > 1 and letter == other[to - 2] and there == one[at - 2]:
                best = min(best, before[to - 2] + 1)
            row.append(best)
        if min(row) > most:
            return most + 1
        before, last = last, row
    return last[-1]


def _where_they_differ(one: str, other: str) -> tuple[str, str]:
    """Leave out what both begin and end with, which is most of two words that were walked to."""
    begin, least = 0, min(len(one), len(other))
    while begin < least and one[begin] == other[begin]:
        begin += 1
    end = 0
    while end < least - begin and one[-1 - end] == other[-1 - end]:
        end += 1
    return one[begin : len(one) - end], other[begin : len(other) - end]


def _one_error(word: str, alphabet: str) -> set[str]:
    """Return every text one error away."""
    halves = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    return {
        *(left + right[1:] for left, right in halves if right),
        *(left + right[1] + right[0] + right[2:] for left, right in halves if len(right) > 1),
        *(left + letter + right[1:] for left, right in halves if right for letter in alphabet),
        *(left + letter + right for left, right in halves for letter in alphabet),
    } - {word}


def _alike(word: str, alphabet: str) -> list[str]:
    """Return the words that begin like ``word``, or with one error in the beginning: the other comes later then."""
    beginning = word[:BEGINNING]
    slips = {one + word[BEGINNING] for one in _one_error(beginning, alphabet) if len(one) >= BEGINNING - 1}
    with connection.cursor() as cursor:
        cursor.execute(_WITH_BEGINNINGS, [[beginning, *sorted(slips)], len(word) - 2, len(word) + 2, MOST_COMPARED])
        return [found for (found,) in cursor.fetchall()]


def _existing(words: Iterable[str]) -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(_EXIST, [sorted(words)])
        yield from [found for (found,) in cursor.fetchall()]

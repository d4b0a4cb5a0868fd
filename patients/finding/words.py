"""Names as the search compares them: words in small letters without accents.

The database does the same in ``patients_words()``, from which the index is made; a test compares the two.
"""

import re
import unicodedata

LIGATURES = {"ß": "ss", "ẞ": "ss", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "þ": "th", "Þ": "th"}
STROKES = dict(zip("ØøŁłĐđÐðĦħŦŧıŊŋς", "oollddddhhttinnσ", strict=True))  # noqa: RUF001  # Greek's final sigma
_SMALL = {
    chr(code): chr(code).lower()
    for code in (*range(0x41, 0x5B), *range(0x370, 0x530))  # Latin, Greek, Cyrillic
    if chr(code) != chr(code).lower() and len(chr(code).lower()) == 1
}
_AS_SMALL = str.maketrans(_SMALL | STROKES | LIGATURES)
_ACCENTS = re.compile("[\u0300-\u036f]")
BETWEEN = (
    "\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u00d7\u00f7\u02b0-\u02ff\u060c\u061b-\u061f"
    "\u2000-\u206f\u20a0-\u20cf\u2190-\u2bff\u3000-\u3003\ufe00-\ufe0f\ufeff\U0001f000-\U0001faff"
)
"""What stands between words, as a regular expression's class: signs, blanks and pictures."""
_BETWEEN = re.compile(f"[{BETWEEN}]+")
LONGEST = 64
"""Letters of a word that are kept."""


def words_of(text: str) -> list[str]:
    """Return the words of a text in order: ``O’Brien, Zoë`` is ``["o", "brien", "zoe"]``."""
    plain = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFKD", text)))
    return [word[:LONGEST] for word in _BETWEEN.sub(" ", plain.translate(_AS_SMALL)).split(" ") if word]


def same_words(*names: str) -> frozenset[str]:
    """Return what two spellings of one name share, whatever their order, accents and signs."""
    return frozenset(word for name in names for word in words_of(name))

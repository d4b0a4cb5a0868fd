"""The languages in which messages are written."""

LANGUAGES = [("en", "English"), ("es", "Spanish"), ("de", "German"), ("ar", "Arabic")]
FALLBACK = "en"
RIGHT_TO_LEFT = {"ar"}
DATE_FORMATS = {"en": "l j F Y", "es": r"l j \d\e F \d\e Y", "de": "l, j. F Y", "ar": "l j F Y"}


def nearest(code: str) -> str:
    """Return the language of ours for a BCP 47 code: its own, or the fallback."""
    base = code.partition("-")[0].lower()
    return base if base in DATE_FORMATS else FALLBACK


def direction(language: str) -> str:
    """Return in which direction a language is written, as HTML says it."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"

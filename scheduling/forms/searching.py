"""Words to search for, as a page posts them: they may name a patient, so they travel in the body."""

from django.http import QueryDict

LONGEST = 200
"""Characters that are read; more are nobody's name."""


def search_words(posted: QueryDict) -> str:
    """Return what is searched for, without the null characters that no text of the database holds."""
    return posted.get("text", "")[:LONGEST].replace("\x00", "").strip()

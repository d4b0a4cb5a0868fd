"""Which passwords are too easy to guess, after NIST SP 800-63B: length and a list of what not, no mixtures of signs.

Beside Django's rules (15 characters, none of the twenty thousand most common), one that knows this place.
"""

import re
from itertools import pairwise

from django.core.exceptions import ValidationError

from accounts.models import User

SITE_WORDS = ("theatre", "theater", "operating", "operation", "scheduler", "schedule")
COMMON_WORDS = ("hospital", "surgery", "surgeon", "nurse", "password", "welcome", "letmein", "qwertyuiop", "qwerty")
SHORTEST_NAME = 3
LEAST_REST = 8
"""So many characters have to be left when the words that anybody would try here are taken out."""
MOST_STEPS = 0.6
"""The largest share of characters that may only repeat or follow the one before (aaa, 456, cba)."""


class GuessableValidator:
    """Refuses passwords that are made of the person's and the site's own words, or of one long row of characters."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Raise ``ValidationError`` with what to do instead."""
        text = password.casefold()
        rest = text
        for word in sorted({*SITE_WORDS, *COMMON_WORDS, *_own_words(user)}, key=len, reverse=True):
            rest = rest.replace(word, "")
        if len(re.sub(r"[\W\d_]", "", rest)) < LEAST_REST and rest != text:
            raise ValidationError(
                "This is made of names and words that others would try first. Take a few words that have nothing to "
                "do with you or with this place.",
                code="password_guessable",
            )
        steps = sum(abs(ord(after) - ord(before)) <= 1 for before, after in pairwise(text))
        if steps > MOST_STEPS * len(text):
            raise ValidationError(
                "This is mostly a row of characters. Take a few words that nobody else would put together.",
                code="password_row",
            )

    def get_help_text(self) -> str:
        """Return the rule in words."""
        return "A few words that have nothing to do with you or with this place make a good password."


def _own_words(user: User | None) -> set[str]:
    """Return the words of the person's names and address that are long enough to matter."""
    if user is None:
        return set()
    texts = (user.email, user.given_name, user.family_name)
    words = {word for text in texts for word in re.split(r"[\W\d_]+", text.casefold())}
    return {word for word in words if len(word) >= SHORTEST_NAME}

"""The words of this app that a message may hold: places for patients, theatres for staff."""

from messaging.wording.fields import offer_words
from resources.models import Site, Theatre


def register() -> None:
    """Name the lists; nothing else can stand in these fields of a message."""
    offer_words("place", lambda: set(Site.objects.values_list("name", flat=True)))
    offer_words("theatre", lambda: set(Theatre.objects.values_list("name", flat=True)))

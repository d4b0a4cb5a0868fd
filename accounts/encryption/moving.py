"""What data migrations do when a column becomes encrypted, or is made readable again."""

from accounts.encryption.cipher import VERSION, decrypt_text
from accounts.encryption.places import Place, renew_all, walk

BATCH = 500


def encrypt_column(place: Place) -> None:
    """Encrypt what is in clear, in batches; started again, it goes on where it was stopped."""
    while sum(renew_all(place, batch=BATCH)):
        pass


def decrypt_column(place: Place) -> None:
    """Write the clear text back, so that a release that knows no encryption can read it."""
    tokens = f"starts_with({place.read}, %s)"
    sum(walk(place, tokens, f"{VERSION}.", lambda token: decrypt_text(token, purpose=place.purpose), batch=BATCH))

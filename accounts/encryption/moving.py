"""What data migrations do when a column becomes encrypted, or is made readable again."""

from accounts.encryption.places import Place, clear_all, renew_all

BATCH = 500


def encrypt_column(place: Place) -> None:
    """Encrypt what is in clear, in batches; started again, it goes on where it was stopped."""
    while sum(renew_all(place, batch=BATCH)):
        pass


def decrypt_column(place: Place) -> None:
    """Write the clear text back, in batches."""
    sum(clear_all(place, batch=BATCH))

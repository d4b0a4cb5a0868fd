"""Letters about accounts: who gets one, and what happens if the mail server is away."""

from typing import Any

from accounts.adapter import AccountAdapter
from accounts.models import User


class LetterError(Exception):
    """A letter was not sent; the message says so without the person's address."""


def send_letter(name: str, user: User, **words: Any) -> None:
    """Send the letter ``templates/account/email/<name>_*`` to the address by which ``user`` signs in.

    Call it after commit, or a letter may go out about what was never written. Raises :class:`LetterError`.
    """
    letter = AccountAdapter().render_mail(f"account/email/{name}", user.email, {"email": user.email, **words})
    try:
        letter.send()
    except OSError as error:  # of which SMTPException is one
        raise LetterError("The mail server did not take the letter. Send it again later.") from error

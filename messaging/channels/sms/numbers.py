"""Telephone numbers in the one form that is stored: E.164, as in +442079460000."""

import phonenumbers

from messaging.channels.base import wanted


def clean(number: str) -> str:
    """Return the number in E.164, or nothing if it can be none. Without a country it is one of ours."""
    try:
        found = phonenumbers.parse(number, wanted("HOSPITAL_COUNTRY", "GB"))
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(found):
        return ""
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)

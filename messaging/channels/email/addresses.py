"""E-mail addresses."""

from django.core.exceptions import ValidationError
from django.core.validators import validate_email


def clean(address: str) -> str:
    """Return the address without blanks around it, or nothing if it can be none."""
    plain = address.strip()
    try:
        validate_email(plain)
    except ValidationError:
        return ""
    return plain

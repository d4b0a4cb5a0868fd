"""Values from the environment, secrets among them, which may also lie in files."""

import os
from collections.abc import Mapping
from pathlib import Path


class ConfigurationError(Exception):
    """The environment lacks something or says something unsafe; the message says what to set."""


def value(name: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return the variable ``name``, or the content of the file that ``name_FILE`` names, or nothing."""
    path = environ.get(f"{name}_FILE")
    if environ.get(name) or not path:
        return environ.get(name, "")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        message = f"{name}_FILE names {path}, which can't be read ({error.strerror})."
        raise ConfigurationError(message) from error


def words(name: str, environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return the comma-separated parts of a variable."""
    return [word.strip() for word in value(name, environ).split(",") if word.strip()]

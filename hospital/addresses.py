"""Where the database and Redis are: ``DATABASE_URL`` and ``REDIS_URL``, or the embedded servers."""

import os
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from redis.connection import parse_url

from hospital.embedded.place import Place, current_place
from hospital.environment import ConfigurationError, value

SCHEMES = ("postgres", "postgresql")
OPTIONS = {"sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout", "application_name", "options", "user"}
"""What may follow the ``?`` of ``DATABASE_URL``: parameters of libpq."""


class AddressError(ConfigurationError):
    """An address in the environment can't be understood; the message names it, never its password."""


def embedded_servers(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return which servers are ours to run: those whose address is not set."""
    wanted = {"postgres": "DATABASE_URL", "redis": "REDIS_URL"}
    return [server for server, variable in wanted.items() if not value(variable, environ)]


def database(environ: Mapping[str, str] = os.environ, place: Place | None = None) -> dict[str, Any]:
    """Return Django's entry in ``DATABASES``."""
    url = value("DATABASE_URL", environ) or (place or current_place(environ)).database_url
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    unknown = options.keys() - OPTIONS - {"host"}
    name = unquote(parts.path.lstrip("/"))
    if parts.scheme not in SCHEMES or not name or unknown:
        problem = (
            f"unknown options {sorted(unknown)}" if unknown else "it is not postgres://USER:PASSWORD@HOST:PORT/NAME"
        )
        message = f"DATABASE_URL can't be used: {problem}."
        raise AddressError(message)
    host = options.pop("host", "") or unquote(parts.netloc.rpartition("@")[2].partition(":")[0])
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(_port(parts) or ""),
        "CONN_MAX_AGE": int(environ.get("DATABASE_CONN_MAX_AGE", "600")),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 5} | _beside_pgoptions(_as_role(options, environ), environ),
    }


def _as_role(options: dict[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """Let each connection work under the role that ``DATABASE_ROLE`` names, which owns no table."""
    role = environ.get("DATABASE_ROLE", "")
    if not role:
        return options
    if not re.fullmatch(r"[a-z_][a-z0-9_]*", role):
        message = "DATABASE_ROLE can't be used: it is not the name of a role, such as theatres_app."
        raise AddressError(message)
    return options | {"options": f"{options.get('options', '')} -c role={role}".strip()}


def _beside_pgoptions(options: dict[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """Add PGOPTIONS to an address's ``options``: libpq would take these instead, and drop the time-outs in it."""
    if "options" not in options or "PGOPTIONS" not in environ:
        return options
    return options | {"options": f"{environ['PGOPTIONS']} {options['options']}"}  # PostgreSQL takes the last word


def redis_url(environ: Mapping[str, str] = os.environ, place: Place | None = None) -> str:
    """Return the address of Redis in the form that redis-py reads."""
    url = value("REDIS_URL", environ) or (place or current_place(environ)).redis_url
    if not url.startswith(("redis://", "rediss://", "unix://")):
        message = "REDIS_URL can't be used: it is not redis://HOST:PORT/0, rediss://… or unix:///PATH."
        raise AddressError(message)
    return url


def channel_prefix(url: str) -> str:
    """Return what sets our channels apart: all databases of one Redis share theirs."""
    number = parse_url(url).get("db", 0)  # type: ignore[no-untyped-call]  # redis-py's
    return f"{number}:"


def broker_url(url: str) -> str:
    """Return the same address in the form that Celery reads: it spells unix sockets in its own way."""
    if not url.startswith("unix://"):
        return url
    parts = urlsplit(url)
    number = dict(parse_qsl(parts.query)).get("db", "0")
    return f"redis+socket://{parts.path}?virtual_host={number}"


def mail(url: str) -> dict[str, Any]:
    """Return Django's settings for the mail server of ``EMAIL_URL``; nothing where it is not set.

    ``smtp://`` asks for TLS once it is connected; ``?tls=0`` does not, for a server on the same machine.
    """
    if not url:
        return {}
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or options.keys() - {"tls"}:
        message = "EMAIL_URL can't be used: it is not smtp://USER:PASSWORD@HOST:587 or smtps://…"
        raise AddressError(message)
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": _port(parts, "EMAIL_URL") or (465 if parts.scheme == "smtps" else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp" and options.get("tls") != "0",
    }


def _port(parts: Any, name: str = "DATABASE_URL") -> int | None:
    try:
        port: int | None = parts.port
    except ValueError as error:
        message = f"{name} can't be used: its port is not a number."
        raise AddressError(message) from error
    return port

"""Checks of the site itself: settings, what its answers carry, keys, certificate."""

import http.client
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.test import Client
from django.urls import reverse

from accounts.encryption.keyring import names
from accounts.roles import Role
from analytics.models import Severity
from analytics.security.findings import Context, Found, NotCheckedError

KEY_AGE = timedelta(days=365)
CERTIFICATE_DAYS = 21
NEEDED_HEADERS = {
    "Content-Security-Policy": "default-src",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
}
SCRIPTS_ANYWHERE = ("'unsafe-inline'", "'unsafe-eval'")


def django_checks(_: Context) -> Iterator[Found]:
    """Run what ``manage.py check --deploy`` runs."""
    for message in checks.run_checks(include_deployment_checks=True):
        if message.level >= checks.WARNING and message.id not in settings.SILENCED_SYSTEM_CHECKS:
            severity = Severity.HIGH if message.level >= checks.ERROR else Severity.MEDIUM
            title = f"Django warns: {str(message.msg).splitlines()[0][:150]}"
            remedy = message.hint or "Look the number up in Django's list of system checks."
            yield Found(f"check.{message.id}", severity, title, f"{message.id}: {message.msg}", remedy)


def own_settings(_: Context) -> Iterator[Found]:
    """Look at the settings that Django knows nothing of."""
    missing = {Role.ADMINISTRATOR, Role.PRIVACY_OFFICER} - set(settings.SECOND_FACTOR_ROLES)
    if missing:
        words = " and ".join(sorted(role.label.lower() for role in missing))
        yield Found(
            "setting.second_factor_roles",
            Severity.HIGH,
            f"No second factor is asked of: {words}",
            "SECOND_FACTOR_ROLES leaves them out.",
            "Set SECOND_FACTOR_ROLES=administrator,privacy_officer or more.",
        )
    if not settings.HOSPITAL_NETWORKS:
        yield Found(
            "setting.hospital_networks",
            Severity.LOW,
            "People from outside need no second factor",
            "HOSPITAL_NETWORKS is empty, so nobody counts as outside.",
            "Name the hospital's networks, or accept this if the site can't be reached from outside.",
        )
    if getattr(settings, "DEMO_ALLOWED", False):
        yield Found(
            "setting.demo",
            Severity.HIGH,
            "The demo hospital may be loaded here",
            "DEMO_ALLOWED is on: demo accounts have a password that everybody knows.",
            "Run the site with hospital.settings.prod.",
        )


def answers(_: Context) -> Iterator[Found]:
    """Ask for the sign-in page as a browser would, and look at what comes with it."""
    host = next((name.lstrip(".") for name in settings.ALLOWED_HOSTS if name != "testserver"), "localhost")
    answer = Client(SERVER_NAME=host, HTTP_HOST=host).get(reverse("account_login"), secure=True)
    for name, part in NEEDED_HEADERS.items():
        if name not in answer.headers or part not in answer.headers[name]:
            evidence = f"The sign-in page came with {name}: {answer.headers.get(name, 'nothing')}."
            yield Found(f"header.{name.lower()}", Severity.MEDIUM, f"The header {name} is weak", evidence, _PUT_BACK)
    parts = [part.strip() for part in answer.headers.get("Content-Security-Policy", "").split(";")]
    policy = {name: rule for name, _, rule in (part.partition(" ") for part in parts)}
    scripts = policy.get("script-src", policy.get("default-src", SCRIPTS_ANYWHERE[0]))
    if any(word in scripts for word in SCRIPTS_ANYWHERE):
        yield Found("header.csp_scripts", Severity.HIGH, "Scripts may come from anywhere", scripts, _PUT_BACK)
    if not answer.headers.get("Strict-Transport-Security"):
        evidence = "An encrypted answer came without Strict-Transport-Security."
        yield Found("header.hsts", Severity.MEDIUM, "Browsers may come back in clear", evidence, _PUT_BACK)
    for name in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY"):
        if not getattr(settings, name):
            evidence = f"{name} is off."
            yield Found(
                f"cookie.{name.lower()}", Severity.MEDIUM, "A cookie is less safe than it could be", evidence, _PUT_BACK
            )


_PUT_BACK = "Run the site with hospital.settings.prod, and take out of the settings what overrides it."


def key_age(context: Context) -> Iterator[Found]:
    """Say when the key of encrypted fields has been today's for more than a year."""
    name = names()[0]
    since = context.before.get("keys", {}).get(name, context.now.isoformat())
    context.facts["keys"] = {name: since}
    age = context.now - datetime.fromisoformat(since)
    if age > KEY_AGE:
        evidence = f"The key “{name}” was first seen {age.days} days ago."
        remedy = "Put a new key in front of FIELD_KEYS; see “Keys” in docs/data-protection.md."
        yield Found("key.age", Severity.LOW, "The key of encrypted fields is old", evidence, remedy)


def certificate(context: Context) -> Iterator[Found]:
    """Look at the certificate with which the site answers."""
    if not settings.SECURE_SSL_REDIRECT:
        raise NotCheckedError("The certificate: this site is served without TLS.")
    host = settings.ALLOWED_HOSTS[0].lstrip(".")
    until = _certificate_ends(host)
    days = (until - context.now).days
    if days < CERTIFICATE_DAYS:
        evidence = f"The certificate of {host} ends {until:%d %b %Y}, in {days} days."
        yield Found("tls.certificate", Severity.HIGH, "The certificate ends soon", evidence, "Renew it.")


def database_in_clear(_: Context) -> Iterator[Found]:
    """Say when PostgreSQL or Redis is reached over the network without TLS."""
    parts = settings.DATABASES["default"]
    over_network = parts.get("HOST", "") and not str(parts["HOST"]).startswith("/")
    sslmode = parts.get("OPTIONS", {}).get("sslmode", "")
    if over_network and sslmode not in ("require", "verify-ca", "verify-full"):
        remedy = "Add ?sslmode=verify-full to DATABASE_URL, or accept this for a network with nothing else on it."
        yield Found("tls.database", Severity.MEDIUM, "PostgreSQL is reached in clear", f"sslmode={sslmode}", remedy)
    if urlsplit(settings.REDIS_URL).scheme == "redis":
        remedy = "Use rediss:// in REDIS_URL, or accept this for a network with nothing else on it."
        yield Found("tls.redis", Severity.MEDIUM, "Redis is reached in clear", "REDIS_URL begins with redis://", remedy)


def _certificate_ends(host: str) -> datetime:
    try:
        connection = http.client.HTTPSConnection(host, timeout=5, context=ssl.create_default_context())
        connection.connect()
        found = connection.sock.getpeercert() if isinstance(connection.sock, ssl.SSLSocket) else None
        connection.close()
    except (OSError, socket.gaierror) as error:
        raise NotCheckedError(f"The certificate of {host}: no TLS connection ({type(error).__name__}).") from error
    if not found:
        raise NotCheckedError(f"The certificate of {host}: none was shown.")
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(found["notAfter"])), UTC)

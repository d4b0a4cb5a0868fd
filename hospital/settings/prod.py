"""Settings of a hospital's site: everything secret or local comes from the environment.

Anything missing or unsafe stops the start with a sentence that says what to set.
"""

import os
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from hospital.environment import ConfigurationError, value, words
from hospital.settings.base import *  # noqa: F403


def _needed(name: str, meaning: str) -> str:
    found = value(name)
    if not found:
        message = f"Set {name} (or {name}_FILE): {meaning}."
        raise ConfigurationError(message)
    return found


def _refuse(unsafe: object, message: str) -> None:
    if unsafe:
        raise ConfigurationError(message)


DEBUG = False
_refuse(os.environ.get("DEBUG", "0") not in ("", "0"), "Unset DEBUG: error pages would show patients' data.")

SECRET_KEY = _needed("SECRET_KEY", "50 or more random characters that nobody else has")
SECRET_KEY_FALLBACKS = words("SECRET_KEY_FALLBACKS")
LEAST_KEY_LENGTH, LEAST_KEY_VARIETY = 50, 10
_weak = len(SECRET_KEY) < LEAST_KEY_LENGTH or len(set(SECRET_KEY)) < LEAST_KEY_VARIETY or "insecure" in SECRET_KEY
_refuse(_weak, "SECRET_KEY is the demo's or too short: take 50 or more random characters.")

_needed("ALLOWED_HOSTS", "the names under which browsers reach the site, with commas between")
ALLOWED_HOSTS = words("ALLOWED_HOSTS")
_refuse(any("*" in host or host == "." for host in ALLOWED_HOSTS), "ALLOWED_HOSTS must name hosts, without *.")
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS if not host.startswith(".")]

_database = urlsplit(_needed("DATABASE_URL", "postgres://USER:PASSWORD@HOST:5432/NAME?sslmode=verify-full"))
_redis = urlsplit(_needed("REDIS_URL", "rediss://:PASSWORD@HOST:6380/0"))
_sslmode = parse_qs(_database.query).get("sslmode", [""])[0]
_plain = [
    name
    for name, is_plain in (
        ("DATABASE_URL", bool(_database.hostname) and _sslmode not in ("require", "verify-ca", "verify-full")),
        ("REDIS_URL", _redis.scheme == "redis"),
    )
    if is_plain
]
_refuse(
    _plain and os.environ.get("PRIVATE_NETWORK") != "1",
    f"{' and '.join(_plain)} would go over the network in clear. Use sslmode=verify-full and rediss://, "
    "or set PRIVATE_NETWORK=1 if the servers share a network with nothing else.",
)

# --- encryption of fields -------------------------------------------------------------------------
_needed("FIELD_KEYS", "today's key, then older ones: name:KEY,…, each KEY from `openssl rand -base64 32`")
FIELD_KEYS = words("FIELD_KEYS")
_refuse(any(key.startswith(("demo:", "test:")) for key in FIELD_KEYS), "FIELD_KEYS holds the demo's key.")
INDEX_KEY = _needed("INDEX_KEY", "50 or more random characters that nobody else has and that stay for ever")
_refuse(len(INDEX_KEY) < LEAST_KEY_LENGTH or "insecure" in INDEX_KEY, "INDEX_KEY is the demo's or too short.")

# --- backups: without a key of their own none is made ---------------------------------------------
BACKUP_KEYS = words("BACKUP_KEYS")
_refuse(any(key.startswith(("demo:", "test:")) for key in BACKUP_KEYS), "BACKUP_KEYS holds the demo's key.")
_refuse(
    {key.partition(":")[2] for key in BACKUP_KEYS} & {key.partition(":")[2] for key in FIELD_KEYS},
    "BACKUP_KEYS and FIELD_KEYS share a key: whoever takes a backup must not read the fields in it.",
)
# --- the audit record -----------------------------------------------------------------------------
AUDIT_KEY = _needed("AUDIT_KEY", "50 or more random characters, out of reach of whoever runs the database, for ever")
_refuse(len(AUDIT_KEY) < LEAST_KEY_LENGTH or "insecure" in AUDIT_KEY, "AUDIT_KEY is the demo's or too short.")
AUDIT_ANCHOR_FILE = _needed("AUDIT_ANCHOR_FILE", "a file on another disk than the database's, best one only added to")
ERASURES_FILE = value("ERASURES_FILE") or str(Path(AUDIT_ANCHOR_FILE).with_name("erasures.jsonl"))

# --- who gives a second factor --------------------------------------------------------------------
SECOND_FACTOR_ROLES = words("SECOND_FACTOR_ROLES") or SECOND_FACTOR_ROLES
HOSPITAL_NETWORKS = words("HOSPITAL_NETWORKS")

# --- the browser's side of TLS; the proxy in front overwrites the header ------------------------
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SILENCED_SYSTEM_CHECKS = ["security.W021"]  # no preload list: the name may be one of the intranet alone
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken"

# --- links in letters -----------------------------------------------------------------------------
SITE_URL = (value("SITE_URL") or f"https://{ALLOWED_HOSTS[0].removeprefix('.')}").rstrip("/")
_refuse(not SITE_URL.startswith("https://"), "SITE_URL must begin with https://: letters link to it.")

# --- mail ---------------------------------------------------------------------------------------
if not value("EMAIL_URL"):
    EMAIL_HOST = value("EMAIL_HOST") or "localhost"
    EMAIL_PORT = int(value("EMAIL_PORT") or "587")
    EMAIL_HOST_USER = value("EMAIL_HOST_USER")
    EMAIL_HOST_PASSWORD = value("EMAIL_HOST_PASSWORD")
    EMAIL_USE_TLS = value("EMAIL_USE_TLS") != "0"
DEFAULT_FROM_EMAIL = SERVER_EMAIL = value("DEFAULT_FROM_EMAIL") or "noreply@localhost"

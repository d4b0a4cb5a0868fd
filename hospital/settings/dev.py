"""Settings of ``make run`` and of work on the code: everything is on this machine."""

import os

from hospital.environment import value, words
from hospital.settings.base import *  # noqa: F403

DEBUG = os.environ.get("DEBUG", "") == "1"
DEMO_SECRET_KEY = "insecure-demo-key-for-one-machine-only"  # noqa: S105  # production refuses it
SECRET_KEY = os.environ.get("SECRET_KEY") or DEMO_SECRET_KEY
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *words("ALLOWED_HOSTS")]
MAILBOX = not value("EMAIL_URL")
if MAILBOX:
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
DEMO_ALLOWED = True
# What the demo encrypts, anybody can read; production refuses these.
FIELD_KEYS = ["demo:ZGVtby1rZXktZm9yLW9uZS1tYWNoaW5lLW9ubHktISE="]
INDEX_KEY = "insecure-demo-index-key"
BACKUP_KEYS = words("BACKUP_KEYS") or FIELD_KEYS
AUDIT_KEY = "insecure-demo-audit-key"
# The demo's people have no telephones: SECOND_FACTOR_ROLES=administrator,privacy_officer shows what a hospital has.
SECOND_FACTOR_ROLES = words("SECOND_FACTOR_ROLES")
HOSPITAL_NETWORKS = words("HOSPITAL_NETWORKS")

if DEBUG:
    # A change of a file shows at the next click.
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True

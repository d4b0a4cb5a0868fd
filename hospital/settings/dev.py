"""Settings of ``make run`` and of work on the code: everything is on this machine."""

import os

from hospital.settings.base import *  # noqa: F403

DEBUG = os.environ.get("DEBUG", "") == "1"
SECRET_KEY = os.environ.get("SECRET_KEY", "insecure-demo-key-for-one-machine-only")
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

"""Settings of the fault runs: those of development, with less patience, and servers that misbehave."""

import os

from hospital.settings.dev import *  # noqa: F403

MAILBOX = False
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST, EMAIL_PORT = "127.0.0.1", int(os.environ.get("FAULTS_MAIL_PORT", "0"))
EMAIL_USE_TLS = EMAIL_USE_SSL = False
EMAIL_TIMEOUT = 2
TWILIO_URL = os.environ.get("FAULTS_SMS_URL", "")
TWILIO_ACCOUNT_SID, TWILIO_MESSAGING_SERVICE_SID = "AC" + "1" * 32, "MG" + "1" * 32
TWILIO_AUTH_TOKEN = "stand-in-token"
SMS_TIMEOUT = "2"
MESSAGE_QUIET_HOURS = ""
MESSAGE_DISPATCH_SECONDS = 2.0
MESSAGE_BACKOFF_SECONDS = 1.0
MESSAGE_DEAD_SECONDS = 3.0
MESSAGE_LEASE_SECONDS = 10.0
MESSAGE_SETTLE_SECONDS = 8.0

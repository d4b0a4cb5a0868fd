"""Settings that every mode shares; no secrets and no addresses."""

import os
from pathlib import Path

from csp.constants import SELF, UNSAFE_INLINE

from hospital.addresses import broker_url, channel_prefix, database, mail, redis_url
from hospital.embedded.place import current_place
from hospital.environment import value
from hospital.single_sign_on import identity_provider, saml_is_installed

BASE_DIR = Path(__file__).resolve().parent.parent.parent

INSTALLED_APPS = [
    "accounts",
    "accounts.audit",
    "messaging",
    "patients",
    "patients.rights",
    "resources",
    "scheduling",
    "analytics",
    "hospital.apps.HospitalConfig",
    "hospital.apps.ReferenceAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    *(["allauth.socialaccount.providers.saml"] if saml_is_installed() else []),
    "allauth.usersessions",
    "auditlog",
    "csp",
    "guardian",
]

MIDDLEWARE = [
    "hospital.middleware.IsolationMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "hospital.middleware.TrustedAddressMiddleware",
    "accounts.audit.middleware.AuditMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.sessions.SessionLimitsMiddleware",
    "accounts.integration.NoPagesMiddleware",
    "accounts.second_factor.SecondFactorMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "hospital.middleware.NoNulMiddleware",
    "hospital.middleware.NoStoreMiddleware",
    "accounts.audit.recording.ReadsMiddleware",
    "auditlog.middleware.AuditlogMiddleware",
    "patients.merging.middleware.MergedRecordMiddleware",
]

ROOT_URLCONF = "hospital.urls"
WSGI_APPLICATION = "hospital.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- people -----------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "guardian.backends.ObjectPermissionBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 15}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "given_name", "family_name")},
    },
    {"NAME": "accounts.password_rules.GuessableValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# A hospital shares one address at shift change, so the limit that matters is the one per account.
ACCOUNT_RATE_LIMITS = {"login": "600/m/ip", "login_failed": "600/m/ip,10/5m/key"}
# Who signs in with a second factor, whatever they like: these roles, and everybody who comes from outside the
# hospital's networks (CIDR; none named: nobody is outside). See accounts/second_factor.py.
SECOND_FACTOR_ROLES = ["administrator", "privacy_officer"]
HOSPITAL_NETWORKS: list[str] = []
# Encryption of what the database must not hold in clear; see accounts/encryption/keyring.py.
FIELD_KEYS: list[str] = []
INDEX_KEY = ""
# Advisories about packages with known faults: a zip or folder in the OSV format.
ADVISORIES = os.environ.get("ADVISORIES", "")
# Keys of backups, written as FIELD_KEYS is; see hospital/backups/. They lie elsewhere than the backups do.
BACKUP_KEYS: list[str] = []
MFA_ADAPTER = "accounts.adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_RECOVERY_CODES_SHOW_ONCE = True
# Addresses are given by an administrator, so there is none to verify.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_RATE_LIMITS = {"webauthn_login": "600/m/ip"}
# TrustedAddressMiddleware leaves the one entry that our proxy wrote; behind a unix socket there is no other address.
ALLAUTH_TRUSTED_PROXY_COUNT = 1
MESSAGE_STORAGE = "hospital.notices.SealedStorage"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
GUARDIAN_MONKEY_PATCH_USER = False
# Access outside the care team: how long it lasts, and after how many hours without a review it is overdue.
EMERGENCY_ACCESS_MINUTES = 60
EMERGENCY_REVIEW_HOURS = 72
ANONYMOUS_USER_NAME = None

# --- single sign-on: OIDC_ISSUER and what else docs/operations.md names -------------------------
IDENTITY_PROVIDER = identity_provider()
SOCIALACCOUNT_ADAPTER = "accounts.single_sign_on.SingleSignOnAdapter"
# A form that is posted here may not lead on to the provider (form-action); the way back is kept by state and PKCE.
SOCIALACCOUNT_LOGIN_ON_GET = True

# --- messages to patients and staff: docs/messaging.md ------------------------------------------
HOSPITAL_NAME = value("HOSPITAL_NAME") or "The hospital"
HOSPITAL_PHONE = value("HOSPITAL_PHONE")
MESSAGE_QUIET_HOURS = os.environ.get("MESSAGE_QUIET_HOURS", "21:00-08:00")  # empty: none
MESSAGE_DISPATCH_SECONDS = 30.0
MESSAGE_BACKOFF_SECONDS = 15.0
MESSAGE_DEAD_SECONDS = 60.0  # a channel where nobody answers is left alone for so long
MESSAGE_LEASE_SECONDS = 30.0  # so long after its longest attempt a worker that is silent counts as lost
MESSAGE_SETTLE_SECONDS = 60.0  # a provider may take so long to show what it took
# Nothing leaves the machine: what would be sent is shown on a page. For development and tests alone.
MAILBOX = False

# --- letters -----------------------------------------------------------------------------------
# EMAIL_URL names the mail server for all letters: smtp://USER:PASSWORD@HOST:587, smtps://… for TLS from the start.
globals().update(mail(value("EMAIL_URL")))
EMAIL_TIMEOUT = 10
# Where links lead that no request asked for: invitations, reminders.
SITE_URL = os.environ.get("SITE_URL", "http://127.0.0.1:8000").rstrip("/")

# --- the audit trail --------------------------------------------------------------------------
AUDITLOG_DISABLE_REMOTE_ADDR = False
AUDITLOG_STORE_JSON_CHANGES = True
AUDITLOG_CID_GETTER = "accounts.audit.who.request_id"
# The key of the chain over the record, and the file outside the database that says where it stands.
AUDIT_KEY = ""
AUDIT_ANCHOR_FILE = value("AUDIT_ANCHOR_FILE") or str(current_place().folder / "audit-anchors.jsonl")

# --- erased records ---------------------------------------------------------------------------
# What was erased, by random tokens: kept outside the database, so that a restored backup is erased again.
ERASURES_FILE = value("ERASURES_FILE") or str(current_place().folder / "erasures.jsonl")

# --- time and language ------------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
TIME_ZONE = os.environ.get("HOSPITAL_TIME_ZONE", "Europe/London")
# How people here write 5 March: "dmy" 05/03, "mdy" 03/05. The search takes both, this one first.
DATE_ORDER = value("DATE_ORDER") or "dmy"
USE_I18N = True
USE_TZ = True

# --- files ------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "hospital.static_files.StaticFilesStorage"},
}

# What is sent to views that take files stays in memory; see accounts/uploads.py.
FILE_UPLOAD_HANDLERS = [
    "accounts.uploads.MemoryHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# --- browser ----------------------------------------------------------------------------------
# The timeline places its cases by style attributes; nothing else is inline.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "style-src": [SELF],
        "style-src-attr": [UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
        "frame-ancestors": ["'none'"],
        "form-action": [SELF],
        "base-uri": [SELF],
        "object-src": ["'none'"],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"

# --- servers: the embedded ones where nothing else is set ---------------------------------------
DATABASES = {"default": database()}
REDIS_URL = redis_url()
CHANNEL_PREFIX = channel_prefix(REDIS_URL)
# Set, it lets the role of the application sign in by itself; see accounts/audit/role.py.
DATABASE_ROLE_PASSWORD = value("DATABASE_ROLE_PASSWORD")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}

# --- work in the background ---------------------------------------------------------------------
CELERY_BROKER_URL = broker_url(REDIS_URL)
CELERY_TIMEZONE = "UTC"
CELERY_TASK_IGNORE_RESULT = True
# A task whose worker dies is given to another one; every task may therefore run twice, and says so.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 15 * 60
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_CONNECTION_TIMEOUT = 2
# Handing over a task must not hold up the page that does it.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0.1, "interval_max": 0.1}
# Longer than the longest task, or Redis hands it to a second worker meanwhile.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600, "socket_connect_timeout": 2}

# --- what the processes say; no patient data: ids only ------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"()": "hospital.logs.QuietFormatter", "format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "WARNING")},
    # Django's own handler would mail errors with the values of the request to the administrators.
    "loggers": {
        "django": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        "pypdf": {"level": "CRITICAL"},  # it quotes what it can't read
    },
}
DEFAULT_EXCEPTION_REPORTER_FILTER = "hospital.logs.NoValuesFilter"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False  # Celery's own formatter would quote a failed task's values

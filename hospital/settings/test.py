"""Settings of the tests: real servers, quick passwords."""

import os

from hospital.addresses import broker_url, channel_prefix, database, redis_url
from hospital.embedded.place import ROOT, Place
from hospital.settings.base import *  # noqa: F403

TEST_PLACE = Place(folder=ROOT / ".data" / "test", durable=False)
DEBUG = False
SECRET_KEY = "insecure-key-of-the-tests"  # noqa: S105
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "testserver"]
# Two runs at once must not share a database; the workers of one run have this from their parent.
_run = os.environ.setdefault("TEST_RUN", str(os.getpid()))
TEST_DATABASE = "test_hospital_run"
DATABASES = {
    "default": database(place=TEST_PLACE) | {"CONN_MAX_AGE": 0, "TEST": {"NAME": f"{TEST_DATABASE}{_run}"}},
}
# Tests that run side by side keep apart in Redis: each worker has its own number.
_worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
REDIS_URL = f"{redis_url(place=TEST_PLACE).partition('?')[0]}?db={int(_worker) + 1}"
CHANNEL_PREFIX = channel_prefix(REDIS_URL)
CELERY_BROKER_URL = broker_url(REDIS_URL)
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
MAILBOX = True
MESSAGE_QUIET_HOURS = ""
HOSPITAL_PHONE = "+44 20 7946 0000"
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
DEMO_ALLOWED = True
FIELD_KEYS = ["test:dGVzdC1rZXktZm9yLW9uZS1tYWNoaW5lLW9ubHktISE="]
INDEX_KEY = "insecure-test-index-key"
BACKUP_KEYS = ["backup-test:YmFja3VwLWtleS1mb3ItdGVzdHMtb25seS0tLS0hISE="]
AUDIT_KEY = "insecure-test-audit-key"
AUDIT_ANCHOR_FILE = str(TEST_PLACE.folder / "audit-anchors.jsonl")
ERASURES_FILE = str(TEST_PLACE.folder / "erasures.jsonl")
SECOND_FACTOR_ROLES = []  # the tests of it switch it on
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True

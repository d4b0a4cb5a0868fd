"""Recipients, messages and servers."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import transaction
from django.utils import timezone

from messaging.channels.email import _smtp
from messaging.models import Delivery
from messaging.outbox import About, Outside, Planned, plan
from patients.models import ContactConsent, Patient
from resources.models import Site
from tests.factories import PatientFactory, SiteFactory
from tests.messaging.mail_server import Letters, mail_server

FIELDS = {"date": "2099-03-16", "time": "07:30", "place": "Main building"}


@pytest.fixture
def site() -> Site:
    return SiteFactory(name="Main building")


@pytest.fixture
def patient(site: Site) -> Patient:
    patient = PatientFactory()
    for channel in ("email", "sms"):
        ContactConsent.objects.create(patient=patient, channel=channel, given=True)
    return patient


@pytest.fixture
def planned(patient: Patient) -> Callable[..., Delivery]:
    """Plan a message to the patient, due a minute ago."""

    def make(key: str = "booked:1", **changed: Any) -> Delivery:
        values: dict[str, Any] = {
            "kind": "booked",
            "to": Outside(label="patient", number=patient.pk),
            "addresses": {"email": "anna@example.org"},
            "about": About(label="operation", number=1),
            "fields": FIELDS,
            "due_at": timezone.now() - timedelta(minutes=1),
            "dedupe_key": key,
        }
        with transaction.atomic():
            plan(Planned(**values | changed))
        return Delivery.objects.get(dedupe_key=key)

    return make


@pytest.fixture
def letters(settings: LazySettings) -> Iterator[Letters]:
    """Run a mail server and send to it."""
    controller, letters = mail_server()
    controller.start()
    settings.MAILBOX = False
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", controller.port
    settings.EMAIL_TIMEOUT = 3
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    _smtp.cache_clear()
    yield letters
    _smtp()._drop_idle()
    controller.stop()
    _smtp.cache_clear()

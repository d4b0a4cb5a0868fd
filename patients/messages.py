"""Who of the patients may be written to, and by which channel."""

from collections.abc import Collection

from messaging.consent import speak_for
from patients.models import ContactConsent, Patient

PATIENT = "patient"
"""As what ``messaging`` knows a patient, together with our own number."""


def register() -> None:
    """Speak for patients."""
    speak_for(PATIENT, reachable)


def reachable(channel: str, patient_ids: Collection[int]) -> set[int]:
    """Return those of the patients who consented to ``channel`` and are alive. Who was never asked did not."""
    alive = Patient.objects.filter(pk__in=patient_ids, died=False, deceased_on=None)
    agreed = ContactConsent.objects.filter(channel=channel, given=True, patient__in=alive)
    return set(agreed.values_list("patient_id", flat=True))

"""The accounting of disclosures (45 CFR 164.528): what left the hospital, and what a patient is told of it."""

from datetime import date, datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from patients.rights.models import NOT_ACCOUNTED, Disclosure, DisclosureBasis
from patients.rights.restricting import lock_patient

YEARS = 6
FUTURE = "This has not happened yet."


def record_disclosure(
    *,
    actor: User,
    patient_id: int,
    recipient: str,
    content: str,
    purpose: str,
    basis: str,
    at: datetime | None = None,
    withheld_until: date | None = None,
) -> Disclosure:
    """Note by hand that data left the hospital. Raises :class:`~django.core.exceptions.ValidationError` by field."""
    texts = {"recipient": recipient.strip(), "content": content.strip(), "purpose": purpose.strip()}
    if missing := [name for name, text in texts.items() if not text]:
        raise ValidationError(dict.fromkeys(missing, "Fill this in: the patient may ask."))
    if basis not in DisclosureBasis.values:
        raise ValidationError({"basis": "Say why it may leave."})
    happened = at or timezone.now()
    if happened > timezone.now():
        raise ValidationError({"at": FUTURE})
    with transaction.atomic(durable=True):
        patient = lock_patient(actor, patient_id)
        return Disclosure.objects.create(
            patient=patient, at=happened, basis=basis, withheld_until=withheld_until, recorded_by=actor, **texts
        )


def accounting_of(patient_id: int) -> QuerySet[Disclosure]:
    """Return what a patient is told today: six years, without what they asked for themselves or is withheld.

    An agency may ask in writing that the patient be not told before a day (164.528(a)(2)).
    """
    since = timezone.now() - timedelta(days=int(YEARS * 365.25))
    told = Disclosure.objects.filter(patient=patient_id, at__gte=since).exclude(basis__in=NOT_ACCOUNTED)
    return told.exclude(withheld_until__gte=timezone.localdate())

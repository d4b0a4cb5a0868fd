"""The accounting of disclosures (45 CFR 164.528): what left the hospital, and what a patient is told of it."""

from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from patients.rights.models import NOT_ACCOUNTED, Disclosure, DisclosureBasis
from patients.rights.restricting import lock_patient

YEARS = 6
MAY_WITHHOLD = (DisclosureBasis.OVERSIGHT, DisclosureBasis.POLICE)
NOT_WITHHELD = "Only those who oversee health care and the police may ask for this (45 CFR 164.528(a)(2))."
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
    if withheld_until and basis not in MAY_WITHHOLD:
        raise ValidationError({"withheld_until": NOT_WITHHELD})
    happened = at or timezone.now()
    if happened > timezone.now():
        raise ValidationError({"at": FUTURE})
    with transaction.atomic(durable=True):
        patient = lock_patient(actor, patient_id)
        return Disclosure.objects.create(
            patient=patient, at=happened, basis=basis, withheld_until=withheld_until, recorded_by=actor, **texts
        )


def _years_before(now: datetime) -> datetime:
    """Return the same day six years ago; for a 29th of February the day before the 1st of March."""
    try:
        return now.replace(year=now.year - YEARS)
    except ValueError:
        return now.replace(year=now.year - YEARS, day=28)


def accounting_of(patient_id: int) -> QuerySet[Disclosure]:
    """Return what a patient is told today: six years, without what they asked for themselves or is withheld.

    An agency may ask in writing that the patient be not told before a day (164.528(a)(2)).
    """
    told = Disclosure.objects.filter(patient=patient_id, at__gte=_years_before(timezone.now())).exclude(
        basis__in=NOT_ACCOUNTED
    )
    return told.exclude(withheld_until__gte=timezone.localdate())

"""Find patients."""

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from accounts.models import User
from patients.models import Patient, number_index

SHORTEST = 2
"""Letters from which a search makes sense."""


def find_patients(text: str, viewer: User) -> QuerySet[Patient]:
    """Return patients open to ``viewer`` whose MRN begins with, or names contain, every word of ``text``.

    Its whole may also be a national number, of which no part is found. Commas may stand between
    the names, as lists print them: ``SMITH, Ann``.
    """
    words = text.replace(",", " ").lower().split()
    if len("".join(words)) < SHORTEST:
        return Patient.objects.none()
    # Lower() as in the trigram indexes; icontains would compare in upper case and not use them.
    found = Patient.objects.visible_to(viewer).alias(family=Lower("family_name"), given=Lower("given_name"))
    named = Q()
    for word in words:
        named &= Q(family__contains=word) | Q(given__contains=word) | Q(mrn__startswith=word.upper())
    numbered = number_index(text) if any(map(str.isdigit, text)) else None
    return found.filter(named | Q(national_number_index=numbered) if numbered else named)


def beyond_reach(text: str, viewer: User) -> Patient | None:
    """Return the patient whose whole MRN was typed and who is not open to ``viewer``.

    Only the number leads there: names outside one's rights are not to be guessed.
    """
    patient = Patient.objects.filter(mrn=text.strip().upper()).only("pk").first()
    if patient is None or Patient.objects.filter(pk=patient.pk).visible_to(viewer).exists():
        return None
    return patient

"""Find patients, as a condition for other lists; :func:`patients.finding.search.find` puts them in order."""

from collections.abc import Sequence

from django.db.models import Q, QuerySet

from accounts.models import User
from patients.finding import entries as ask
from patients.finding.reading import Criteria, read
from patients.finding.search import really_born
from patients.finding.spelling import near_words
from patients.models import (
    IdentifierSystem,
    NameWord,
    Patient,
    PatientIdentifier,
    number_index,
    phone_index,
    qualified,
)


def find_patients(text: str, viewer: User) -> QuerySet[Patient]:
    """Return the patients open to ``viewer`` whom ``text`` describes, in no order of likelihood.

    What may be typed is what :func:`patients.finding.reading.read` reads. Typing errors count where nobody is
    called so.
    """
    criteria = read(text)
    if not criteria.is_enough:
        return Patient.objects.none()
    return Patient.objects.visible_to(viewer).filter(_described(criteria, viewer))


def _described(criteria: Criteria, viewer: User) -> Q:
    whole = Q(mrn=criteria.whole.upper())
    for beginning in criteria.mrn_beginnings:
        whole |= Q(mrn__startswith=beginning)
    if criteria.words:
        described = _named(criteria.words, viewer)
        if criteria.births:
            described &= really_born(criteria.births)
        if criteria.number:
            described &= _numbered(criteria.number)
        return described | whole
    found = whole | Q(pk__in=ask.by_whole_number(criteria.whole, criteria.number))
    if criteria.births:
        found |= Q(date_of_birth__in=[one.first for one in criteria.births if one.is_day])
    return found


def _named(words: Sequence[str], viewer: User) -> Q:
    """Return the condition that each word begins a name; if that is nobody here, that each is nearly one.

    Only those open to ``viewer`` count: whether a stranger is called so is not to be found out.
    """
    first, *others = words
    begun = _begins(first)
    for word in others:
        begun &= _has(word)
    if Patient.objects.visible_to(viewer).filter(_entered(begun)).exists():
        return _entered(begun)
    meant = Q()
    for word in words:
        meant &= _entered(_begins(word) | Q(word__in=near_words(word)))
    return meant


def _begins(word: str) -> Q:
    return Q(word__gte=word, word__lt=word + ask.PAST_ALL)


def _numbered(number: str) -> Q:
    found = Q(mrn__startswith=number) | _entered(_has(number.lower()))
    for name, index in (("phone_index", phone_index(number)), ("national_number_index", number_index(number))):
        found |= Q(**{name: index}) if index else Q()
    return found


def _has(word: str) -> Q:
    return Q(names__contains=f" {word}")


def _entered(entries: Q) -> Q:
    return Q(pk__in=NameWord.objects.filter(entries).values("patient"))


def known_as(number: str, given_by: QuerySet[IdentifierSystem] | None = None) -> QuerySet[PatientIdentifier, int]:
    """Return whose further number this is, whoever gave it out unless somebody is named."""
    field = PatientIdentifier._meta.get_field("value_index")  # noqa: SLF001  # Django's public name for it
    systems = IdentifierSystem.objects.all() if given_by is None else given_by
    indexes = [field.index_of(qualified(system.pk, number)) for system in systems]
    return PatientIdentifier.objects.filter(value_index__in=indexes).values_list("patient", flat=True)


def living(patient: Patient | None) -> Patient | None:
    """Return the record that counts: the one itself, or the one that it was merged into."""
    return patient.merged_into or patient if patient else None


def living_patient(number: int | None) -> Patient | None:
    """Return the patient of a number of ours, which may be a merged record's."""
    return living(Patient.objects.filter(pk=number).first()) if number is not None else None


def patient_numbered(text: str) -> Patient | None:
    """Return whose whole MRN this is, or was: of a record that was merged, or before somebody unknown had a name."""
    mrn = text.strip().upper()
    found = Patient.objects.filter(mrn=mrn).first() if mrn else None
    if found is None and mrn:
        found = Patient.objects.filter(pk__in=known_as(mrn, IdentifierSystem.objects.filter(is_ours=True))).first()
    return living(found)


def beyond_reach(text: str, viewer: User) -> Patient | None:
    """Return the patient whose whole MRN was typed and who is not open to ``viewer``.

    Only the number leads there: names outside one's rights are not to be guessed.
    """
    patient = patient_numbered(text)
    if patient is None or Patient.objects.filter(pk=patient.pk).visible_to(viewer).exists():
        return None
    return patient

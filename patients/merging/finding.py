"""Who is perhaps on record twice: asked while somebody new is written down, and looked for every night."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.models import User
from patients.finding.words import words_of
from patients.merging.likeness import ABOUT, LIKE, LIKELY, Likeness, Person, likeness, swapped
from patients.models import DuplicatePair, NameWord, Patient, number_index, phone_index
from patients.selectors import known_as, patient_numbered

MOST = 100
"""So many are compared at most while somebody waits."""
SHOWN = 5
BATCH = 2000
COMPARED = (
    *("mrn", "family_name", "given_name", "date_of_birth", "birth_accuracy", "sex"),
    *("national_number", "phone", "email"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Somebody on record who may be the one."""

    patient: Patient
    likeness: Likeness


def person_of(patient: Patient) -> Person:
    """Return what is compared of a record; its further names and numbers should be prefetched."""
    further = [(row.family_name, row.given_name) for row in patient.names.all()] if patient.pk else []
    numbers = [row.value for row in patient.identifiers.all()] if patient.pk else []
    return Person(
        names=((patient.family_name, patient.given_name), *further),
        born=patient.date_of_birth,
        accuracy=patient.birth_accuracy,
        sex=patient.sex,
        phone=patient.phone,
        email=patient.email,
        numbers=frozenset(_number(text) for text in (patient.mrn, patient.national_number, *numbers) if text),
    )


def _number(text: str) -> str:
    return "".join(one for one in text if one.isalnum()).upper()


def possible_duplicates(patient: Patient, viewer: User) -> list[Candidate]:
    """Return who is on record already and looks like ``patient``, which need not be saved; the likest first.

    Only those whose record is open to ``viewer``. Looks up by indexes alone: the day of birth (and with day and month
    exchanged), the same name in either order, and the numbers.
    """
    wanted = person_of(patient)
    rows = Patient.objects.visible_to(viewer).alias(family=Lower("family_name"), given=Lower("given_name"))
    rows = rows.exclude(provisional=True).exclude(erasures__state="done").exclude(pk=patient.pk)
    # One question for each way: of all in one, PostgreSQL would read every row.
    numbers = {pk for near in _ways(patient) for pk in rows.filter(near).values_list("pk", flat=True)[:MOST]}
    found = Patient.objects.filter(pk__in=numbers).prefetch_related("names", "identifiers", "allergies")
    compared = (Candidate(patient=row, likeness=likeness(wanted, person_of(row))) for row in found)
    likely = [one for one in compared if one.likeness.score >= LIKELY]
    return sorted(likely, key=lambda one: (-one.likeness.score, one.patient.pk))[:SHOWN]


def _ways(patient: Patient) -> Iterator[Q]:
    """Yield who is worth a comparison, each in terms that one index answers."""
    family, given = patient.family_name.strip().lower(), patient.given_name.strip().lower()
    born = patient.date_of_birth
    if born and family:
        alike = Q(family__trigram_similar=family) | Q(given__trigram_similar=family)
        if given:
            alike |= Q(family__trigram_similar=given) | Q(given__trigram_similar=given)
        yield alike & Q(date_of_birth__in=[day for day in (born, swapped(born)) if day])
    words = sorted({*words_of(patient.family_name), *words_of(patient.given_name)}, key=len)
    if len(words) > 1:
        called = Q(word=words.pop())  # the longest is the rarest
        for word in words:
            called &= Q(names__contains=f" {word} ")
        yield Q(pk__in=NameWord.objects.filter(called).values("patient"))
    if reached := phone_index(patient.phone):
        yield Q(phone_index=reached)
    yield from _numbered(patient)


def _numbered(patient: Patient) -> Iterator[Q]:
    for text in filter(None, (patient.mrn, patient.national_number)):
        owner = patient_numbered(text)
        yield Q(pk__in=[*([owner.pk] if owner else []), *known_as(text)])
    if patient.national_number:
        yield Q(national_number_index=number_index(patient.national_number))


# Blocks, so that nobody is compared with everybody: the day of birth, the same with day and month exchanged, the same
# words in the name, the family name with the year where no more of the date is known, and the phone. Only pairs
# that agree in one of them are looked at, and of these only the names' share of trigrams decides in here.
_PAIRS = """
    WITH spoken AS (
        SELECT id, family_name AS family, given_name AS given FROM patients_patient
        UNION ALL
        SELECT patient_id, family_name, given_name FROM patients_patientname
    ),
    known AS MATERIALIZED (
        SELECT p.id, p.date_of_birth AS born, p.birth_accuracy AS accuracy, patients_words(s.family) AS family,
            p.phone_index AS phone, p.phone <> '' OR p.email <> '' AS reachable,
            array_to_string(patients_words(s.family) || patients_words(s.given), ' ') AS words,
            CASE WHEN extract(day FROM p.date_of_birth) <= 12 THEN make_date(extract(year FROM p.date_of_birth)::int,
                extract(day FROM p.date_of_birth)::int, extract(month FROM p.date_of_birth)::int) END AS turned,
            (SELECT string_agg(word, ' ' ORDER BY word)
             FROM unnest(patients_words(s.family) || patients_words(s.given)) AS word) AS sorted
        FROM patients_patient AS p JOIN spoken AS s ON s.id = p.id
        WHERE p.merged_into_id IS NULL AND NOT p.provisional
            AND NOT EXISTS (SELECT FROM rights_erasure AS e WHERE e.patient_id = p.id AND e.state = 'done')
    )
    SELECT one.id, other.id FROM known AS one JOIN known AS other ON other.born = one.born
    WHERE one.id < other.id AND similarity(one.words, other.words) >= %(like)s
    UNION
    SELECT least(one.id, other.id), greatest(one.id, other.id) FROM known AS one
    JOIN known AS other ON other.born = one.turned
    WHERE one.id <> other.id AND one.born <> other.born
        AND similarity(one.words, other.words) >= %(like)s
    UNION
    SELECT one.id, other.id FROM known AS one JOIN known AS other ON other.sorted = one.sorted
    WHERE one.id < other.id AND (
        ((one.born IS NULL OR other.born IS NULL) AND one.reachable AND other.reachable)
        OR ('day' <> ANY (ARRAY[one.accuracy, other.accuracy])
            AND abs(extract(year FROM one.born) - extract(year FROM other.born)) <= %(about)s)
        OR (extract(year FROM one.born) = extract(year FROM other.born))::int
            + (extract(month FROM one.born) = extract(month FROM other.born))::int
            + (extract(day FROM one.born) = extract(day FROM other.born))::int = 2)
    UNION
    SELECT least(one.id, other.id), greatest(one.id, other.id) FROM known AS one
    JOIN known AS other ON other.family = one.family AND extract(year FROM other.born) = extract(year FROM one.born)
    WHERE one.id <> other.id AND one.accuracy <> 'day' AND similarity(one.words, other.words) >= %(like)s
    UNION
    SELECT one.id, other.id FROM known AS one JOIN known AS other ON other.phone = one.phone
    WHERE one.id < other.id AND similarity(one.words, other.words) >= %(like)s
"""


def find_duplicates() -> int:
    """Look through all records, and bring the list of pairs up to date; return how many are to be decided.

    What somebody decided stays. A pair that does not look so any more leaves the list.
    """
    found = dict(_compared(_blocked()))
    with transaction.atomic(durable=True):
        known = {(row.first_id, row.second_id): row for row in DuplicatePair.objects.select_for_update(of=("self",))}
        gone = [row.pk for pair, row in known.items() if pair not in found and row.distinct_at is None]
        DuplicatePair.objects.filter(pk__in=gone).delete()
        for pair, alike in found.items():
            row = known.get(pair)
            if row and (row.score, row.signs) != (alike.score, list(alike.signs)):
                row.score, row.signs = alike.score, list(alike.signs)
                row.save(update_fields=["score", "signs"])
        now = timezone.now()
        DuplicatePair.objects.bulk_create(
            [
                DuplicatePair(first_id=one, second_id=other, score=alike.score, signs=list(alike.signs), found_at=now)
                for (one, other), alike in found.items()
                if (one, other) not in known
            ],
            batch_size=BATCH,
        )
    return DuplicatePair.objects.filter(distinct_at=None).count()


def _blocked() -> Sequence[tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(_PAIRS, {"like": LIKE, "about": ABOUT})
        found: list[tuple[int, int]] = cursor.fetchall()
    return found


def _compared(pairs: Iterable[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], Likeness]]:
    """Yield the pairs that are likely one, read in batches."""
    waiting = iter(pairs)
    while batch := list(islice(waiting, BATCH)):
        numbers = {number for pair in batch for number in pair}
        rows = Patient.objects.filter(pk__in=numbers).only(*COMPARED).prefetch_related("names", "identifiers")
        people = {row.pk: person_of(row) for row in rows}
        for one, other in batch:
            if one in people and other in people:
                alike = likeness(people[one], people[other])
                if alike.score >= LIKELY:
                    yield (one, other), alike

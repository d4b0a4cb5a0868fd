"""Find patients: the best answers first, within what the viewer may see."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Prefetch, Q, QuerySet

from accounts.models import User
from patients import access
from patients.finding import entries as ask
from patients.finding.birth import Birth
from patients.finding.entries import Condition, Entry
from patients.finding.operations import coming, reached
from patients.finding.reading import Criteria, read
from patients.finding.spelling import near_words
from patients.finding.words import same_words, words_of
from patients.models import BirthAccuracy, EmergencyAccess, NameUse, Patient, PatientName

MOST = 20
"""Patients that one answer shows; more means that the search should say more."""
FEW = 10_000
"""Patients up to which it is quicker to look through those whom a viewer may see than through all."""
CHUNKS = (200, 2_000, 20_000)
"""Entries that are looked at in turn until enough of them may be seen; the last size is repeated."""
FORMERLY = {NameUse.FORMER: "formerly", NameUse.MAIDEN: "born", NameUse.ALIAS: "also known as"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A patient, and why."""

    patient: Patient
    formerly: str
    """The other name that was meant, as "formerly JONES, Ann"; empty where the present one was."""
    same_name: bool
    """Somebody else in the answer has the same name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """The answer. ``more`` says that there are others, ``is_enough`` that enough was typed to look at all."""

    rows: list[Found]
    more: bool = False
    is_enough: bool = True
    by_spelling: bool = False
    """Nobody is called what was typed: these are called nearly so."""

    @property
    def patients(self) -> list[Patient]:
        """Return the patients alone."""
        return [row.patient for row in self.rows]


def find(text: str, viewer: User, *, most: int = MOST, rows: QuerySet[Patient] | None = None) -> Findings:
    """Return the patients whom ``text`` describes and ``viewer`` may see, the best first; see :func:`read`.

    In order: an exact number, the names as they were typed, names and MRNs that begin so, names with typing errors;
    among equals those with an operation to come, then by name. ``rows`` says what to fetch along.
    """
    criteria = read(text)
    if not criteria.is_enough:
        return Findings(rows=[], is_enough=False)
    search = _Search(criteria, viewer, most + 1)
    numbers, by_spelling = search.run()
    base = Patient.objects.all() if rows is None else rows
    shown = base.prefetch_related(Prefetch("names", PatientName.objects.all())).in_bulk(numbers[:most])
    patients = [shown[number] for number in numbers[:most] if number in shown]
    return Findings(rows=_marked(patients, criteria), more=len(numbers) > most, by_spelling=by_spelling)


class _Search:
    """One search: what was found so far, tier by tier."""

    def __init__(self, criteria: Criteria, viewer: User, enough: int) -> None:
        self.criteria = criteria
        self.viewer = viewer
        self.enough = enough
        self.found: list[int] = []
        self.seen: set[int] = set()

    @cached_property
    def few(self) -> set[int] | None:
        """Everybody who may be open to the viewer, where they are few; numbers and dates don't need to know."""
        return _few(self.viewer)

    def run(self) -> tuple[list[int], bool]:
        """Return the numbers of the patients, and whether only typing errors led to them."""
        for tier in (self._numbers, self._whole):
            if not self._is_full:
                tier()
        as_typed = bool(self.found)
        if not self._is_full:
            self._begun()
        spelt = bool(self.found)
        if not self._is_full and self.criteria.words and not (as_typed and self.criteria.is_specific):
            self._near()
        return self.found, not spelt and bool(self.found)

    @property
    def _is_full(self) -> bool:
        return len(self.found) >= self.enough

    def _numbers(self) -> None:
        """Look for a number that was typed whole; a name with an MRN beside it is looked for as a name."""
        if not (self.criteria.words and self.criteria.number):
            self._take_in_order(ask.by_whole_number(self.criteria.whole, self.criteria.number))

    def _whole(self) -> None:
        words = self.criteria.words
        if words:
            driver, *others = self._fewest_first(ask.is_word)
            self._named(ask.all_of([ask.is_word(driver), *map(ask.has_word, others)]))
        elif self.criteria.births:
            self._take(ask.by_birth(self.criteria.births, limit=CHUNKS[1]))

    def _begun(self) -> None:
        words = self.criteria.words
        if words:
            driver, *others = self._fewest_first(ask.begins)
            whole = ask.all_of([ask.is_word(driver), *map(ask.has_word, others)])
            begun = ask.all_of([ask.begins(driver), *map(ask.has_beginning, others)])
            self._named(Condition(f"({begun.sql}) AND NOT ({whole.sql})", [*begun.values, *whole.values]))
        for beginning in self.criteria.mrn_beginnings:
            self._mrns(beginning)

    def _mrns(self, beginning: str) -> None:
        sizes = CHUNKS[:2] if self.criteria.number else CHUNKS[:1]  # letters may begin the MRN of all
        for size in sizes:
            if self._is_full:
                return
            numbers = ask.by_mrn_beginning(beginning, limit=size)
            self._take_in_order(numbers)
            if len(numbers) < size:
                return

    def _near(self) -> None:
        """Take each word in turn for a slip, the others for slips or not."""
        near = {word: near_words(word) for word in self.criteria.words}
        for driver, meant in near.items():
            if not meant:
                continue
            others = [
                ask.any_of([ask.has_beginning(word), *([ask.has_one_of(near[word])] if near[word] else [])])
                for word in near
                if word != driver
            ]
            self._named(ask.all_of([ask.is_one_of(meant), *others]))

    def _fewest_first(self, ask_for: Callable[[str], Condition]) -> list[str]:
        """Return the words, that of the fewest patients first: by it the others are looked through."""
        words = list(dict.fromkeys(self.criteria.words))
        if len(words) == 1:
            return words
        many = dict(zip(words, ask.counts([ask_for(word) for word in words]), strict=True))
        return sorted(words, key=lambda word: (many[word], -len(word)))

    def _named(self, named: Condition) -> None:
        """Take those whom ``named`` and the other criteria describe, chunk by chunk until enough may be seen."""
        wanted = [named]
        if self.criteria.births:
            wanted.append(ask.born(self.criteria.births))
        if self.criteria.number:
            wanted.append(ask.numbered(self.criteria.number))
        if self.few is not None:
            wanted.append(ask.among(self.few))
        condition, offset = ask.all_of(wanted), 0
        for size in _sizes():
            rows = ask.entries(condition, limit=size, offset=offset)
            if offset == 0 and len(rows) == size:
                self._named_and_coming(condition)
            self._take(rows)
            offset += size
            if self._is_full or len(rows) < size:
                return

    def _named_and_coming(self, condition: Condition) -> None:
        """Of too many to look at, those with an operation to come go first."""
        expected = coming()
        if expected is not None:
            self._take(ask.entries(ask.all_of([condition, ask.of(expected)]), limit=CHUNKS[0]))

    def _take(self, rows: Sequence[Entry]) -> None:
        """Add the patients who may be seen, in the order of a tier."""
        fresh = {row.patient_id: row for row in reversed(rows) if row.patient_id not in self.seen}
        expected = self._expected(fresh)
        ordered = sorted(
            fresh.values(),
            key=lambda row: (self._likelihood(row.born), row.patient_id not in expected, row.names, row.patient_id),
        )
        self._take_in_order([row.patient_id for row in ordered])

    def _expected(self, numbers: Iterable[int]) -> set[int]:
        expected, wanted = coming(), list(numbers)
        if expected is None or len(wanted) < 2:  # noqa: PLR2004  # one needs no order
            return set()
        return set(expected.filter(patient_id__in=wanted).values_list("patient_id", flat=True))

    def _likelihood(self, born: object) -> int:
        births = self.criteria.births
        return next((at for at, one in enumerate(births) if one.first == born), len(births))

    def _take_in_order(self, numbers: Sequence[int]) -> None:
        fresh = [number for number in dict.fromkeys(numbers) if number not in self.seen]
        if not fresh:
            return
        self.seen.update(fresh)
        opened = Patient.objects.filter(pk__in=fresh).visible_to(self.viewer)
        if self.criteria.births and self.criteria.words:
            opened = opened.filter(really_born(self.criteria.births))
        visible = set(opened.order_by().values_list("pk", flat=True))
        self.found += [number for number in fresh if number in visible]


def _sizes() -> Iterable[int]:
    yield from CHUNKS
    while True:
        yield CHUNKS[-1]


def _few(viewer: User) -> set[int] | None:
    """Return everybody who may be open to ``viewer``, where they are few; rights are asked all the same."""
    by_role = reached(viewer, FEW)
    if by_role is None:
        return None
    own = Patient.objects.filter(access.on_care_team(viewer)).order_by().values_list("pk", flat=True)
    urgent = EmergencyAccess.objects.filter(actor=viewer).order_by().values_list("patient", flat=True)
    return by_role.union(own, urgent)


def really_born(births: Sequence[Birth]) -> Q:
    """Return the condition on patients; a month or a year alone stands on record as its first day."""
    found = Q()
    for one in births:
        if one.is_day:
            month, year = one.rough
            found |= Q(date_of_birth=one.first)
            found |= Q(date_of_birth=month, birth_accuracy=BirthAccuracy.MONTH)
            found |= Q(date_of_birth=year, birth_accuracy__in=(BirthAccuracy.YEAR, BirthAccuracy.ESTIMATED))
        else:
            found |= Q(date_of_birth__range=(one.first, one.last))
    return found


def _marked(patients: Sequence[Patient], criteria: Criteria) -> list[Found]:
    names = [same_words(patient.family_name, patient.given_name) for patient in patients]
    return [
        Found(patient=patient, formerly=_formerly(patient, criteria.words), same_name=names.count(own) > 1)
        for patient, own in zip(patients, names, strict=True)
    ]


def _formerly(patient: Patient, typed: Sequence[str]) -> str:
    """Say which other name was meant, if the present one has not all that was typed."""
    if not typed or _fits(typed, patient.family_name, patient.given_name):
        return ""
    for name in patient.names.all():
        if any(_fits([word], name.family_name, name.given_name) for word in typed):
            shown = f"{name.family_name.upper()}, {name.given_name}".removesuffix(", ")
            return f"{FORMERLY[NameUse(name.use)]} {shown}"
    return ""


def _fits(typed: Iterable[str], family: str, given: str) -> bool:
    words = [*words_of(family), *words_of(given)]
    whole = [*words, "".join(words_of(family)), "".join(words_of(given))]
    return all(any(word.startswith(one) for word in whole) for one in typed)

"""Two records side by side: what they say, and what a merge would do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.formats import date_format

from accounts.models import User
from patients.merging.errors import Clash, MergeRefusedError
from patients.merging.finding import person_of
from patients.merging.identity import GROUPS, SURVIVOR, Group, default_choice
from patients.merging.likeness import Likeness, likeness
from patients.merging.locking import demand_free
from patients.merging.merging import clashes_of, in_order
from patients.merging.writing import movable
from patients.models import DuplicatePair, Patient, PatientMerge
from patients.rights.holdings import holdings


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One part of the identity, as each record has it; ``default`` names whose stands unless somebody chooses."""

    group: Group
    ours: str
    theirs: str
    default: str

    @property
    def differs(self) -> bool:
        """Say whether there is something to choose."""
        return self.ours != self.theirs

    @property
    def ours_stands(self) -> bool:
        """Say whether the survivor's value is the one proposed."""
        return self.default == SURVIVOR


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What the page shows. ``obstacle`` is why the two can't be merged at all, ``moves`` what would follow."""

    lines: list[Line]
    likeness: Likeness
    moves: list[tuple[str, int]]
    clashes: Sequence[Clash]
    obstacle: str
    distinct: DuplicatePair | None


def compare(survivor: Patient, duplicate: Patient) -> Comparison:
    """Compare two records that both are open to whoever looks."""
    pairs = DuplicatePair.objects.filter(**in_order(survivor.pk, duplicate.pk), distinct_at__isnull=False)
    return Comparison(
        lines=[_line(group, survivor, duplicate) for group in GROUPS],
        likeness=likeness(person_of(survivor), person_of(duplicate)),
        moves=what_moves(duplicate.pk),
        clashes=clashes_of(survivor.pk, duplicate.pk),
        obstacle=_obstacle(survivor, duplicate),
        distinct=pairs.select_related("distinct_by").first(),
    )


def what_moves(patient_id: int) -> list[tuple[str, int]]:
    """Return, by title, how many rows would follow; only tables with any."""
    direct = [(one, one.path) for one in holdings() if one.is_direct and one.moves]
    counts = [
        (one.title, one.model._base_manager.filter(**{path: patient_id}).count())  # noqa: SLF001
        for one, path in direct
    ]
    merged = Patient.objects.filter(merged_into=patient_id).count()
    return [pair for pair in [*counts, ("Records merged before", merged)] if pair[1]]


def in_words(moved: dict[str, list[int]]) -> list[tuple[str, int]]:
    """Return what a merge moved, by title."""
    titles = {one.name: one.title for one in holdings() if one.is_direct}
    titles[Patient._meta.label_lower] = "Records merged before"  # noqa: SLF001  # Django's public name for it
    labels = [model._meta.label_lower for model, _ in movable()]  # noqa: SLF001
    return [(titles[label], len(moved[label])) for label in labels if moved.get(label)]


QUIET = ("version", "_id", "_at")
"""How the fields end that no reader asks for."""


def values_in_words(merge: PatientMerge) -> list[tuple[str, Any, Any]]:
    """Return which values of the survivor a merge changed: the name, what it was, and what it became."""
    changes: dict[str, list[Any]] = merge.values.get("survivor", {})
    return [(name.replace("_", " "), *pair) for name, pair in changes.items() if not name.endswith(QUIET)]


def said(group: Group, patient: Patient) -> str:
    """Return one part of the identity as people read it; empty where nothing is recorded."""
    by_hand = _SAID.get(group.name)
    return by_hand(patient) if by_hand else ", ".join(str(value) for value in group.of(patient).values() if value)


def _death(patient: Patient) -> str:
    if not patient.is_deceased:
        return "No"
    return date_format(patient.deceased_on, "j M Y") if patient.deceased_on else "Yes, day not known"


_SAID: dict[str, Callable[[Patient], str]] = {
    "name": lambda one: f"{one.family_name.upper()}, {one.given_name}".removesuffix(", "),
    "birth": lambda one: one.born if one.date_of_birth else "",
    "sex": lambda one: str(one.get_sex_display()),
    "interpreter_needed": lambda one: "Needed" if one.interpreter_needed else "Not needed",
    "death": _death,
}


def _line(group: Group, survivor: Patient, duplicate: Patient) -> Line:
    return Line(
        group=group,
        ours=said(group, survivor),
        theirs=said(group, duplicate),
        default=default_choice(group, survivor, duplicate),
    )


def _obstacle(survivor: Patient, duplicate: Patient) -> str:
    try:
        demand_free([survivor.pk, duplicate.pk])
    except MergeRefusedError as error:
        return str(error)
    return ""


def better_survivor(one: Patient, other: Patient) -> Patient:
    """Return whose number is kept unless somebody says otherwise: a confirmed identity, then the older record."""
    return min(one, other, key=lambda patient: (patient.provisional, patient.pk))


def open_pairs(viewer: User, *, distinct: bool) -> QuerySet[DuplicatePair]:
    """Return the pairs to decide, the likest first, or those decided, the latest first; both records open."""
    seen = Patient.objects.visible_to(viewer).values("pk")
    rows = DuplicatePair.objects.filter(first__in=seen, second__in=seen, distinct_at__isnull=not distinct)
    rows = rows.select_related("first", "second", "distinct_by")
    rows = rows.prefetch_related("first__allergies", "second__allergies")
    return rows.order_by("-distinct_at", "pk") if distinct else rows.order_by("-score", "pk")


def unidentified(viewer: User) -> QuerySet[Patient]:
    """Return those who came without a name, the latest first."""
    return Patient.objects.visible_to(viewer).filter(provisional=True).order_by("-pk")

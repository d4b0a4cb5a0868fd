"""Patients of one day whose names are easily taken for one another: "2 patients named Smith today"."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from itertools import combinations

from django.utils import timezone

from accounts.audit.recording import note
from accounts.models import User
from patients.finding.spelling import distance
from patients.finding.words import words_of
from resources.models import Theatre
from scheduling.models import Operation

SHORTEST, SHORTEST_SWAPPED = 5, 4
"""Letters from which one of difference is easily overlooked (Smith and Smyth, not Chen and Cohen), or two that
changed places (Khan and Kahn)."""


def similar_on(day: date, theatre: Theatre | None, viewer: User) -> dict[int, str]:
    """Return the warnings for a theatre's site on a day, of what is open to ``viewer``, in one query."""
    site = theatre.site_id if theatre else None
    operations = Operation.objects.on(day).filter(theatre__site=site).visible_to(viewer)
    return similar_names(operations.select_related("patient", "theatre").only(*_NEEDED), day)


_NEEDED = ("patient__family_name", "theatre__site")


def similar_names(operations: Iterable[Operation], day: date) -> dict[int, str]:
    """Return a warning for each operation whose patient's surname another patient at its site has, or nearly has.

    Give only operations that are open to whoever reads it: what is not is neither counted nor named.
    """
    sites: dict[int | None, list[Operation]] = defaultdict(list)
    for operation in operations:
        sites[operation.theatre.site_id if operation.theatre else None].append(operation)
    when = "today" if day == timezone.localdate() else "on this day"
    return {number: words for rows in sites.values() for number, words in _of_site(rows, when)}


def _of_site(operations: list[Operation], when: str) -> Iterable[tuple[int, str]]:
    called: dict[str, dict[int, str]] = defaultdict(dict)
    for operation in operations:
        patient = operation.patient
        called[_plain(patient.family_name)][patient.pk] = patient.family_name
    alike = _nearly_same(called)
    for operation in operations:
        own = _plain(operation.patient.family_name)
        same = called[own]
        others = {number: name for other in alike[own] for number, name in called[other].items()}
        if len(same) == 1 and not others:
            continue
        for number in (*same, *others):
            note(number)
        name = operation.patient.family_name.title()
        if not others:
            yield operation.pk, f"{len(same)} patients named {name} {when}"
        else:
            names = sorted({one.title() for one in (*same.values(), *others.values())})
            yield operation.pk, f"Similar names {when}: {', '.join(names)}"


def _plain(name: str) -> str:
    return "".join(words_of(name))


def _nearly_same(names: Iterable[str]) -> dict[str, set[str]]:
    """Return which names differ in one letter. Such names have a form in common that lacks a letter."""
    forms: dict[str, set[str]] = defaultdict(set)
    for name in names:
        if len(name) >= SHORTEST_SWAPPED and name.isalpha():
            for form in {name, *(name[:at] + name[at + 1 :] for at in range(len(name)))}:
                forms[form].add(name)
    found: dict[str, set[str]] = defaultdict(set)
    for group in forms.values():
        for one, other in combinations(group, 2):
            if one[0] == other[0] and _are_near(one, other):
                found[one].add(other)
                found[other].add(one)
    return found


def _are_near(one: str, other: str) -> bool:
    long = min(len(one), len(other)) >= SHORTEST
    return (long or sorted(one) == sorted(other)) and distance(one, other, most=1) <= 1

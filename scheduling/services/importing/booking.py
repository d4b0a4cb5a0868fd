"""The import itself: one transaction, the same locks, the same conflict rules."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby

from django.db import connection, transaction

from accounts.models import User
from accounts.permissions import authorise
from messaging.live import publish_changed
from scheduling import permissions
from scheduling.importing.case import Case
from scheduling.importing.mapping import Mapping
from scheduling.models import Operation, OperationEvent
from scheduling.services.importing.differing import differences
from scheduling.services.importing.lists import Lists
from scheduling.services.importing.outcome import Imported, Outcome
from scheduling.services.importing.run import Run, day_of
from scheduling.services.locking import command

CHUNK = 200
"""Fewest cases that are checked and written together; whole days, so that a day is never torn."""

ONE_IMPORT_AT_A_TIME = 0x7468_6561  # a number that no other lock of the product uses

Advance = Callable[[int], object]
"""Told how many cases are done since it was last told."""


def import_cases(
    *,
    actor: User,
    cases: Sequence[Case],
    source: str,
    mapping: Mapping,
    new_theatres: bool = True,
    dry_run: bool = False,
    advance: Advance = lambda _: None,
) -> Imported:
    """Book a list of cases: everything that may stand, or nothing where anything fails.

    Day by day and within a day in the list's order, each case is checked against what is booked by
    then: a hard conflict refuses it, soft ones are accepted with the reason "Imported from
    ``source``". The capability to import stands for the capability to override. Cases that are
    there already are left as they are. ``dry_run`` does all of it and takes it back.
    """
    authorise(actor, permissions.IMPORT)
    with command():
        run = Run(actor=actor, source=source, lists=_begin(mapping))
        fresh = [*_unknown_here(run, cases)]
        if not new_theatres:
            fresh = [*_in_known_theatres(run, fresh)]
        run.prepare(fresh)
        for chunk in _chunks(fresh):
            run.book(chunk)
            advance(len(chunk))
        advance(len(cases) - len(fresh))
        run.finish(cases)
        if run.days:
            transaction.on_commit(lambda: publish_changed(run.days), robust=True)
        if dry_run:
            transaction.set_rollback(True)
    return run.done


def _begin(mapping: Mapping) -> Lists:
    """Wait for another import to end, then read the lists that it may have added to."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_IMPORT_AT_A_TIME])
    return Lists.read(mapping.code_system)


def _unknown_here(run: Run, cases: Sequence[Case]) -> Iterator[Case]:
    """Yield the cases that are new; say of the others whether they are still the same."""
    rows = Operation.objects.filter(external_id__in=[case.number for case in cases]).select_related(
        "theatre", "procedure", "specialty", "patient"
    )
    known = {row.external_id: row for row in rows}
    events: dict[int, dict[str, datetime]] = {row.pk: {} for row in known.values()}
    for operation_id, kind, at in OperationEvent.objects.filter(operation__in=known.values(), current=True).values_list(
        "operation_id", "kind", "at"
    ):
        events[operation_id][kind] = at
    for case in cases:
        row = known.get(case.number)
        if row is None:
            yield case
            continue
        run.case_names[row.pk] = str(case)
        found = "; ".join(differences(case, row, events[row.pk], run.lists))
        run.say(Outcome.DIFFERS if found else Outcome.THERE, case, found)


def _in_known_theatres(run: Run, cases: Iterable[Case]) -> Iterator[Case]:
    for case in cases:
        if run.lists.theatre(case):
            yield case
        else:
            run.say(
                Outcome.REFUSED,
                case,
                f"The hospital has no theatre {case.theatre}. Add it in the admin, or map its name.",
            )


def _chunks(cases: Iterable[Case]) -> Iterator[list[Case]]:
    """Yield the cases of whole local days, in order of day and then as in the list."""
    chunk: list[Case] = []
    ordered = sorted(cases, key=lambda case: (day_of(case), case.line))
    for _, of_day in groupby(ordered, key=day_of):
        chunk += of_day
        if len(chunk) >= CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk

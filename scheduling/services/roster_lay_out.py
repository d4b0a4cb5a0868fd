"""Lay patterns out into dated shifts, as the preview showed it."""

from auditlog.models import LogEntry
from django.utils import timezone

from accounts.models import User
from accounts.permissions import authorise
from resources.models import Resource, RosterAssignment, Shift
from resources.permissions import AVAILABILITY
from scheduling.rostering import Difference, Verb, digest_of
from scheduling.selectors.roster_preview import Scope, differences_in, people_of
from scheduling.services.locking import command
from scheduling.services.rostering import StaleRosterError


def lay_out_rosters(*, actor: User, scope: Scope, digest: str) -> list[Difference]:
    """Do what the preview of ``scope`` showed, and nothing else; returns its lines.

    ``digest`` is that of the preview; raises :class:`StaleRosterError` where it would be another now. Nothing is
    cancelled: operations left without a shift stay as they are.
    """
    authorise(actor, AVAILABILITY)
    with command():
        people = people_of(actor, scope)
        list(Resource.objects.select_for_update(no_key=True).filter(pk__in=people).order_by("pk").values_list("pk"))
        lines = differences_in(people, scope, timezone.now())
        if digest_of(lines) != digest:
            raise StaleRosterError("The roster, a pattern or an absence changed meanwhile. Look at the preview again.")
        _lay_out(lines)
        _trail(actor, lines, scope)
    return lines


def _lay_out(lines: list[Difference]) -> None:
    """Remove before adding, so that no shift meets one that is to go."""
    going = [line.shift.pk for line in lines if line.shift and line.verb in (Verb.REMOVE, Verb.CHANGE)]
    Shift.objects.filter(pk__in=going).delete()
    Shift.objects.bulk_create(
        (
            Shift(
                staff_member_id=line.staff_member_id,
                period=line.planned.period.as_range(),
                kind=line.planned.kind,
                on_call=line.planned.kind.on_call,
                assignment=line.planned.assignment,
                day=line.day,
                by_hand=False,
            )
            for line in lines
            if line.planned and line.verb in (Verb.ADD, Verb.CHANGE)
        ),
        batch_size=500,
    )


def _trail(actor: User, lines: list[Difference], scope: Scope) -> None:
    """Put on record, once for each assignment, who laid out what: the shifts are written in bulk."""
    counts: dict[int, dict[str, int]] = {}
    assignments: dict[int, RosterAssignment] = {}
    for line in lines:
        if line.planned and line.verb in (Verb.ADD, Verb.CHANGE):
            assignments[line.planned.assignment.pk] = line.planned.assignment
            found = counts.setdefault(line.planned.assignment.pk, {})
            found[line.verb] = found.get(line.verb, 0) + 1
    for number, assignment in assignments.items():
        words = {str(verb): [None, str(many)] for verb, many in counts[number].items()}
        words["laid_out"] = [None, f"{scope.first} – {scope.last}"]
        LogEntry.objects.log_create(assignment, action=LogEntry.Action.UPDATE, changes=words, actor=actor)

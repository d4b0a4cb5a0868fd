"""Lay out blocks into dated sessions, and change a session: this one, this and following, or all."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from enum import StrEnum
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from accounts.permissions import authorise
from messaging.live import publish_changed
from resources.models import (
    BlockRelease,
    BlockTemplate,
    Holiday,
    LayOut,
    OpeningException,
    Resource,
    Theatre,
    TheatreSession,
)
from resources.models.sessions import OWNERS_FIELDS, RELEASE_STANDS
from resources.permissions import AVAILABILITY
from scheduling.access import ELSEWHERE
from scheduling.block_owners import BlockAccess
from scheduling.converters import LATEST
from scheduling.laying_out import Difference, Verb, differences, falls_on, planned_sessions
from scheduling.opening import span
from scheduling.period import Period
from scheduling.services.errors import InvalidPlanError, NotPossibleError
from scheduling.services.locking import command

LONGEST = timedelta(days=366)
STALE = "The block schedule was changed meanwhile. Look at what would change once more, then confirm."
GONE = "This session does not exist any more. Go back to the block schedule."
NOT_ITS_DAY = "The block of this session does not fall on this day any more. Change it alone, or lay out again."
CHANGED = "This session was changed meanwhile. Look at it again, then repeat."
DONE = (Verb.ADD, Verb.CHANGE, Verb.REMOVE)


class Scope(StrEnum):
    """How far a change of one session reaches."""

    ONE = "one"
    FOLLOWING = "following"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What laying out the days from ``first`` through ``last`` would do."""

    first: date
    last: date
    lines: list[Difference]

    @property
    def digest(self) -> str:
        """Return what tells this preview from another, so that only what was shown is done."""
        return hashlib.sha256(repr([line.key for line in self.lines]).encode()).hexdigest()

    @property
    def counts(self) -> Counter[Verb]:
        """How many lines of each kind."""
        return Counter(line.verb for line in self.lines)

    @property
    def touches(self) -> int:
        """How many sessions would be written."""
        return sum(self.counts[verb] for verb in DONE)


def preview_lay_out(actor: User, first: date, last: date) -> Preview:
    """Return what :func:`lay_out` would do now.

    Raises :class:`InvalidPlanError` for days that have passed, are too many or that no calendar shows, and
    :class:`PermissionDenied` where no role of ``actor`` reaches whole theatres.
    """
    authorise(actor, AVAILABILITY)
    if first < timezone.localdate():
        raise InvalidPlanError("first", "The past stays as it was: begin today or later.")
    if last < first:
        raise InvalidPlanError("last", "The last day is before the first.")
    _demand_on_calendars("last", last)
    if last - first > LONGEST:
        raise InvalidPlanError("last", "That is more than a year. Lay out a quarter or two at a time.")
    return _compare(_theatres_of(actor), first, last)


def _theatres_of(actor: User) -> list[Theatre]:
    grants = [grant for grant in actor.grants_of(AVAILABILITY) if not grant.specialties]
    if not grants:
        raise PermissionDenied(ELSEWHERE)
    theatres = Theatre.objects.filter(in_use=True).order_by("pk")
    if all(grant.sites for grant in grants):
        theatres = theatres.filter(site__in={site for grant in grants for site in grant.sites})
    return list(theatres)


def _compare(
    theatres: Sequence[Theatre], first: date, last: date, template_ids: Iterable[int] | None = None
) -> Preview:
    """Compare templates and sessions of the theatres; with ``template_ids`` only of those templates."""
    templates = BlockTemplate.objects.filter(theatre__in=theatres).select_related("theatre", "specialty", "surgeon")
    sessions = TheatreSession.objects.filter(theatre__in=theatres, day__range=(first, last))
    existing = list(sessions.select_related("theatre", "specialty", "surgeon", "group").order_by("period"))
    released = set(
        BlockRelease.objects.filter(RELEASE_STANDS, session__in=existing).values_list("session_id", flat=True)
    )
    if template_ids is not None:
        wanted = set(template_ids)
        templates = templates.filter(pk__in=wanted)
        released |= {session.pk for session in existing if session.template_id not in wanted}
    planned = planned_sessions(
        templates.select_related("group").order_by("theatre", "weekday", "starts", "pk"),
        first,
        last,
        _shut(theatres, first, last),
    )
    return Preview(first=first, last=last, lines=differences(planned, existing, released))


def _shut(theatres: Sequence[Theatre], first: date, last: date) -> set[tuple[int, date]]:
    """Return the theatres' days without any hours because of a holiday or an exception."""
    spell = Q(day__range=(first, last))
    own_hours = {(row.theatre_id, row.day): row.opens is not None for row in OpeningException.objects.filter(spell)}
    shut = {key for key, has_hours in own_hours.items() if not has_hours}
    for holiday in Holiday.objects.filter(spell):
        shut |= {
            (theatre.pk, holiday.day)
            for theatre in theatres
            if holiday.site_id in (None, theatre.site_id)
            and not theatre.kept_for_emergencies
            and not own_hours.get((theatre.pk, holiday.day))
        }
    return shut


def lay_out(*, actor: User, first: date, last: date, digest: str) -> Preview:
    """Do what the preview with this ``digest`` showed, in one transaction.

    Raises :class:`NotPossibleError` where it would do something else by now, and what :func:`preview_lay_out` raises.
    """
    authorise(actor, AVAILABILITY)
    with command():
        lock_theatres(theatre.pk for theatre in _theatres_of(actor))
        found = preview_lay_out(actor, first, last)
        if found.digest != digest:
            raise NotPossibleError(STALE)
        _write(found)
        counts = found.counts
        LayOut.objects.create(
            by=actor,
            first=first,
            last=last,
            added=counts[Verb.ADD],
            changed=counts[Verb.CHANGE],
            removed=counts[Verb.REMOVE],
        )
    return found


def _write(found: Preview) -> None:
    """Write the sessions of a preview; the theatres are locked."""
    defer_sessions()
    removed = [line.session for line in found.lines if line.verb == Verb.REMOVE and line.session]
    TheatreSession.objects.filter(pk__in=[session.pk for session in removed]).delete()
    changed = []
    for line in found.lines:
        if line.verb == Verb.CHANGE and line.session and line.planned:
            _set(line.session, line.planned.period, line.planned.template.owner_fields)
            line.session.theatre_id = line.theatre_id
            changed.append(line.session)
    fields = ["theatre", "period", "owner_kind", "specialty", "surgeon", "group", "open_from", "kept", "version"]
    TheatreSession.objects.bulk_update(changed, fields, batch_size=500)
    TheatreSession.objects.bulk_create(
        (
            TheatreSession(
                theatre_id=line.theatre_id,
                day=line.day,
                period=line.planned.period.as_range(),
                template=line.planned.template,
                **line.planned.template.owner_fields,
            )
            for line in found.lines
            if line.verb == Verb.ADD and line.planned
        ),
        batch_size=500,
    )
    check_sessions()
    announce_days({line.day for line in found.lines if line.verb in DONE})


def _set(session: TheatreSession, period: Period, owner: dict[str, Any]) -> None:
    session.period = period.as_range()
    give(session, owner)
    session.version += 1


def add_session(
    *, actor: User, theatre_id: int, day: date, starts: time, ends: time, owner: dict[str, Any], note: str = ""
) -> TheatreSession:
    """Add one session by hand, on a day that has not passed. ``owner``: the four columns of an owner.

    Raises :class:`InvalidPlanError` where another session has the theatre then, and for a day that no calendar shows.
    """
    authorise(actor, AVAILABILITY)
    theatre = Theatre.objects.filter(pk=theatre_id, in_use=True).first()
    if theatre is None:
        raise InvalidPlanError("theatre", "Choose one of the theatres.")
    BlockAccess(actor).demand_running(theatre, owner.get("specialty_id"))
    _check_owner(owner)
    if day < timezone.localdate():
        raise InvalidPlanError("day", "This day has passed: the past stays as it was.")
    _demand_on_calendars("day", day)
    period = _period(day, starts, ends)
    with command():
        lock_theatres([theatre_id])
        _demand_free(theatre_id, period)
        session = TheatreSession.objects.create(
            theatre_id=theatre_id, day=day, period=period.as_range(), by_hand=True, note=note.strip(), **owner
        )
        announce_days({day})
    return session


def change_session(
    *,
    actor: User,
    session_id: int,
    version: int,
    scope: str,
    owner: dict[str, Any],
    starts: time,
    ends: time,
    note: str = "",
) -> int:
    """Change whose a session is and its hours: of this day, of this and the following ones, or of all that come.

    The days that have passed stay as they were, and so does what was changed by hand or released. Nothing that is
    booked is moved. Returns how many sessions were written. Raises :class:`InvalidPlanError` where another session is
    in the way on one of the days, with their number, or another block, laid out or not; and :class:`NotPossibleError`
    where the block was changed since it was laid out so that it does not fall on the day of the session.
    """
    authorise(actor, AVAILABILITY)
    _check_owner(owner)
    with command():
        session = lock_session(session_id, version) if scope == Scope.ONE else _lock_block(session_id, version)
        access = BlockAccess(actor)
        access.demand_running(session.theatre, session.specialty_id, owner.get("specialty_id"))
        _demand_to_come(session)
        period = _period(session.day, starts, ends)
        if scope == Scope.ONE:
            _demand_unreleased(session)
            _demand_free(session.theatre_id, period, but=session.pk)
            _set(session, period, owner)
            session.by_hand, session.note = True, note.strip()
            session.save()
            announce_days({session.day})
            return 1
        return _change_block(access, session, scope, {**owner, "starts": starts, "ends": ends})


def _change_block(access: BlockAccess, session: TheatreSession, scope: str, fields: dict[str, Any]) -> int:
    """Change the block of a session, whose theatres are locked, and bring what was laid out from it into line."""
    first = timezone.localdate() if scope == Scope.ALL else session.day
    template = _block_of(session)
    _demand_running_block(access, template, first)
    access.demand_running(template.theatre, fields["specialty_id"])
    if not falls_on(template, session.day):
        raise NotPossibleError(NOT_ITS_DAY)
    template = _block_from(template, session.day, scope)
    for name, value in fields.items():
        setattr(template, name, value)
    demand_apart(template)
    template.save()
    found = _lay_out_again(template, first)
    clashes = sum(line.verb == Verb.CLASH for line in found.lines)
    if clashes:
        raise InvalidPlanError(
            "starts", f"Another session has this theatre on {clashes} of these days. Free those first."
        )
    return found.touches


def end_block(*, actor: User, session_id: int, version: int) -> int:
    """Let the block of a session end the day before it: no later session of it stays, but those changed by hand.

    Nothing that is booked is moved. Returns how many sessions were taken off.
    """
    authorise(actor, AVAILABILITY)
    with command():
        session = _lock_block(session_id, version)
        access = BlockAccess(actor)
        access.demand_running(session.theatre, session.specialty_id)
        _demand_to_come(session)
        template = _block_of(session)
        _demand_running_block(access, template, session.day)
        later = _laid_out_from(template, session.day)
        days = set(later.values_list("day", flat=True))
        later.delete()
        before = session.day - timedelta(days=1)
        if template.valid_from and template.valid_from > before:
            template.delete()
        else:
            template.valid_until = min(before, template.valid_until or before)  # it may have ended earlier
            template.save()
        announce_days(days)
    return len(days)


def _lock_block(session_id: int, version: int) -> TheatreSession:
    """Lock the theatres of a session, of its block and of what else was laid out from that; return the session.

    They may differ: a block can be given to another theatre, and its sessions stay until they are laid out again.
    """
    theatres = _theatres_with_block(session_id)
    lock_theatres(theatres)
    if _theatres_with_block(session_id) - theatres:
        raise NotPossibleError(CHANGED)
    return lock_session(session_id, version)


def _theatres_with_block(session_id: int) -> set[int]:
    session = TheatreSession.objects.select_related("template").filter(pk=session_id).first()
    if session is None:
        raise NotPossibleError(GONE)
    if session.template is None:
        return {session.theatre_id}
    laid_out = TheatreSession.objects.filter(template=session.template, day__gte=timezone.localdate())
    return {session.theatre_id, session.template.theatre_id, *laid_out.values_list("theatre", flat=True)}


def _block_of(session: TheatreSession) -> BlockTemplate:
    """Lock the block of a session and return it as it is then."""
    rows = BlockTemplate.objects.select_for_update(no_key=True, of=("self",)).select_related("theatre")
    template = rows.filter(pk=session.template_id or 0).first()
    if template is None:
        raise NotPossibleError("This session repeats nowhere: change it alone.")
    return template


def _demand_running_block(access: BlockAccess, template: BlockTemplate, first: date) -> None:
    """Raise :class:`PermissionDenied` unless the person runs the block, and all that goes with it from a day on.

    A session tells whose the block was when it was laid out, not whose it is.
    """
    access.demand_running(template.theatre, template.specialty_id)
    for session in _laid_out_from(template, first).select_related("theatre"):
        access.demand_running(session.theatre, session.specialty_id)


def _laid_out_from(template: BlockTemplate, first: date) -> QuerySet[TheatreSession]:
    """Return the sessions of a block from a day on, but those that were changed by hand or are released."""
    rows = TheatreSession.objects.filter(template=template, day__gte=first, by_hand=False)
    return rows.exclude(Exists(BlockRelease.objects.filter(RELEASE_STANDS, session=OuterRef("pk"))))


def _block_from(template: BlockTemplate, day: date, scope: str) -> BlockTemplate:
    """Return the block that a change goes to; for the following days one of its own that begins on ``day``."""
    begins_here = template.valid_from is not None and template.valid_from >= day
    if scope == Scope.ALL or begins_here:
        return template
    later = BlockTemplate.objects.select_related("theatre").get(pk=template.pk)
    later.pk = None
    later.valid_from = day
    later.save()
    template.valid_until = day - timedelta(days=1)
    template.save()
    moved = TheatreSession.objects.filter(template=template, day__gte=day)
    moved.update(template=later)
    return later


def _last_laid_out(template: BlockTemplate) -> date:
    last = TheatreSession.objects.filter(template=template).order_by("-day").values_list("day", flat=True).first()
    return last or timezone.localdate()


def _lay_out_again(template: BlockTemplate, first: date) -> Preview:
    """Bring the sessions that were laid out from a template into line with it; days without one get none."""
    elsewhere = TheatreSession.objects.filter(template=template, day__gte=first).values("theatre")
    theatres = Theatre.objects.filter(Q(pk=template.theatre_id) | Q(pk__in=elsewhere))
    found = _compare(list(theatres), first, max(first, _last_laid_out(template)), [template.pk])
    found = replace(found, lines=[line for line in found.lines if line.verb != Verb.ADD])
    if not any(line.verb == Verb.CLASH for line in found.lines):
        _write(found)
    return found


# --- what the services of sessions share ---


def lock_theatres(theatre_ids: Iterable[int]) -> None:
    """Lock theatres in order of number, as bookings do: what is free in them then stays free."""
    rows = Resource.objects.select_for_update(no_key=True).filter(pk__in=set(theatre_ids)).order_by("pk")
    list(rows.values_list("pk"))


def give(session: TheatreSession, owner: dict[str, Any]) -> None:
    """Let a session be somebody's, from now on; what one owner keeps from its release is not kept for the next."""
    session.kept = session.kept and session.owner_fields == owner
    for name, value in owner.items():
        setattr(session, name, value)
    session.open_from = None


def demand_apart(template: BlockTemplate) -> None:
    """Raise :class:`InvalidPlanError` where another block of the theatre falls on one of its days at the same time."""
    try:
        template.clean()
    except ValidationError as error:
        raise InvalidPlanError("starts", " ".join(error.messages)) from error


def lock_session(session_id: int, version: int | None = None) -> TheatreSession:
    """Lock a session's theatre and return the session as it is then."""
    theatre = TheatreSession.objects.filter(pk=session_id).values_list("theatre", flat=True).first()
    if theatre is None:
        raise NotPossibleError(GONE)
    lock_theatres([theatre])
    rows = TheatreSession.objects.select_related("theatre", "specialty", "surgeon", "group", "template__theatre")
    session = rows.filter(pk=session_id).first()
    if session is None:
        raise NotPossibleError(GONE)
    moved_on = session.theatre_id != theatre  # to a theatre that is not locked
    if moved_on or (version is not None and session.version != version):
        raise NotPossibleError(CHANGED)
    return session


def announce_days(days: set[date]) -> None:
    """Tell open calendars, once the command is durable, to look again."""
    transaction.on_commit(lambda: publish_changed(days), robust=True)


def defer_sessions() -> None:
    """Check that no two sessions overlap at the end, not after each statement: for exchanges."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS theatre_session_no_overlap DEFERRED")


def check_sessions() -> None:
    """Check what :func:`defer_sessions` put off."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS theatre_session_no_overlap IMMEDIATE")


def _demand_on_calendars(field: str, day: date) -> None:
    if day > LATEST:
        raise InvalidPlanError(field, f"No calendar shows days after {LATEST:%d %b %Y}. Check the year.")


def _demand_to_come(session: TheatreSession) -> None:
    if Period.of(session.period).end <= timezone.now():
        raise NotPossibleError("This session is over: the past stays as it was.")


def _demand_unreleased(session: TheatreSession) -> None:
    if BlockRelease.objects.filter(RELEASE_STANDS, session=session).exists():
        raise NotPossibleError("This time was released. Take the release back first, or approve a claim to it.")


def _demand_free(theatre_id: int, period: Period, but: int | None = None) -> None:
    rows = TheatreSession.objects.filter(theatre=theatre_id, period__overlap=period.as_range()).exclude(pk=but or 0)
    other = rows.select_related("specialty", "surgeon", "group").first()
    if other is not None:
        raise InvalidPlanError("starts", f"Another session has this theatre then: {other}. Change that one first.")


def _period(day: date, starts: time, ends: time) -> Period:
    if ends != time.min and ends <= starts:
        raise InvalidPlanError("ends", "The end has to be after the start. 00:00 is midnight.")
    period = span(day, starts, ends)
    if period.start >= period.end:
        raise InvalidPlanError("starts", "The clocks change then and leave nothing of this. Choose other hours.")
    return period


def _check_owner(owner: dict[str, Any]) -> None:
    """Raise :class:`InvalidPlanError` unless the owner names just what its kind asks for."""
    named = OWNERS_FIELDS.get(owner["owner_kind"], frozenset())
    for name in ("specialty", "surgeon", "group"):
        if (owner.get(f"{name}_id") is None) == (name in named):
            words = f"Choose a {name}." if name in named else f"Leave the {name} empty for this kind of owner."
            raise InvalidPlanError(name, words)

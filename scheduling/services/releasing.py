"""Give theatre time up, take it back while nobody has filled it, and release by itself what nobody booked."""

import logging
from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts.models import User
from accounts.permissions import authorise
from resources.models import BlockRelease, TheatreSession, TimeRequest
from resources.models.sessions import RELEASE_STANDS
from scheduling import permissions
from scheduling.block_owners import BlockAccess
from scheduling.conflicts import SchedulingConflictError
from scheduling.models import Operation, Reservation
from scheduling.ownership import OwnedTime, Standing
from scheduling.period import Period, without
from scheduling.releasing import RELEASABLE, ReleaseRules, due_on, is_timely, offered_to, unbooked
from scheduling.services.errors import InvalidPlanError, NotPossibleError, SchedulingError
from scheduling.services.locking import command
from scheduling.services.sessions import announce_days, check_sessions, defer_sessions, lock_session
from scheduling.services.time_requests import expire_asked_about

logger = logging.getLogger(__name__)

LONGEST_AHEAD = timedelta(days=90)
"""How far ahead the longest rule looks."""


def release_time(
    *, actor: User, session_id: int, version: int, reason: str = "", part: Period | None = None
) -> list[BlockRelease]:
    """Give up what is not booked in a session, or in a part of it; what is booked stays with its owner.

    Raises :class:`InvalidPlanError` where nothing long enough is left to release, :class:`NotPossibleError` where it
    is over, nobody's or released already, and :class:`~django.core.exceptions.PermissionDenied` for somebody else's.
    """
    authorise(actor, permissions.USE_BLOCKS)
    with command():
        session = lock_session(session_id, version)
        BlockAccess(actor).demand_own(session, session.theatre)
        whole = Period.of(session.period)
        if part is not None and not whole.contains(part):
            raise InvalidPlanError("starts", f"This is outside the session, which lasts {whole}.")
        found = _release(session, part or whole, ReleaseRules.read(), by=actor, reason=reason.strip())
        if not found:
            raise InvalidPlanError("starts", "Nothing is left to release: it is booked, over, or too short to be used.")
        announce_days({session.day})
    return found


def release_unbooked() -> int:
    """Release by each owner's rule what nobody has booked in time; return how many stretches were released.

    What somebody removed, changed or holds at this moment is left for the next time.
    """
    rules = ReleaseRules.read()
    today = timezone.localdate()
    rows = TheatreSession.objects.filter(
        ~Exists(BlockRelease.objects.filter(RELEASE_STANDS, session=OuterRef("pk"))),
        owner_kind__in=RELEASABLE,
        open_from=None,
        kept=False,
        day__range=(today, today + LONGEST_AHEAD),
    )
    count = 0
    for candidate in rows.order_by("day", "pk"):
        due = due_on(candidate.day, rules.of(candidate))
        if due is None or due > today:
            continue
        try:
            count += _release_by_itself(candidate, rules)
        except (SchedulingError, SchedulingConflictError) as error:
            logger.info("Session %s was not released by itself: %s", candidate.pk, error)  # the next hour asks again
    return count


def _release_by_itself(candidate: TheatreSession, rules: ReleaseRules) -> int:
    """Release a session unless somebody has changed it a moment ago; return how many stretches were released."""
    with command():
        session = lock_session(candidate.pk, candidate.version)
        found = _release(session, Period.of(session.period), rules, by=None, reason="Not booked in time")
        if found:
            announce_days({session.day})
    return len(found)


def _release(
    session: TheatreSession, part: Period, rules: ReleaseRules, *, by: User | None, reason: str
) -> list[BlockRelease]:
    """Split the session so that each free stretch of ``part`` is a row of its own, and give those away."""
    if session.owner_kind not in RELEASABLE or session.open_from is not None:
        raise NotPossibleError("Nobody owns this time, so nobody can release it.")
    if BlockRelease.objects.filter(RELEASE_STANDS, session=session).exists():
        raise NotPossibleError("This time is released already.")
    now, rule = timezone.now(), rules.of(session)
    free = unbooked(part, _booked(session), rule.shortest_minutes, now)
    if not free:
        return []
    whole, owner = Period.of(session.period), session.owner_fields
    lead_days = max(0, (session.day - timezone.localdate(now)).days)
    to = {stretch: offered_to(session, rule, now, stretch.start) for stretch in free}
    rest = without(whole, free)
    defer_sessions()
    common = {"theatre_id": session.theatre_id, "day": session.day, "template_id": session.template_id}
    common |= {"by_hand": session.by_hand, "kept": session.kept, "note": session.note}
    rows: list[TheatreSession] = []
    first, *others = rest or free
    _become(session, first, to.get(first, {}))
    rows.append(session)
    for stretch in sorted([*others, *(free if rest else [])]):
        fields = {**common, **owner, **to.get(stretch, {})}
        rows.append(TheatreSession.objects.create(period=stretch.as_range(), **fields))
    check_sessions()
    return [
        BlockRelease.objects.create(
            session=row,
            period=row.period,
            at=now,
            by=by,
            lead_days=lead_days,
            timely=is_timely(rule, lead_days),
            reason=reason,
            **owner,
        )
        for row in rows
        if Period.of(row.period) in to
    ]


def _become(session: TheatreSession, period: Period, owner: dict[str, object]) -> None:
    session.period = period.as_range()
    for name, value in owner.items():
        setattr(session, name, value)
    session.version += 1
    session.save()


def _booked(session: TheatreSession) -> list[Period]:
    """Return when the theatre is held in the session, set-up and clean-up included."""
    rows = Reservation.objects.filter(resource=session.theatre_id, active=True, period__overlap=session.period)
    return [Period.of(period) for period in rows.values_list("period", flat=True)]


def undo_release(*, actor: User, release_id: int) -> TheatreSession:
    """Give released time back to its owner, while nobody else has booked into it or got it.

    Time that was released by itself is kept from now on, so that it is not released again the next night.
    """
    authorise(actor, permissions.USE_BLOCKS)
    with command():
        release = BlockRelease.objects.select_related("specialty", "surgeon", "group").filter(pk=release_id).first()
        if release is None:
            raise NotPossibleError("This release does not exist any more.")
        session = lock_session(release.session_id)
        release.refresh_from_db()
        BlockAccess(actor).demand_own(release, session.theatre)
        if release.undone_at is not None:
            raise NotPossibleError("This release was taken back already.")
        if Period.of(session.period).end <= timezone.now():
            raise NotPossibleError("This session is over.")
        if release.taken_at is not None or Period.of(session.period) != Period.of(release.period):
            raise NotPossibleError("This time was given to somebody else meanwhile.")
        filled = _filled(release, session)
        if filled:
            words = f"{filled} operation{'s' if filled > 1 else ''} of others"
            raise NotPossibleError(f"{words} were booked into this time meanwhile: it can't be taken back.")
        release.undone_at, release.undone_by = timezone.now(), actor
        release.save()
        session.kept = session.kept or release.by_id is None
        _become(session, Period.of(session.period), {**release.owner_fields, "open_from": None})
        _join(session)
        announce_days({session.day})
    return session


def _filled(release: BlockRelease, session: TheatreSession) -> int:
    """Return how many operations are booked into the time that are not the old owner's own."""
    members = frozenset(release.group.members.values_list("pk", flat=True)) if release.group else frozenset()
    before = OwnedTime(
        number=session.pk,
        day=session.day,
        period=Period.of(session.period),
        kind=release.owner_kind,
        specialty_id=release.specialty_id,
        surgeon_id=release.surgeon_id,
        members=members,
    )
    operations = Operation.objects.filter(theatre=session.theatre_id, period__overlap=session.period)
    return sum(
        before.standing(
            specialty_id=operation.specialty_id,
            surgeon_id=operation.lead_surgeon_id,
            emergency=operation.priority.emergency,
            now=timezone.now(),
        )
        is not Standing.OWN
        for operation in operations.select_related("priority")
    )


def _join(session: TheatreSession) -> None:
    """Join the session with those before and after it that are the same owner's, so that it is whole again.

    What was asked about one of them is answered by that: it was about less.
    """
    alike = TheatreSession.objects.filter(
        ~Exists(BlockRelease.objects.filter(RELEASE_STANDS, session=OuterRef("pk"))),
        theatre=session.theatre_id,
        day=session.day,
        template=session.template_id,
        by_hand=session.by_hand,
        note=session.note,
        open_from=None,
        team=None,
        **session.owner_fields,
    ).exclude(pk=session.pk)
    joined, gone = Period.of(session.period), _touching(session, alike)
    if not gone:
        return
    expire_asked_about([session, *gone])
    defer_sessions()
    for other in gone:
        period = Period.of(other.period)
        joined = Period(min(joined.start, period.start), max(joined.end, period.end))
        session.kept = session.kept or other.kept
        BlockRelease.objects.filter(session=other).update(session=session)
        TimeRequest.objects.filter(session=other).update(session=session)
        TimeRequest.objects.filter(other=other).update(other=session)
        other.delete()
    _become(session, joined, {})
    check_sessions()


def _touching(session: TheatreSession, others: Iterable[TheatreSession]) -> list[TheatreSession]:
    found: list[TheatreSession] = []
    whole = Period.of(session.period)
    in_order = sorted(others, key=lambda one: Period.of(one.period))
    for other in reversed(in_order):
        period = Period.of(other.period)
        if period.end == whole.start:
            whole = Period(period.start, whole.end)
            found.append(other)
    for other in in_order:
        period = Period.of(other.period)
        if period.start == whole.end:
            whole = Period(whole.start, period.end)
            found.append(other)
    return found

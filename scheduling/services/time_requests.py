"""Ask for theatre time, offer one's own, exchange it: asked, agreed by the other side, approved, done."""

import logging
from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from accounts.permissions import authorise
from resources.models import (
    BlockRelease,
    OwnerKind,
    StaffMember,
    Theatre,
    TheatreSession,
    TimeRequest,
    TimeRequestKind,
    TimeRequestState,
)
from resources.models.sessions import OPEN_STATES, RELEASE_STANDS
from scheduling import permissions
from scheduling.block_owners import NOT_YOURS, BlockAccess
from scheduling.period import Period
from scheduling.releasing import RELEASABLE
from scheduling.services.errors import InvalidPlanError, NotPossibleError
from scheduling.services.locking import command
from scheduling.services.sessions import (
    announce_days,
    check_sessions,
    defer_sessions,
    give,
    lock_session,
    lock_theatres,
)

logger = logging.getLogger(__name__)

LONGEST_WINDOW = timedelta(days=366)
MOVED_ON = "Things have changed since this was asked: {0}. Decline it, and let it be asked again."

JOINED = "The time is part of a longer session again. Ask anew."


def claim_time(
    *, actor: User, session_id: int, specialty_id: int, surgeon_id: int | None = None, note: str = ""
) -> TimeRequest:
    """Ask for open time, for a specialty or one of its surgeons; done at once for those who run the schedule.

    Raises :class:`NotPossibleError` where the time is not open to the specialty, and what :func:`_for_whom` raises.
    """
    authorise(actor, permissions.USE_BLOCKS)
    with command():
        session = lock_session(session_id)
        surgeon = _for_whom(actor, session.theatre, specialty_id, surgeon_id)
        _demand_open(session, specialty_id)
        request = _ask(
            actor,
            kind=TimeRequestKind.CLAIM,
            session=session,
            specialty_id=specialty_id,
            surgeon=surgeon,
            note=note.strip(),
        )
        access = BlockAccess(actor)
        if access.runs(session.theatre, specialty_id) and access.runs(session.theatre, session.specialty_id):
            _carry_out(actor, request, session, None)
    return request


def want_time(
    *,
    actor: User,
    specialty_id: int,
    surgeon_id: int | None,
    minutes: int,
    first: date,
    last: date,
    note: str = "",
) -> TimeRequest:
    """Ask for time that is not found yet: so many minutes on a day between two dates.

    The same wish sent twice is one: while it waits, it is returned again.
    """
    authorise(actor, permissions.USE_BLOCKS)
    today = timezone.localdate()
    if first < today:
        raise InvalidPlanError("first", "This day has passed. Begin today or later.")
    if last < first:
        raise InvalidPlanError("last", "The last day is before the first.")
    if last - today > LONGEST_WINDOW:
        raise InvalidPlanError("last", "That is more than a year ahead. Check the year.")
    with command():
        list(User.objects.select_for_update(no_key=True).filter(pk=actor.pk).values_list("pk"))  # one by one
        wish = {
            "kind": TimeRequestKind.WANTED,
            "specialty_id": specialty_id,
            "surgeon": _for_whom(actor, None, specialty_id, surgeon_id),
            "minutes": minutes,
            "first": first,
            "last": last,
            "note": note.strip(),
        }
        same = TimeRequest.objects.filter(asked_by=actor, state__in=OPEN_STATES, **wish).first()
        return same or _ask(actor, **wish)


def offer_time(*, actor: User, session_id: int, version: int, surgeon_id: int, note: str = "") -> TimeRequest:
    """Offer one's own session to another surgeon, who has to agree before it is approved."""
    authorise(actor, permissions.USE_BLOCKS)
    with command():
        session = lock_session(session_id, version)
        _demand_owned(actor, session)
        surgeon = _surgeon(surgeon_id)
        specialty = surgeon.specialties.order_by("name").first()
        if specialty is None:
            raise InvalidPlanError("surgeon", f"{surgeon} has no specialty on record, and time belongs to one.")
        if session.surgeon_id == surgeon.pk:
            raise InvalidPlanError("surgeon", "This is the owner already.")
        if session.specialty_id and surgeon.specialties.filter(pk=session.specialty_id).exists():
            specialty = session.specialty
        return _ask(
            actor,
            kind=TimeRequestKind.OFFER,
            session=session,
            specialty_id=specialty.pk if specialty else 0,
            surgeon=surgeon,
            note=note.strip(),
        )


def swap_time(*, actor: User, session_id: int, version: int, other_id: int, note: str = "") -> TimeRequest:
    """Ask to exchange one's own session for somebody else's, who has to agree before it is approved."""
    authorise(actor, permissions.USE_BLOCKS)
    with command():
        session = lock_session(session_id, version)
        _demand_owned(actor, session)
        other = TheatreSession.objects.select_related("surgeon").filter(pk=other_id).first()
        if other is None or other.pk == session.pk:
            raise InvalidPlanError("other", "Choose another session.")
        is_owned = other.owner_kind in RELEASABLE and other.open_from is None
        if not is_owned or Period.of(other.period).end <= timezone.now():
            raise InvalidPlanError("other", "Nobody owns this session any more: claim it instead.")
        if other.owner_fields == session.owner_fields:
            raise InvalidPlanError("other", "Both belong to the same owner already.")
        specialty_id = other.specialty_id or session.specialty_id
        if specialty_id is None:
            raise InvalidPlanError("other", "Two groups exchange time in the admin, by their templates.")
        return _ask(
            actor,
            kind=TimeRequestKind.SWAP,
            session=session,
            other=other,
            specialty_id=specialty_id,
            surgeon=other.surgeon,
            note=note.strip(),
        )


def agree(*, actor: User, request_id: int) -> TimeRequest:
    """Agree to what was offered, or to an exchange, as the other side; who runs the schedule approves it at once."""
    authorise(actor, permissions.USE_BLOCKS)
    with command():
        request = _lock(request_id)
        if request.kind not in (TimeRequestKind.OFFER, TimeRequestKind.SWAP):
            raise NotPossibleError("There is no other side to this: it waits for the approval alone.")
        if request.state != TimeRequestState.ASKED:
            raise NotPossibleError(f"This is {request.get_state_display().lower()} already.")
        if not is_other_side(BlockAccess(actor), request):
            raise PermissionDenied(NOT_YOURS)
        request.state = TimeRequestState.AGREED
        request.save()
    return request


def approve(*, actor: User, request_id: int, session_id: int | None = None) -> TimeRequest:
    """Approve and carry out; for wanted time ``session_id`` names the open session that it becomes.

    Raises :class:`NotPossibleError` where the other side has not agreed, or the sessions are not any more what they
    were when it was asked.
    """
    with command():
        _lock_theatres_of(request_id, session_id)
        request = _lock(request_id)
        if request.kind == TimeRequestKind.WANTED:
            _choose(actor, request, session_id)
        if request.session_id is None:
            raise NotPossibleError("The session does not exist any more.")
        session = lock_session(request.session_id)
        other = lock_session(request.other_id) if request.other_id else None
        for one in filter(None, (session, other)):
            if Period.of(one.period).end <= timezone.now():
                raise NotPossibleError("This session is over: there is nothing left to approve.")
            if not BlockAccess(actor).runs(one.theatre, one.specialty_id):
                raise PermissionDenied("Only who runs the block schedule of the theatre approves this.")
        needs_other_side = request.kind in (TimeRequestKind.OFFER, TimeRequestKind.SWAP)
        wanted = TimeRequestState.AGREED if needs_other_side else TimeRequestState.ASKED
        if request.state != wanted:
            raise NotPossibleError(
                "The other side has not agreed yet."
                if request.state == TimeRequestState.ASKED
                else f"This is {request.get_state_display().lower()} already."
            )
        _carry_out(actor, request, session, other)
    return request


def _choose(actor: User, request: TimeRequest, session_id: int | None) -> None:
    """Let wanted time be a session; for those who run the specialty's time."""
    if session_id is None:
        raise InvalidPlanError("session", "Choose the session that it is to be.")
    if not may_decide(BlockAccess(actor), request):
        raise PermissionDenied("Only who runs the specialty's time approves this.")
    request.session = TheatreSession.objects.filter(pk=session_id).first()


def decline(*, actor: User, request_id: int, answer: str) -> TimeRequest:
    """Say no, with a reason, as the other side or as who runs the schedule."""
    authorise(actor, permissions.USE_BLOCKS)
    answer = answer.replace("\0", "").strip()  # PostgreSQL keeps no such character
    if not answer:
        raise InvalidPlanError("answer", "Say why, so that nobody has to telephone.")
    with command():
        request = _lock(request_id)
        access = BlockAccess(actor)
        if not (is_other_side(access, request) or may_decide(access, request)):
            raise PermissionDenied(NOT_YOURS)
        _close(actor, request, TimeRequestState.DECLINED, answer)
    return request


def withdraw(*, actor: User, request_id: int) -> TimeRequest:
    """Take back what one has asked."""
    authorise(actor, permissions.USE_BLOCKS)
    with command():
        request = _lock(request_id)
        if request.asked_by_id != actor.pk:
            raise PermissionDenied("Somebody else asked for this.")
        _close(actor, request, TimeRequestState.WITHDRAWN, "")
    return request


def expire_requests() -> int:
    """Close what nobody has answered before its day; return how many."""
    today = timezone.localdate()
    rows = TimeRequest.objects.filter(state__in=OPEN_STATES).select_related("session", "other")
    return sum(_expire(request.pk) for request in rows if _is_too_late(request, today))


def _is_too_late(request: TimeRequest, today: date) -> bool:
    days = [one.day for one in (request.session, request.other) if one]
    if request.kind == TimeRequestKind.WANTED:
        days = [request.last or today]
    return not days or min(days) < today  # a session that was taken off has nothing left to answer


def _expire(request_id: int) -> bool:
    """Close it unless somebody has answered a moment ago, or holds it: then the next hour asks again."""
    try:
        with command():
            request = _lock(request_id)
            if request.state not in OPEN_STATES:
                return False
            request.state, request.decided_at = TimeRequestState.EXPIRED, timezone.now()
            request.save()
    except NotPossibleError as error:
        logger.info("Request %s did not expire: %s", request_id, error)
        return False
    return True


def expire_asked_about(sessions: Collection[TheatreSession]) -> None:
    """Close what is asked about sessions that become one, which nobody has asked about; the theatre is locked."""
    about = Q(session__in=sessions) | Q(other__in=sessions)
    rows = TimeRequest.objects.select_for_update(no_key=True).filter(about, state__in=OPEN_STATES)
    for request in rows.order_by("pk"):
        request.state, request.decided_at = TimeRequestState.EXPIRED, timezone.now()
        request.answer = JOINED
        request.save()


def is_other_side(access: BlockAccess, request: TimeRequest) -> bool:
    """Say whether it is for this person to agree: who is offered the time, or owns what is asked for in exchange."""
    if request.kind == TimeRequestKind.OFFER:
        return access.person is not None and request.surgeon_id == access.person.pk
    return request.kind == TimeRequestKind.SWAP and request.other is not None and access.owns(request.other)


def may_decide(access: BlockAccess, request: TimeRequest) -> bool:
    """Say whether the person runs the schedule of every theatre that the request touches.

    What names no session yet, or none any more, is for those who run the time of its specialty.
    """
    sessions = [one for one in (request.session, request.other) if one]
    if not sessions:
        return access.runs_time_of(request.specialty_id)
    return all(access.runs(one.theatre, one.specialty_id) for one in sessions)


# --- the parts ---


def _ask(actor: User, **fields: Any) -> TimeRequest:
    session, kind = fields.get("session"), fields["kind"]
    same = TimeRequest.objects.filter(kind=kind, asked_by=actor, state__in=OPEN_STATES, session=session)
    if session is not None and same.exists():
        raise NotPossibleError("You have asked for this already. Withdraw that first, or wait for the answer.")
    versions = {f"{name}_version": fields[name].version for name in ("session", "other") if fields.get(name)}
    return TimeRequest.objects.create(asked_by=actor, asked_at=timezone.now(), **versions, **fields)


def _for_whom(actor: User, theatre: Theatre | None, specialty_id: int, surgeon_id: int | None) -> StaffMember | None:
    """Return the surgeon for whom time is asked; one asks for oneself or one's specialty, or runs the schedule.

    Raises :class:`InvalidPlanError` for a surgeon of another specialty, :class:`PermissionDenied` for others' time.
    """
    surgeon = _surgeon(surgeon_id) if surgeon_id else None
    if surgeon and not surgeon.specialties.filter(pk=specialty_id).exists():
        raise InvalidPlanError("surgeon", f"{surgeon} does not work in this specialty.")
    access = BlockAccess(actor)
    of_specialty = specialty_id in access.specialties
    runs = access.runs(theatre, specialty_id) if theatre else access.runs_time_of(specialty_id)
    if not (of_specialty or runs):
        raise PermissionDenied("You can ask for your own specialties only.")
    return surgeon


def _surgeon(surgeon_id: int) -> StaffMember:
    found = StaffMember.objects.filter(pk=surgeon_id, profession="surgeon", in_use=True).first()
    if found is None:
        raise InvalidPlanError("surgeon", "Choose one of the surgeons.")
    return found


def is_open_to(session: TheatreSession, specialty_id: int) -> bool:
    """Say whether somebody of the specialty may claim the session now."""
    if session.owner_kind == OwnerKind.OPEN:
        return True
    if session.open_from is None:
        return False
    return session.open_from <= timezone.now() or session.specialty_id == specialty_id


def _demand_open(session: TheatreSession, specialty_id: int) -> None:
    if Period.of(session.period).end <= timezone.now():
        raise NotPossibleError("This session is over.")
    if not is_open_to(session, specialty_id):
        raise NotPossibleError(f"This time is not open: it belongs to {session.owner}.")


def _demand_owned(actor: User, session: TheatreSession) -> None:
    BlockAccess(actor).demand_own(session, session.theatre)
    if session.owner_kind not in RELEASABLE or session.open_from is not None:
        raise NotPossibleError("Nobody owns this time: claim it instead.")
    if Period.of(session.period).end <= timezone.now():
        raise NotPossibleError("This session is over.")


def _lock_theatres_of(request_id: int, session_id: int | None) -> None:
    """Lock the theatres that a request touches before the request, as commands that join its sessions do."""
    asked = TimeRequest.objects.filter(pk=request_id).values_list("session", "other").first() or ()
    sessions = TheatreSession.objects.filter(pk__in=[one for one in (*asked, session_id) if one])
    lock_theatres(sessions.values_list("theatre", flat=True))


def _lock(request_id: int) -> TimeRequest:
    rows = TimeRequest.objects.select_for_update(of=("self",)).select_related("session__theatre", "other__theatre")
    request = rows.filter(pk=request_id).first()
    if request is None:
        raise NotPossibleError("This request does not exist any more.")
    return request


def _close(actor: User, request: TimeRequest, state: str, answer: str) -> None:
    if request.state not in OPEN_STATES:
        raise NotPossibleError(f"This is {request.get_state_display().lower()} already.")
    request.state, request.answer = state, answer
    request.decided_by, request.decided_at = actor, timezone.now()
    request.save()


def _carry_out(actor: User, request: TimeRequest, session: TheatreSession, other: TheatreSession | None) -> None:
    """Give the time to whom it was asked for; the theatres are locked."""
    match request.kind:
        case TimeRequestKind.SWAP:
            if other is None:
                raise NotPossibleError(MOVED_ON.format("the other session does not exist any more"))
            if (session.version, other.version) != (request.session_version, request.other_version):
                raise NotPossibleError(MOVED_ON.format("one of the two sessions is not what it was"))
            mine, theirs = session.owner_fields, other.owner_fields
            defer_sessions()
            _give(session, theirs)
            _give(other, mine)
            check_sessions()
        case TimeRequestKind.OFFER:
            if session.version != request.session_version:
                raise NotPossibleError(MOVED_ON.format("the session is not what it was"))
            _give(session, _owner_of(request))
        case _:
            if not is_open_to(session, request.specialty_id):
                raise NotPossibleError(MOVED_ON.format(f"the time belongs to {session.owner} now"))
            _demand_fitting(request, session)
            _give(session, _owner_of(request))
    request.session = session
    _close(actor, request, TimeRequestState.DONE, "")
    announce_days({one.day for one in (session, other) if one})


def _demand_fitting(request: TimeRequest, session: TheatreSession) -> None:
    """Raise :class:`NotPossibleError` where wanted time would be too short, or on a day that is not wanted."""
    if request.first and request.last and not request.first <= session.day <= request.last:
        raise NotPossibleError(f"It is wanted between {request.first:%a %d %b} and {request.last:%a %d %b %Y}.")
    minutes = Period.of(session.period).minutes
    if request.minutes and minutes < request.minutes:
        raise NotPossibleError(f"The session is {minutes} minutes long, and {request.minutes} are wanted. Look again.")


def _owner_of(request: TimeRequest) -> dict[str, Any]:
    """Return the columns of who gets the time. Raises :class:`NotPossibleError` for who has left, or moved on."""
    surgeon = request.surgeon
    if surgeon and not surgeon.in_use:
        raise NotPossibleError(MOVED_ON.format(f"{surgeon} has left"))
    if surgeon and not surgeon.specialties.filter(pk=request.specialty_id).exists():
        raise NotPossibleError(MOVED_ON.format(f"{surgeon} does not work in {request.specialty} any more"))
    kind = OwnerKind.SURGEON if request.surgeon_id else OwnerKind.SPECIALTY
    return {
        "owner_kind": kind,
        "specialty_id": request.specialty_id,
        "surgeon_id": request.surgeon_id,
        "group_id": None,
    }


def _give(session: TheatreSession, owner: dict[str, Any]) -> None:
    give(session, owner)
    session.by_hand = True
    session.version += 1
    session.save()
    BlockRelease.objects.filter(RELEASE_STANDS, session=session).update(taken_at=timezone.now())

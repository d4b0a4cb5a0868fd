"""What goes on in the demo's block schedule weeks ahead: rules, a surgeon's own time, open time, requests."""

from datetime import date, time, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from resources.models import OwnerKind, ReleaseRule, Specialty, StaffMember, TheatreSession, TimeRequest
from scheduling.period import Period
from scheduling.services.releasing import release_time
from scheduling.services.sessions import change_session
from scheduling.services.time_requests import offer_time, want_time

AHEAD = timedelta(weeks=5)
"""From when nothing is booked yet in the demo, so that changing hands moves nobody."""
OWN, OFFERED, OPEN = 3, 1, 3
"""So many sessions become the surgeon's own, are offered to her, and are open."""


def make_block_business(coordinator: User, surgeon: User, today: date) -> None:
    """Let time change hands around the surgeon who signs in; nothing where it was done already or can't be.

    Trauma never releases by itself: it is booked a day ahead.
    """
    person = StaffMember.objects.filter(user=surgeon).first()
    if person is None or ReleaseRule.objects.exists() or today + AHEAD <= timezone.localdate():
        return
    specialty = person.specialties.order_by("pk").first()
    if specialty is None:
        return
    ReleaseRule.objects.create(days_ahead=5, notice_days=3, shortest_minutes=180)
    ReleaseRule.objects.create(specialty=Specialty.objects.get(code="trauma"), days_ahead=None)
    ahead = TheatreSession.objects.filter(day__gte=today + AHEAD, owner_kind=OwnerKind.SPECIALTY).order_by("period")
    theirs = list(ahead.filter(specialty=specialty)[: OWN + OFFERED])
    for session in theirs[:OWN]:
        _change(coordinator, session, owner_kind="surgeon", specialty_id=specialty.pk, surgeon_id=person.pk)
    if len(theirs) == OWN + OFFERED:
        theirs[1].refresh_from_db()
        release_time(
            actor=surgeon, session_id=theirs[1].pk, version=theirs[1].version, reason="At a conference that week"
        )
        offer_time(
            actor=coordinator,
            session_id=theirs[OWN].pk,
            version=theirs[OWN].version,
            surgeon_id=person.pk,
            note="Mr Hughes is away that week",
        )
    others = ahead.exclude(specialty=specialty).exclude(specialty__code="trauma")
    for session in others[:OPEN]:
        _change(coordinator, session, owner_kind="open")
    if not TimeRequest.objects.filter(kind="wanted").exists():
        want_time(
            actor=surgeon,
            specialty_id=specialty.pk,
            surgeon_id=person.pk,
            minutes=240,
            first=max(today, timezone.localdate()),
            last=max(today, timezone.localdate()) + 2 * AHEAD,
            note="Two revisions that need a half day",
        )


def _change(actor: User, session: TheatreSession, **owner: Any) -> None:
    period = Period.of(session.period)
    starts, ends = (_clock(at) for at in (period.start, period.end))
    whose = {"specialty_id": None, "surgeon_id": None, "group_id": None, **owner}
    change_session(
        actor=actor,
        session_id=session.pk,
        version=session.version,
        scope="one",
        owner=whose,
        starts=starts,
        ends=ends,
    )


def _clock(at: Any) -> time:
    return timezone.localtime(at).time()

"""Claims, offers, exchanges and wishes, and what the viewer may do about each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from resources.models import (
    OwnerKind,
    TimeRequest,
    TimeRequestKind,
)
from resources.models.sessions import OPEN_STATES
from scheduling.block_owners import BlockAccess
from scheduling.selectors.blocks.open_time import SHOWN, WORTH_OFFERING, OpenTime, OpenTimeFilter, open_time
from scheduling.services.time_requests import is_open_to, is_other_side, may_decide


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request and what the viewer may do about it."""

    request: TimeRequest
    may_agree: bool
    may_approve: bool
    may_decline: bool
    may_withdraw: bool
    found: list[OpenTime]


def time_requests(viewer: User, *, closed: bool = False) -> list[Asked]:
    """Return the requests that wait, or those that are closed, which ``viewer`` asked, answers or decides."""
    rows = TimeRequest.objects.select_related(
        "session__theatre",
        "session__specialty",
        "session__surgeon",
        "session__group",
        "other__theatre",
        "other__specialty",
        "other__surgeon",
        "other__group",
        "specialty",
        "surgeon",
        "asked_by",
        "decided_by",
    )
    rows = rows.exclude(state__in=OPEN_STATES) if closed else rows.filter(state__in=OPEN_STATES)
    access = BlockAccess(viewer)
    shown = list(rows.filter(_concerning(access))[:SHOWN])
    wanted = [one for one in shown if one.kind == TimeRequestKind.WANTED and one.state in OPEN_STATES]
    candidates = open_time(viewer, _window_of(wanted)) if wanted and access.runs_some else []
    found = []
    for request in shown:
        decides, other_side = may_decide(access, request), is_other_side(access, request)
        mine = request.asked_by_id == viewer.pk
        if not (decides or other_side or mine):
            continue
        two_sided = request.kind in (TimeRequestKind.OFFER, TimeRequestKind.SWAP)
        is_open = request.state in OPEN_STATES
        found.append(
            Asked(
                request=request,
                may_agree=is_open and other_side and request.state == "asked",
                may_approve=is_open and decides and request.state == ("agreed" if two_sided else "asked"),
                may_decline=is_open and (decides or other_side),
                may_withdraw=is_open and mine,
                found=_fitting(request, candidates) if is_open and decides else [],
            )
        )
    return found


def _concerning(access: BlockAccess) -> Q:
    """Return which requests could be for somebody, so that those of others do not crowd them out of the list."""
    if access.runs_some:
        return Q()
    return (
        Q(asked_by=access.user)
        | Q(kind=TimeRequestKind.OFFER, surgeon=access.person or 0)
        | Q(other__owner_kind=OwnerKind.SURGEON, other__surgeon=access.person or 0)
        | Q(other__owner_kind=OwnerKind.SPECIALTY, other__specialty__in=access.specialties)
        | Q(other__owner_kind=OwnerKind.GROUP, other__group__in=access.groups)
    )


def waiting_requests(viewer: User) -> int:
    """Return how many requests wait for ``viewer``'s answer or approval."""
    return sum(one.may_agree or one.may_approve for one in time_requests(viewer))


def _fitting(request: TimeRequest, candidates: Iterable[OpenTime]) -> list[OpenTime]:
    """Return the open time that would do for time that is wanted: soonest first, five at most."""
    if request.first is None or request.last is None:
        return []
    return [
        one
        for one in candidates
        if request.first <= one.session.day <= request.last
        and any(period.minutes >= (request.minutes or WORTH_OFFERING) for period in one.free)
        and is_open_to(one.session, request.specialty_id)
    ][:5]


def _window_of(wanted: Sequence[TimeRequest]) -> OpenTimeFilter:
    today = timezone.localdate()
    first = min(one.first or today for one in wanted)
    return OpenTimeFilter(first=max(first, today), last=max(one.last or today for one in wanted))

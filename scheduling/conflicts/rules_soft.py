"""Rules that somebody with the capability may override, giving a reason."""

from collections.abc import Callable, Iterable, Iterator

from django.utils import timezone

from resources.models import OwnerKind, ResourceKind, Theatre
from scheduling.conflicts.closing import List, closed_conflict, list_of
from scheduling.conflicts.conflict import Conflict, Severity
from scheduling.conflicts.facts import Facts, local_day
from scheduling.models import Assessment, ReservationRole, Status
from scheduling.ownership import Standing
from scheduling.period import Period, without
from scheduling.plan import Plan

Rule = Callable[[Plan, Facts], Iterable[Conflict]]


def _soft(plan: Plan, rule: str, message: str, hint: str, **more: int | Period | str | None) -> Conflict:
    return Conflict(
        rule=rule,
        severity=Severity.SOFT,
        message=message,
        hint=hint,
        operation_id=plan.operation.pk,
        day=local_day(plan.period),
        **more,  # type: ignore[arg-type]
    )


def outside_hours(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """Part of the operation is outside the theatre's opening hours: overtime."""
    opened = facts.open_periods(plan.theatre_id, plan.period)
    outside = without(plan.period, opened)
    if outside:
        theatre = facts.resources[plan.theatre_id]
        day = local_day(plan.period)
        hours = ", ".join(str(p) for p in opened if local_day(p) == day)
        when = f"open {hours}" if hours else "closed"
        minutes = sum(period.minutes for period in outside)
        yield _soft(
            plan,
            "outside_hours",
            f"{minutes} min are outside opening hours: {theatre} is {when} on {day:%a %d %b}.",
            "Choose an earlier time or another theatre, or give the reason for overtime.",
            resource_id=plan.theatre_id,
        )


def outside_block(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """The time belongs to another specialty or surgeon, is on hold, closed or kept for emergencies."""
    for session in facts.owned(plan, Standing.OTHERS):
        if session.period.overlaps(plan.period):
            theatre = facts.resources[plan.theatre_id]
            whose = TAKEN.get(session.kind, f"belongs to {session.owner}")
            yield _soft(
                plan,
                "outside_block",
                f"{theatre} {whose} {session.period}.",
                "Choose time of the operation's own specialty or open time, or give the reason.",
                resource_id=plan.theatre_id,
                period=session.period,
            )


TAKEN: dict[str, str] = {
    OwnerKind.ON_HOLD: "is on hold",
    OwnerKind.CLOSED: "is closed by the block schedule",
    OwnerKind.EMERGENCY: "is kept for emergencies",
}
"""What is said of time that belongs to nobody and yet may not be taken."""


def kept_for_emergencies(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """A planned operation would take a theatre that is kept free for emergencies."""
    theatre: Theatre = facts.resources[plan.theatre_id].theatre
    if not theatre.kept_for_emergencies or plan.operation.priority.emergency:
        return
    if without(plan.period, [session.period for session in facts.owned(plan, Standing.OWN)]):
        yield _soft(
            plan,
            "kept_for_emergencies",
            f"{theatre.name} is kept free for emergencies.",
            "Choose another theatre, or give the reason.",
            resource_id=plan.theatre_id,
        )


def over_session(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """The operation starts in its own block and ends after it."""
    own = [session.period for session in facts.owned(plan, Standing.OWN)]
    if any(period.start <= plan.period.start < period.end for period in own):
        beyond = without(plan.period, own)
        if beyond:
            minutes = sum(period.minutes for period in beyond)
            yield _soft(
                plan,
                "over_session",
                f"The session over-runs by {minutes} min.",
                "Start earlier, choose another session, or give the reason.",
                resource_id=plan.theatre_id,
            )


def not_rostered(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """Somebody who works by shifts has none that covers the time; to be on call is enough for an emergency only."""
    for hold in plan.holds:
        shifts = facts.shifts.get(hold.resource_id)
        if shifts is None:
            continue
        on_call = [*shifts, *facts.on_call[hold.resource_id]]
        if without(hold.period, on_call if plan.operation.priority.emergency else shifts):
            person = facts.resources[hold.resource_id]
            called = not without(hold.period, on_call)
            why = "is on call then, for emergencies only" if called else f"has no shift that covers {hold.period}"
            yield _soft(
                plan,
                "not_rostered",
                f"{person} {why}.",
                "Choose somebody on duty, or give the reason.",
                resource_id=person.pk,
                period=hold.period,
            )


def turnover_short(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """Less than the standard turnover of the theatre, or of a specialty, between this case and a neighbour."""
    theatre: Theatre = facts.resources[plan.theatre_id].theatre
    for busy in facts.others(plan, plan.theatre_id):
        if busy.period.overlaps(plan.theatre_hold.period):
            continue  # that is a clash, and the hard rule says so
        gap = max(
            (plan.period.start - busy.in_room.end).total_seconds(),
            (busy.in_room.start - plan.period.end).total_seconds(),
        )
        needed = facts.turnover_between(plan, busy)
        if gap < needed * 60:
            who = theatre.name if needed == theatre.turnover_minutes else "the specialty"
            yield _soft(
                plan,
                "turnover_short",
                f"Only {int(gap // 60)} min between this and {busy.case}; {who} needs {needed}.",
                "Leave more time between the two, or give the reason.",
                resource_id=plan.theatre_id,
                other_operation_id=busy.operation_id,
                named=busy.case,
            )


def no_bed(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """No bed of the kind that is needed is free afterwards."""
    operation = plan.operation
    if operation.bed_kind not in facts.beds or any(a.role == ReservationRole.BED for a in plan.assignments):
        return
    stay = plan.stay
    free = any(
        not any(busy.period.overlaps(stay) for busy in facts.others(plan, bed))
        and not any(stay.touches(row.period) for row in facts.away[bed])
        for bed in facts.beds[operation.bed_kind]
    )
    if not free:
        yield _soft(
            plan,
            "no_bed",
            f"No {operation.get_bed_kind_display()} bed is free {stay}.",
            "Choose another time, or give the reason for going ahead without.",
            period=stay,
        )


def past_due(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """The operation would be later than its due date, which could still be met.

    Once the date has passed no choice meets it; asking for a reason then would only keep those
    who may not override from booking the patients who have waited longest.
    """
    due, day = plan.operation.due_on, local_day(plan.period)
    if due is not None and timezone.localtime(facts.now).date() <= due < day:
        days = (day - due).days
        yield _soft(
            plan,
            "past_due",
            f"This is {days} day{'s' * (days != 1)} after the due date, {due:%a %d %b %Y}.",
            "Choose an earlier day if there is one, or give the reason.",
        )


def not_ready(plan: Plan, facts: Facts) -> Iterator[Conflict]:  # noqa: ARG001
    """The patient was found unfit, is paused, or the assessment does not count on that day any more."""
    operation, day = plan.operation, local_day(plan.period)
    if operation.assessment == Assessment.UNFIT:
        yield _soft(plan, "not_ready", "The patient was found not fit.", "Wait for the assessment, or give the reason.")
    elif operation.fit_until and operation.fit_until < day:
        message = f"The assessment counts until {operation.fit_until:%a %d %b %Y} only."
        yield _soft(plan, "not_ready", message, "Choose an earlier day, or give the reason.")
    if operation.paused_since and operation.status == Status.WAITING:
        message = f"The waiting clock is paused since {operation.paused_since:%a %d %b %Y}."
        yield _soft(plan, "not_ready", message, "Let the clock run again first, or give the reason.")


def kit_late(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """Kit on loan is promised for a day that is too late for the operation."""
    day = local_day(plan.period)
    for kit in facts.needs.kit.get(plan.operation.pk, []):
        if kit.is_awaited and kit.expected_on and kit.in_time_from and day < kit.in_time_from:
            yield _soft(
                plan,
                "kit_late",
                f"{kit.name} comes on loan on {kit.expected_on:%a %d %b %Y}; "
                f"the operation can have it in time from {kit.in_time_from:%a %d %b %Y}.",
                "Choose that day or a later one, or give the reason.",
            )


def surgeon_daily_limit(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """The lead surgeon would do more operations that day than agreed."""
    surgeon = facts.resources.get(plan.lead_surgeon_id or 0)
    limit = surgeon.staffmember.daily_operations_limit if surgeon and surgeon.kind == ResourceKind.STAFF else None
    if surgeon is None or limit is None:
        return
    day = local_day(plan.period)
    led = sum(
        busy.role == ReservationRole.LEAD_SURGEON and local_day(busy.in_room) == day
        for busy in facts.others(plan, surgeon.pk)
    )
    if led + 1 > limit:
        yield _soft(
            plan,
            "surgeon_daily_limit",
            f"{surgeon} would lead {led + 1} operations on {day:%a %d %b}; the limit is {limit}.",
            "Choose another day or surgeon, or give the reason.",
            resource_id=surgeon.pk,
        )


def infectious_not_last(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """An infectious case would be followed by one that is not."""
    cases = facts.in_theatre_on(plan)
    if plan.operation.infectious:
        after = [busy for busy in cases if busy.in_room.start >= plan.period.start and not busy.infectious]
        words = f"An infectious case should be last: {len(after)} more would follow in this theatre."
    else:
        after = [busy for busy in cases if busy.in_room.start <= plan.period.start and busy.infectious]
        words = "An infectious case comes before this one in the same theatre."
    if after:
        yield _soft(
            plan,
            "infectious_not_last",
            words,
            "Put the infectious case at the end of the list, or give the reason.",
            resource_id=plan.theatre_id,
            other_operation_id=after[0].operation_id,
        )


def supervision_exceeded(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """Somebody would supervise more operations at once than agreed."""
    for hold in plan.holds:
        resource = facts.resources[hold.resource_id]
        others = list(facts.others(plan, hold.resource_id))
        shared = not hold.exclusive or any(not busy.exclusive for busy in others)
        if not shared or resource.kind != ResourceKind.STAFF:
            continue
        at_once = _most_at_once(hold.period, [busy.period for busy in others])
        limit = resource.staffmember.supervises_at_once
        if at_once > limit:
            yield _soft(
                plan,
                "supervision_exceeded",
                f"{resource} would have {at_once} operations at once; the limit is {limit}.",
                "Choose another supervisor or time, or give the reason.",
                resource_id=resource.pk,
            )


def _most_at_once(period: Period, others: list[Period]) -> int:
    """Return the largest number that overlap at any instant of ``period``, itself included."""
    touching = [other for other in others if other.overlaps(period)]
    instants = [period.start, *(other.start for other in touching if other.start > period.start)]
    return 1 + max(sum(other.start <= at < other.end for other in touching) for at in instants)


def in_the_past(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """The operation would already have started."""
    if plan.period.start < facts.now:
        yield _soft(
            plan,
            "in_the_past",
            "This start time has already passed.",
            "Choose a later time, or give the reason for booking afterwards.",
        )


def list_closed(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """The plan changes a list whose order is settled: the one it joins, or the one it leaves.

    An emergency changes what it has to, and so does what makes room for it in the same command.
    """
    if not facts.closings or plan.operation.priority.emergency:
        return
    for theatre_id, day in _lists_changed(plan):
        closed = facts.closed_list(theatre_id, day)
        if closed and (theatre_id, day) not in facts.emergencies:
            yield closed_conflict(plan.operation, facts.resources[theatre_id].name, theatre_id, day, closed)


def _lists_changed(plan: Plan) -> list[List]:
    """Return the lists that look different with the plan: none where place, time and lead surgeon stay."""
    operation, joins = plan.operation, (plan.theatre_id, local_day(plan.period))
    left = list_of(operation)
    if left is None:
        return [joins]
    stays = plan.theatre_id == operation.theatre_id and plan.period == Period.of(operation.period)
    if stays and plan.lead_surgeon_id == operation.lead_surgeon_id:
        return []
    return [joins] if left == joins else [left, joins]


SOFT_RULES: tuple[Rule, ...] = (
    outside_hours,
    outside_block,
    kept_for_emergencies,
    over_session,
    not_rostered,
    turnover_short,
    no_bed,
    past_due,
    not_ready,
    kit_late,
    surgeon_daily_limit,
    infectious_not_last,
    supervision_exceeded,
    in_the_past,
    list_closed,
)

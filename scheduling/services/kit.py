"""Note kit that has to come from outside for an operation, and how far it is."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone

from accounts.models import User
from accounts.permissions import authorise
from scheduling import permissions
from scheduling.models import KIT_THERE_OR_NOT_NEEDED, ChangeVerb, KitState, LoanKit, Operation, Status
from scheduling.models.kit import DEFAULT_DAYS_BEFORE, MOST_DAYS_BEFORE, MOST_ITEMS
from scheduling.services.errors import InvalidPlanError, NotPossibleError
from scheduling.services.locking import GONE, command, demand_treating, lock_operation, reservations_of
from scheduling.services.overriding import accepted_before
from scheduling.services.writing import Story, record, snapshot

LONGEST_WAIT = timedelta(days=2 * 366)
"""How far from today the supplier's day may be; more is a typing error."""
OVER = (Status.IN_THEATRE, Status.RECOVERY, Status.COMPLETED, Status.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class KitOrder:
    """What is to come, from whom, and when: everything about loan kit but how far it is."""

    what: str
    supplier: str = ""
    quantity: int = 1
    days_before: int = DEFAULT_DAYS_BEFORE
    expected_on: date | None = None
    reference: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse what can't be meant."""
        if not self.what.strip():
            raise InvalidPlanError("what", "Say what has to come.")
        if not 1 <= self.quantity <= MOST_ITEMS:
            raise InvalidPlanError("quantity", f"From 1 to {MOST_ITEMS}.")
        if not 0 <= self.days_before <= MOST_DAYS_BEFORE:
            raise InvalidPlanError("days_before", f"From 0 to {MOST_DAYS_BEFORE} days.")
        if self.expected_on and abs(self.expected_on - timezone.localdate()) > LONGEST_WAIT:
            raise InvalidPlanError("expected_on", "That is more than two years from today. Check the year.")

    def write_to(self, kit: LoanKit) -> None:
        """Set the fields."""
        kit.what, kit.supplier, kit.reference = self.what.strip(), self.supplier.strip(), self.reference.strip()
        kit.quantity, kit.days_before, kit.expected_on = self.quantity, self.days_before, self.expected_on
        kit.note = self.note.strip()


def add_kit(*, actor: User, operation_id: int, order: KitOrder) -> LoanKit:
    """Note that something has to come from outside for the operation; it is to be ordered.

    Takes back a confirmation, because not everything is there any more. Raises :class:`NotPossibleError` for an
    operation that has begun, is over or was cancelled.
    """
    authorise(actor, permissions.ASSIGN)
    with command():
        operation = _lock(actor, operation_id)
        if operation.status in OVER:
            now = operation.get_status_display().lower()
            raise NotPossibleError(f"This operation is {now}; nothing has to come for it any more.")
        kit = LoanKit(operation=operation, changed_by=actor)
        order.write_to(kit)
        kit.save()
        _write(actor, operation, f"{kit}: to be ordered{_from(kit)}", unconfirm=True)
    return kit


def change_kit(*, actor: User, kit_id: int, version: int, order: KitOrder) -> LoanKit:
    """Change what is to come, from whom or when, as seen at ``version``; how far it is stays.

    Another kit, or more of it, takes back a confirmation. Raises :class:`NotPossibleError` where somebody was faster.
    """
    authorise(actor, permissions.ASSIGN)
    found = _find(kit_id)
    with command():
        operation = _lock(actor, found.operation_id)
        kit = _at_version(found, version)
        was = str(kit)
        order.write_to(kit)
        _save(kit, actor)
        renamed = f", was {was}" if was != str(kit) else ""
        _write(actor, operation, f"{kit}{renamed}: changed{_from(kit)}", unconfirm=bool(renamed))
    return kit


def set_kit_state(*, actor: User, kit_id: int, version: int, state: str) -> LoanKit:
    """Say how far loan kit is, as seen at ``version``.

    What is not there takes back a confirmation. Any state may follow any other, for a wrong tap is put right by
    another one, but what never arrived is not returned. Raises :class:`NotPossibleError` where somebody was faster.
    """
    authorise(actor, permissions.ASSIGN)
    if state not in KitState.values:
        raise InvalidPlanError("state", "Choose one of the listed states.")
    found = _find(kit_id)
    with command():
        operation = _lock(actor, found.operation_id)
        kit = _at_version(found, version)
        was = KitState(kit.state)
        if was == state:
            raise NotPossibleError(f"{kit} is noted as “{was.label.lower()}” already.")
        if state == KitState.RETURNED and was != KitState.ARRIVED:
            raise NotPossibleError(f"{kit} has not arrived, so it can’t be returned. Say first that it has arrived.")
        kit.state = state
        _save(kit, actor)
        words = f"{kit}: {KitState(state).label.lower()}, was {was.label.lower()}"
        _write(actor, operation, words, unconfirm=state not in KIT_THERE_OR_NOT_NEEDED)
    return kit


def _find(kit_id: int) -> LoanKit:
    kit = LoanKit.objects.filter(pk=kit_id).first()
    if kit is None:
        raise NotPossibleError(GONE)
    return kit


def _lock(actor: User, operation_id: int) -> Operation:
    operation = lock_operation(operation_id, actor=actor, capability=permissions.ASSIGN)
    demand_treating(actor, {operation.patient_id})
    return operation


def _at_version(found: LoanKit, version: int) -> LoanKit:
    """Return the row as it is under the operation's lock, if it is still what the actor saw."""
    kit = LoanKit.objects.select_related("changed_by").get(pk=found.pk)
    if kit.version != version:
        now = f"{kit}: {KitState(kit.state).label.lower()}, by {kit.changed_by}"
        raise NotPossibleError(f"This was changed meanwhile ({now}). Look at it again, then repeat.")
    return kit


def _save(kit: LoanKit, actor: User) -> None:
    kit.version += 1
    kit.changed_by = actor
    kit.save()


def _from(kit: LoanKit) -> str:
    supplier = f", from {kit.supplier}" if kit.supplier else ""
    expected = f", promised for {kit.expected_on:%d %b %Y}" if kit.expected_on else ""
    days = f"{kit.days_before} day{'s' * (kit.days_before != 1)} before" if kit.days_before else "on the day"
    return f"{supplier}, needed {days}{expected}"


def _write(actor: User, operation: Operation, words: str, *, unconfirm: bool) -> None:
    """Write the change of the operation's history; a plan that was accepted stays so."""
    rows = reservations_of([operation])[operation.pk]
    before = snapshot(operation, rows)
    if unconfirm and operation.status not in OVER:
        operation.confirmed_at = operation.confirmed_by = None
    story = Story(note=words, overrides=accepted_before([operation]).get(operation.pk, []))
    record(actor=actor, operation=operation, verb=ChangeVerb.KIT, before=before, rows=rows, story=story)

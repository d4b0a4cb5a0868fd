"""Each command in its plainest form, on an operation in the state that it is for."""

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from accounts.models import User
from scheduling import services
from scheduling.models import Operation, ReservationRole, Status
from tests.factories import CancellationReasonFactory, PatientFactory
from tests.scheduling.services.reading import listed
from tests.scheduling.world import World

Call = Callable[[World, User, Operation, int], Any]
"""World, actor, operation, the version that the actor saw."""


def book(world: World, actor: User, operation: Operation, version: int) -> Any:
    return services.book_operation(
        actor=actor, operation_id=operation.pk, version=version, theatre_id=world.two.pk, start=world.at(14)
    )


def move(world: World, actor: User, operation: Operation, version: int) -> Any:
    return services.move_operation(
        actor=actor, operation_id=operation.pk, version=version, theatre_id=world.two.pk, start=world.at(14)
    )


def swap(world: World, actor: User, operation: Operation, version: int) -> Any:
    other = world.booked(world.at(17, days=Operation.objects.count()))  # each time on a day of its own
    return services.swap_operations(actor=actor, first=(operation.pk, version), second=(other.pk, other.version))


def push(world: World, actor: User, operation: Operation, version: int) -> Any:
    return services.push_following(
        actor=actor, operation_id=operation.pk, versions=listed(operation) | {operation.pk: version}, minutes=30
    )


def postpone(world: World, actor: User, operation: Operation, version: int) -> Any:
    reason = CancellationReasonFactory()
    return services.postpone_operation(actor=actor, operation_id=operation.pk, version=version, reason=reason)


def cancel(world: World, actor: User, operation: Operation, version: int) -> Any:
    reason = CancellationReasonFactory()
    return services.cancel_operation(actor=actor, operation_id=operation.pk, version=version, reason=reason)


def assign(world: World, actor: User, operation: Operation, version: int) -> Any:
    return services.assign_resource(
        actor=actor,
        operation_id=operation.pk,
        version=version,
        resource_id=world.anaesthetist.pk,
        role=ReservationRole.ANAESTHETIST,
    )


def release(world: World, actor: User, operation: Operation, version: int) -> Any:
    return services.release_resource(
        actor=actor, operation_id=operation.pk, version=version, resource_id=world.surgeon.pk
    )


def substitute(world: World, actor: User, operation: Operation, version: int) -> Any:
    return services.substitute_resources(
        actor=actor,
        operation_id=operation.pk,
        version=version,
        substitutes={world.surgeon.pk: world.other_surgeon.pk},
    )


def confirm(world: World, actor: User, operation: Operation, version: int) -> Any:
    return services.confirm_operation(actor=actor, operation_id=operation.pk, version=version)


def accept(world: World, actor: User, operation: Operation, version: int) -> Any:
    return services.accept_operation(actor=actor, operation_id=operation.pk, version=version)


def request(world: World, actor: User, operation: Operation, version: int) -> Any:
    asked = services.Request(patient=PatientFactory(), procedure=world.procedure, priority=world.priority)
    return services.request_operation(actor=actor, request=asked)


def record(world: World, actor: User, operation: Operation, version: int) -> Any:
    return services.record_event(actor=actor, operation_id=operation.pk, kind="arrived", at=timezone.now())


def undo(world: World, actor: User, operation: Operation, version: int) -> Any:
    """Undo the booking."""
    change = operation.changes.get(version=version)
    return services.undo_change(actor=actor, change_id=change.pk)


UNVERSIONED = (request, record, undo)
"""Commands that name no version: nothing was seen before, reality, and the change itself."""

ON_BOOKED: tuple[Call, ...] = (move, swap, push, postpone, cancel, assign, substitute, release, confirm)
"""Commands for an operation that is placed and has not started."""

ALL: tuple[Call, ...] = (request, accept, book, *ON_BOOKED, record, undo)


def subject_of(call: Call, world: World) -> Operation:
    """Return an operation in the state that the command is for."""
    if call is accept:
        return world.waiting(status=Status.REQUESTED)
    if call in (request, book):
        return world.waiting()
    return world.booked(world.at(10), lead=world.surgeon)

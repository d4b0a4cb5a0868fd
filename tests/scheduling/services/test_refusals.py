"""What every command refuses alike: a stale version, an operation that is gone, a status it is not for."""

import pytest

from scheduling.models import Operation, OperationChange, Status
from scheduling.services import NotPossibleError, StaleVersionError
from scheduling.status import PLACED
from tests.factories import UserFactory
from tests.scheduling.services import verbs
from tests.scheduling.world import World

NAME = {"ids": lambda call: call.__name__}
VERSIONED = [call for call in verbs.ALL if call not in verbs.UNVERSIONED]


def unchanged(operation: Operation) -> bool:
    """Say whether neither the operation nor its history has changed."""
    now = Operation.objects.get(pk=operation.pk)
    same = (now.version, now.status, now.period) == (operation.version, operation.status, operation.period)
    return same and operation.changes.count() == operation.version


@pytest.mark.parametrize("call", VERSIONED, **NAME)
def test_two_people_saw_the_same_version(world: World, call: verbs.Call) -> None:
    """The second one is told who was faster and what they did; nothing is overwritten."""
    operation = verbs.subject_of(call, world)
    seen = operation.version
    call(world, UserFactory(role="coordinator", given_name="Ann", family_name="First"), operation, seen)
    after = Operation.objects.get(pk=operation.pk)
    done = after.changes.get(version=seen + 1).get_verb_display().lower()

    with pytest.raises(StaleVersionError) as error:
        call(world, world.coordinator, operation, seen)

    assert str(error.value) == (f"This was changed meanwhile (Ann First – {done}). Look at it again, then repeat.")
    assert unchanged(after)


@pytest.mark.parametrize("seen", [0, 99, -1])
@pytest.mark.parametrize("call", VERSIONED, **NAME)
def test_version_that_never_was(world: World, call: verbs.Call, seen: int) -> None:
    operation = verbs.subject_of(call, world)

    with pytest.raises(StaleVersionError):
        call(world, world.coordinator, operation, seen)

    assert unchanged(operation)


@pytest.mark.parametrize("call", [*VERSIONED, verbs.record], **NAME)
def test_operation_that_does_not_exist(world: World, call: verbs.Call) -> None:
    operation = Operation(pk=0)

    with pytest.raises(NotPossibleError, match=r"^This operation does not exist any more\. Go back to the schedule\.$"):
        call(world, world.coordinator, operation, 1)


STARTED = "This operation has already started; its plan can't change any more."
NOT_PLACED = "This operation is not on the calendar. Book it first."


@pytest.mark.parametrize("status", [Status.IN_THEATRE, Status.RECOVERY, Status.COMPLETED])
@pytest.mark.parametrize("call", verbs.ON_BOOKED, **NAME)
def test_operation_that_has_started(world: World, call: verbs.Call, status: str) -> None:
    operation = verbs.subject_of(call, world)
    Operation.objects.filter(pk=operation.pk).update(status=status)
    operation.refresh_from_db()

    with pytest.raises(NotPossibleError) as error:
        call(world, world.coordinator, operation, operation.version)

    cancelling = f"This operation is {operation.get_status_display().lower()}; it can't become cancelled."
    assert str(error.value) == (cancelling if call is verbs.cancel else STARTED)
    assert unchanged(operation)


@pytest.mark.parametrize("status", [Status.REQUESTED, Status.WAITING, Status.CANCELLED])
@pytest.mark.parametrize("call", [c for c in verbs.ON_BOOKED if c is not verbs.cancel], **NAME)
def test_operation_that_is_not_placed(world: World, call: verbs.Call, status: str) -> None:
    operation = world.waiting(status=status)

    with pytest.raises(NotPossibleError) as error:
        call(world, world.coordinator, operation, operation.version)

    assert str(error.value) == NOT_PLACED
    assert unchanged(operation)


@pytest.mark.parametrize("status", [status for status in Status if status != Status.WAITING])
def test_only_waiting_operations_can_be_booked(world: World, status: str) -> None:
    operation = world.booked(world.at(10)) if status in PLACED else world.waiting(status=status)
    Operation.objects.filter(pk=operation.pk).update(status=status)
    operation.refresh_from_db()

    with pytest.raises(NotPossibleError) as error:
        verbs.book(world, world.coordinator, operation, operation.version)

    label = Status(status).label.lower()
    assert str(error.value) == f"This operation is {label}; it can't become scheduled."
    assert unchanged(operation)


def test_cancelled_operation_is_not_cancelled_again(world: World) -> None:
    operation = world.waiting(status=Status.CANCELLED)

    with pytest.raises(NotPossibleError, match=r"^This operation is cancelled; it can't become cancelled\.$"):
        verbs.cancel(world, world.coordinator, operation, operation.version)


def test_accepting_is_for_requests(world: World) -> None:
    operation = world.booked(world.at(10))

    with pytest.raises(NotPossibleError, match=r"^This operation is not a request any more\. Look at it again\.$"):
        verbs.accept(world, world.coordinator, operation, operation.version)
    assert OperationChange.objects.filter(operation=operation).count() == operation.version

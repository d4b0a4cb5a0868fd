"""Take a request onto the waiting list."""

from scheduling.models import ChangeVerb, Status
from scheduling.services import accept_operation
from tests.scheduling.world import World


def test_waits_from_now_on(world: World) -> None:
    operation = world.waiting(status=Status.REQUESTED)

    accepted = accept_operation(actor=world.coordinator, operation_id=operation.pk, version=1)

    accepted.refresh_from_db()
    assert (accepted.status, accepted.version) == (Status.WAITING, 2)
    change = accepted.changes.get(version=2)
    assert (change.verb, change.actor) == (ChangeVerb.ACCEPTED, world.coordinator)
    assert (change.before["status"], change.after["status"]) == ("requested", "waiting")

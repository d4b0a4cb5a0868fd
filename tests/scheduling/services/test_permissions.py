"""Which role may give which command: the whole table, spelled out."""

import pytest

from accounts.permissions import NotAllowedError
from accounts.roles import Role
from tests.factories import StaffMemberFactory, UserFactory
from tests.scheduling.services import verbs
from tests.scheduling.services.refusing import refused
from tests.scheduling.world import World

PLACING = {Role.COORDINATOR, Role.BOOKING_CLERK, Role.INTEGRATION}
MAY: dict[str, set[Role]] = {
    "request": PLACING | {Role.SURGEON},
    "accept": PLACING,
    "book": PLACING,
    "move": PLACING,
    "swap": PLACING,
    "push": PLACING,
    "postpone": PLACING,
    "cancel": PLACING,
    "assign": PLACING | {Role.THEATRE_NURSE},
    "substitute": PLACING | {Role.THEATRE_NURSE},
    "release": PLACING | {Role.THEATRE_NURSE},
    "confirm": PLACING,
    "record": {Role.COORDINATOR, Role.SURGEON, Role.ANAESTHETIST, Role.THEATRE_NURSE, Role.INTEGRATION},
    "undo": PLACING,
}


def test_the_table_names_every_command() -> None:
    assert set(MAY) == {call.__name__ for call in verbs.ALL}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("call", verbs.ALL, ids=lambda call: call.__name__)
def test_role(world: World, call: verbs.Call, role: Role) -> None:
    operation = verbs.subject_of(call, world)
    actor = UserFactory(role=role)
    StaffMemberFactory(user=actor).specialties.add(world.specialty)

    if role in MAY[call.__name__]:
        assert call(world, actor, operation, operation.version) is not None
    elif call is verbs.swap:  # it makes its own second operation first
        with pytest.raises(NotAllowedError):
            call(world, actor, operation, operation.version)
    else:
        with_reason = call in (verbs.postpone, verbs.cancel, verbs.request)
        with pytest.raises(NotAllowedError) if with_reason else refused(NotAllowedError) as error:
            call(world, actor, operation, operation.version)
        assert str(error.value).startswith("Your role does not let you ")


@pytest.mark.parametrize("call", verbs.ALL, ids=lambda call: call.__name__)
def test_account_that_is_switched_off(world: World, call: verbs.Call) -> None:
    operation = verbs.subject_of(call, world)
    actor = UserFactory(role=Role.COORDINATOR, is_active=False)

    with pytest.raises(NotAllowedError):
        call(world, actor, operation, operation.version)

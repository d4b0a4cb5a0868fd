"""In whose name a list is imported."""

import pytest

from scheduling.importing.actor import NoActorError, find_actor
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_the_only_one_who_may_import():
    UserFactory(role="booking_clerk")
    UserFactory(role="coordinator", is_active=False)
    coordinator = UserFactory(role="coordinator")
    assert find_actor().pk == coordinator.pk


def test_the_only_system_administrator_among_several():
    UserFactory(role="coordinator")
    administrator = UserFactory(role="administrator")
    assert find_actor().pk == administrator.pk


def test_several_and_no_administrator_have_to_be_named():
    UserFactory(role="coordinator")
    UserFactory(role="coordinator")
    with pytest.raises(NoActorError, match="--actor EMAIL of a theatre coordinator or system administrator"):
        find_actor()


def test_nobody_may_import():
    UserFactory(role="booking_clerk")
    with pytest.raises(NoActorError, match="Nobody may import yet"):
        find_actor()


def test_the_address_names_somebody_however_it_is_capitalised():
    clerk = UserFactory(role="booking_clerk", email="clerk@example.org")
    assert find_actor("Clerk@Example.org").pk == clerk.pk
    with pytest.raises(NoActorError, match="Nobody signs in as x@example"):
        find_actor("x@example.org")

"""What the tests of scheduling share."""

import pytest

from tests.scheduling.world import World


@pytest.fixture
def world(db: None) -> World:
    """Return the small hospital."""
    return World.make()

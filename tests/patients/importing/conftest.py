"""Who imports."""

import pytest

from accounts.models import User
from tests.factories import UserFactory
from tests.patients.importing.files import configure


@pytest.fixture
def coordinator(db: None) -> User:
    configure()
    return UserFactory(role="coordinator", email="coordinator@example.org")

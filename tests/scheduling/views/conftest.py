"""A client for each of the cast, and the small hospital."""

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from tests.factories import UserFactory
from tests.scheduling.world import World

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def world(db: None) -> World:
    """Return the small hospital."""
    return World.make()


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


@pytest.fixture
def coordinator(world: World) -> Client:
    """The one who may do everything here, overriding included."""
    return client_of(world.coordinator)


@pytest.fixture
def clerk(world: World) -> Client:
    """Who books, but may not override."""
    return client_of(UserFactory(role="booking_clerk"))


@pytest.fixture
def anaesthetist(world: World) -> Client:
    """Who may look at every operation and plan none."""
    return client_of(UserFactory(role="anaesthetist"))


@pytest.fixture
def ward_nurse(world: World) -> Client:
    """Who may look at the patients of these two weeks and nothing else."""
    return client_of(UserFactory(role="ward_nurse"))


Script = Callable[..., HttpResponse]


@pytest.fixture
def script(coordinator: Client) -> Script:
    """POST as the timeline's script does."""

    def post(url: str, client: Client = coordinator, **fields: Any) -> HttpResponse:
        return client.post(url, fields, headers={"accept": "application/json"})

    return post

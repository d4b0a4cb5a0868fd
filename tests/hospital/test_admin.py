"""Every page of the admin: who gets in, how many queries it takes, and what it leaves alone."""

from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.forms.models import model_to_dict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.admin_access import ReadOnlyAdmin
from accounts.models import User
from accounts.roles import Role
from resources.models import Resource
from tests.factories import UserFactory
from tests.hospital.admin_rows import MAKERS, make

pytestmark = pytest.mark.django_db
MOST = 10
MODELS = list(admin.site._registry)
READ_ONLY = [model for model, pages in admin.site._registry.items() if isinstance(pages, ReadOnlyAdmin)]
ADDED = [model for model in MODELS if model not in READ_ONLY and model is not Resource]


def page(model: type[Model], name: str, *arguments: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=arguments)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def everything() -> User:
    """Somebody who may open every page by roles, and therefore costs the query that reads them."""
    user = UserFactory(is_staff=True, role="administrator")
    for role in ("coordinator", "privacy_officer"):
        user.role_assignments.create(role=role)
    return user


@pytest.fixture
def superuser() -> User:
    return UserFactory(is_staff=True, is_superuser=True)


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(url)
    assert answer.status_code == 200
    if len(captured) > MOST:
        print(*(query["sql"][:400] for query in captured), sep="\n")
    return len(captured)


def test_every_registered_model_has_rows_here() -> None:
    assert set(MAKERS) == set(MODELS)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_a_list_takes_as_many_queries_with_30_rows_as_with_1(model: type[Model], everything: User) -> None:
    client, url = signed_in(everything), page(model, "changelist")
    queries(client, url)  # content types are read once a process
    make(model, [0])
    with_one = queries(client, url)
    make(model, range(1, 30))
    with_thirty = queries(client, url)
    print(f"QUERIES {model._meta.label} list {with_one} {with_thirty}")

    assert with_thirty == with_one
    assert with_thirty <= MOST


@pytest.mark.parametrize("model", ADDED, ids=lambda model: model._meta.label)
def test_an_add_page_takes_few_queries(model: type[Model], everything: User) -> None:
    make(model, range(3))
    count = queries(signed_in(everything), page(model, "add"))
    print(f"QUERIES {model._meta.label} add {count}")

    assert count <= MOST


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_a_change_page_takes_few_queries(model: type[Model], everything: User) -> None:
    row, *_ = make(model, range(3))
    client, url = signed_in(everything), page(model, "change", row.pk)
    queries(client, url)
    count = queries(client, url)
    print(f"QUERIES {model._meta.label} change {count}")

    assert count <= MOST


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_list_can_be_searched_and_filtered(model: type[Model], superuser: User) -> None:
    make(model, [0])
    client, pages = signed_in(superuser), admin.site._registry[model]

    assert pages.search_fields
    assert client.get(page(model, "changelist"), {"q": "7"}).status_code == 200
    for number, _ in enumerate(pages.list_filter):
        assert pages.list_filter[number]
    assert client.get(page(model, "changelist"), {"q": "7", "_facets": "1"}).status_code == 200


@pytest.mark.parametrize("model", [*READ_ONLY, Resource], ids=lambda model: model._meta.label)
def test_nobody_writes_behind_the_services_backs(model: type[Model], superuser: User) -> None:
    row = make(model, [0])[0]
    before = model_to_dict(row)
    client = signed_in(superuser)

    answers = [
        client.post(page(model, "change", row.pk), {"status": "cancelled", "role": "bed", "verb": "undone"}),
        client.post(page(model, "delete", row.pk), {"post": "yes"}),
        client.post(page(model, "add"), {}),
        client.get(page(model, "add")),
        client.get(page(model, "delete", row.pk)),
        client.post(page(model, "changelist"), {"action": "delete_selected", "_selected_action": [row.pk], "index": 0}),
    ]

    expected = [403] * 6 if model is not Resource else [403] * 5 + [200]
    assert [answer.status_code for answer in answers] == expected
    assert model_to_dict(model.objects.get(pk=row.pk)) == before

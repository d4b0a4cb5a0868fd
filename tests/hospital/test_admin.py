"""Every page of the admin: who gets in, how many queries it takes, and what it leaves alone."""

from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib import admin
from django.db import connection
from django.db.models import CASCADE, PROTECT, Model
from django.forms.models import model_to_dict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.admin_access import ReadOnlyAdmin
from accounts.admin_deleting import referring
from accounts.models import RoleCapability, User
from accounts.roles import Role
from messaging.models import MessageTemplate
from patients.models import IdentifierSystem, Patient
from resources.models import (
    Bed,
    BlockTemplate,
    Credential,
    EquipmentItem,
    EquipmentType,
    Feature,
    Grade,
    Holiday,
    OpeningException,
    ReleaseRule,
    Resource,
    RosterAssignment,
    RosterPattern,
    Shift,
    ShiftKind,
    Site,
    Specialty,
    StaffMember,
    SurgeonGroup,
    TeamNeed,
    Theatre,
    Unavailability,
)
from scheduling.models import (
    CancellationReason,
    ChecklistItem,
    DelayReason,
    ListClosing,
    Operation,
    OperationChange,
    OperationEvent,
    Priority,
    Procedure,
    Reservation,
)
from tests.factories import UserFactory
from tests.hospital.admin_rows import MAKERS, make

pytestmark = pytest.mark.django_db
MOST = 12
MOST_TO_DELETE = 14
"""A page that asks before deleting looks into each table that leads to the row; a theatre has the most."""
MODELS = list(admin.site._registry)
READ_ONLY = [model for model, pages in admin.site._registry.items() if isinstance(pages, ReadOnlyAdmin)]
DELETED = [model for model in MODELS if model not in {*READ_ONLY, Resource, User, Patient, MessageTemplate}]
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


@pytest.mark.parametrize("model", DELETED, ids=lambda model: model._meta.label)
def test_a_delete_page_takes_few_queries(model: type[Model], everything: User) -> None:
    row, *_ = make(model, range(3))
    count = queries(signed_in(everything), page(model, "delete", row.pk))
    print(f"QUERIES {model._meta.label} delete {count}")

    assert count <= MOST_TO_DELETE


@pytest.mark.parametrize("model", DELETED, ids=lambda model: model._meta.label)
def test_what_goes_with_a_row_is_protected_by_nothing_else(model: type[Model]) -> None:
    """The delete page asks only what names the row itself."""
    assert [belonging for belonging in referring(model, CASCADE) if referring(belonging.related_model, PROTECT)] == []


@pytest.mark.parametrize("model", [m for m in MODELS if m is not RoleCapability], ids=lambda model: model._meta.label)
def test_every_list_can_be_searched(model: type[Model], superuser: User) -> None:
    make(model, [0])
    client, pages = signed_in(superuser), admin.site._registry[model]

    assert pages.search_fields
    assert client.get(page(model, "changelist"), {"q": "7"}).status_code == 200
    assert client.get(page(model, "changelist"), {"_facets": "1"}).status_code == 200


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


def test_the_sign_in_is_the_sites_own() -> None:
    answer = Client().get("/admin/login/")
    assert (answer.status_code, answer.url.partition("?")[0]) == (302, reverse("account_login"))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_visitors_are_sent_to_the_sign_in(model: type[Model]) -> None:
    answer = Client().get(page(model, "changelist"))
    assert answer.status_code == 302
    assert "login" in answer.url


LOOKED_AT = {Operation, OperationChange, OperationEvent, Reservation}
LISTS = {Theatre, StaffMember, EquipmentItem, Bed, Specialty, Feature, Grade, Credential, EquipmentType, Site}
TIMES = {
    *(Unavailability, Shift, BlockTemplate, SurgeonGroup, ReleaseRule, Holiday, OpeningException),
    *(ShiftKind, RosterPattern, RosterAssignment, TeamNeed),
}
CATALOGUE = {Procedure, Priority, CancellationReason, DelayReason, ChecklistItem, ListClosing}
SEES = {
    Role.ADMINISTRATOR: {User, RoleCapability, IdentifierSystem, MessageTemplate} | LISTS | TIMES | CATALOGUE,
    Role.COORDINATOR: {Patient, IdentifierSystem, RoleCapability} | LISTS | TIMES | CATALOGUE | LOOKED_AT,
    Role.BOOKING_CLERK: {Patient},
    Role.PRIVACY_OFFICER: {LogEntry},
}
EDITS = {
    Role.ADMINISTRATOR: SEES[Role.ADMINISTRATOR] - {RoleCapability},
    Role.COORDINATOR: {Patient, IdentifierSystem} | TIMES,
    Role.BOOKING_CLERK: {Patient},
}
"""Which lists each role's admin has, given the mark for the admin, and which of them it may change.

The table of roles is a matrix with pages of its own: tests/accounts/test_role_table.py.
"""


@pytest.mark.parametrize("role", Role)
def test_each_role_has_its_own_pages(role: Role) -> None:
    client = signed_in(UserFactory(role=role, is_staff=True))
    if role not in SEES:
        assert client.get("/admin/", follow=True).status_code == 403
        return
    listed = client.get("/admin/").context["available_apps"]
    models = {model["model"]: model["perms"] for app in listed for model in app["models"]}

    assert set(models) == SEES[role]
    assert {model for model, perms in models.items() if perms["change"]} == EDITS.get(role, set())
    for model in MODELS:
        opens = 200 if model in SEES[role] or (model is Resource and Theatre in SEES[role]) else 403
        assert client.get(page(model, "changelist")).status_code == opens
        if model not in EDITS.get(role, set()):
            assert client.get(page(model, "add")).status_code == 403


@pytest.mark.parametrize("role", [Role.THEATRE_NURSE, Role.ADMINISTRATOR])
def test_without_the_mark_nobody_gets_in(role: Role) -> None:
    client = signed_in(UserFactory(role=role))
    assert client.get("/admin/", follow=True).status_code == 403
    assert "Admin" not in client.get("/", follow=True).content.decode()

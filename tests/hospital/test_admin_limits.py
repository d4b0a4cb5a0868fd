"""A role limited to a site or a specialty meets in the admin what is there, and changes nothing else."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts.admin_limits import LimitedAdmin
from accounts.models import RoleAssignment, User
from resources.models import BlockTemplate, Shift, Site, Specialty, StaffMember, Theatre, Unavailability
from tests.factories import (
    BlockTemplateFactory,
    SiteFactory,
    SpecialtyFactory,
    StaffMemberFactory,
    TheatreFactory,
    UserFactory,
)
from tests.hospital.admin_rows import hours
from tests.hospital.test_admin_edits import rows

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
PERIOD = {"period_0": "2099-03-02T08:00", "period_1": "2099-03-02T09:00"}


@pytest.fixture
def here() -> Site:
    return SiteFactory()


@pytest.fixture
def mine(here: Site) -> Theatre:
    return TheatreFactory(site=here)


@pytest.fixture
def theirs() -> Theatre:
    return TheatreFactory(site=SiteFactory())


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def limited(role: str, **limits: Any) -> Client:
    return client_of(UserFactory(role=role, is_staff=True, **limits))


@pytest.fixture
def coordinator(here: Site) -> Client:
    return limited("coordinator", role__sites=[here])


@pytest.fixture
def administrator(here: Site) -> Client:
    return limited("administrator", role__sites=[here])


def url(model: type[Any], name: str, *arguments: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=arguments)


def listed(client: Client, model: type[Any]) -> set[Any]:
    return set(client.get(url(model, "changelist")).context["cl"].queryset)


def choices(client: Client, model: type[Any], field: str) -> set[str]:
    """Return what the autocomplete of a field offers."""
    asked = {"app_label": model._meta.app_label, "model_name": model._meta.model_name, "field_name": field, "term": ""}
    return {row["id"] for row in client.get(reverse("admin:autocomplete"), asked).json()["results"]}


def closure(resource: Any) -> Unavailability:
    return Unavailability.objects.create(resource=resource, kind="closure", period=hours(1))


def test_lists_and_choices_leave_out_other_sites(coordinator: Client, mine: Theatre, theirs: Theatre) -> None:
    near, far = closure(mine), closure(theirs)
    block, _ = BlockTemplateFactory(theatre=mine), BlockTemplateFactory(theatre=theirs)
    assert listed(coordinator, Theatre) == {mine}
    assert listed(coordinator, Unavailability) == {near}
    assert listed(coordinator, BlockTemplate) == {block}
    assert choices(coordinator, Unavailability, "resource") == {str(mine.pk)}
    assert choices(coordinator, BlockTemplate, "theatre") == {str(mine.pk)}
    assert coordinator.get(url(Unavailability, "change", far.pk)).status_code == 302
    assert coordinator.get(url(Unavailability, "delete", far.pk)).status_code == 302


@pytest.mark.parametrize("role", ["coordinator", "administrator"])
def test_a_closure_elsewhere_is_not_added(role: str, here: Site, mine: Theatre, theirs: Theatre) -> None:
    client = limited(role, role__sites=[here])
    add = url(Unavailability, "add")
    refused = client.post(add, {"resource": theirs.pk, "kind": "closure", "note": "", **PERIOD})
    assert (refused.status_code, Unavailability.objects.count()) == (200, 0)
    assert client.post(add, {"resource": mine.pk, "kind": "closure", "note": "", **PERIOD}).status_code == 302
    assert Unavailability.objects.get().resource_id == mine.pk


def test_a_closure_is_not_moved_elsewhere(coordinator: Client, mine: Theatre, theirs: Theatre) -> None:
    row = closure(mine)
    data = {"resource": theirs.pk, "kind": "closure", "note": "", **PERIOD}
    assert coordinator.post(url(Unavailability, "change", row.pk), data).status_code == 200
    row.refresh_from_db()
    assert row.resource_id == mine.pk


def test_shifts_follow_the_site_of_the_person(coordinator: Client, here: Site) -> None:
    near, common, far = (StaffMemberFactory(site=site) for site in (here, None, SiteFactory()))
    for number, person in enumerate((near, common, far)):
        Shift.objects.create(staff_member=person, period=hours(number + 5))
    assert listed(coordinator, StaffMember) == {near, common}
    assert {shift.staff_member for shift in listed(coordinator, Shift)} == {near, common}
    for person, status in ((common, 200), (far, 200), (near, 302)):
        assert coordinator.post(url(Shift, "add"), {"staff_member": person.pk, **PERIOD}).status_code == status
    assert Shift.objects.filter(staff_member=near).count() == 2
    common_shift = Shift.objects.get(staff_member=common)
    assert coordinator.post(url(Shift, "delete", common_shift.pk), {"post": "yes"}).status_code == 403


def theatre_data(site: Site | None, **more: Any) -> dict[str, Any]:
    data = {"name": "Theatre 9", "code": "t9", "position": "1", "turnover_minutes": "15", "in_use": "on"}
    inlines = rows("opening_hours") | rows("unavailabilities")
    return data | {"site": site.pk if site else ""} | inlines | more


def test_theatres_are_added_and_kept_at_the_site(administrator: Client, here: Site, theirs: Theatre) -> None:
    add = url(Theatre, "add")
    for site in (theirs.site, None):
        assert administrator.post(add, theatre_data(site)).status_code == 200
    assert administrator.post(add, theatre_data(here)).status_code == 302
    theatre = Theatre.objects.get(code="t9")
    assert administrator.post(url(Theatre, "change", theatre.pk), theatre_data(theirs.site)).status_code == 200
    theatre.refresh_from_db()
    assert theatre.site == here


def test_actions_stay_within_the_site(administrator: Client, mine: Theatre, theirs: Theatre) -> None:
    chosen = {"_selected_action": [mine.pk, theirs.pk]}
    administrator.post(url(Theatre, "changelist"), chosen | {"action": "take_out_of_use"})
    administrator.post(url(Theatre, "changelist"), chosen | {"action": "delete_selected", "post": "yes"})
    assert set(Theatre.objects.values_list("pk", "in_use")) == {(theirs.pk, True)}


def test_two_roles_each_count_within_their_own_limits(here: Site, mine: Theatre, theirs: Theatre) -> None:
    user = UserFactory(role="coordinator", role__sites=[here], is_staff=True)
    RoleAssignment.objects.create(user=user, role="administrator").sites.set([theirs.site])
    client = client_of(user)
    assert listed(client, Theatre) == {mine, theirs}
    change = theatre_data(here, name="Renamed")
    assert client.post(url(Theatre, "change", mine.pk), change).status_code == 403
    mine.refresh_from_db()
    assert mine.name != "Renamed"


def test_lists_for_the_whole_hospital_are_looked_at_only(administrator: Client, here: Site) -> None:
    specialty = SpecialtyFactory()
    for model, row in ((Specialty, specialty), (Site, here)):
        assert listed(administrator, model) == {row}
        assert administrator.get(url(model, "add")).status_code == 403
        assert administrator.post(url(model, "change", row.pk), {"name": "x", "code": "x"}).status_code == 403
        assert administrator.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403


def test_a_specialty_has_its_people_and_blocks_but_no_theatres() -> None:
    own, other = SpecialtyFactory(), SpecialtyFactory()
    client = limited("coordinator", role__specialties=[own])
    theatre = TheatreFactory()
    kept, _ = BlockTemplateFactory(theatre=theatre, specialty=own), BlockTemplateFactory(specialty=other)
    person, stranger = StaffMemberFactory(), StaffMemberFactory()
    person.specialties.add(own)
    stranger.specialties.add(other)
    assert listed(client, BlockTemplate) == {kept}
    assert listed(client, StaffMember) == {person}
    for resource, status in ((theatre, 200), (stranger, 200), (person, 302)):
        data = {"resource": resource.pk, "kind": "leave", "note": "", **PERIOD}
        assert client.post(url(Unavailability, "add"), data).status_code in {status, 403 if status == 200 else status}
    assert [row.resource_id for row in Unavailability.objects.all()] == [person.pk]


def test_the_account_of_somebody_who_reaches_further_is_closed(administrator: Client, here: Site) -> None:
    near, far = UserFactory(role="surgeon", role__sites=[here]), UserFactory(role="administrator")
    for person, expected in ((near, True), (far, False)):
        page = administrator.get(url(User, "change", person.pk))
        assert page.context["has_change_permission"] == expected
    assert administrator.post(f"/admin/accounts/user/{far.pk}/password/", {}).status_code == 403


def test_every_page_with_places_is_limited() -> None:
    pages = [page for model, page in admin.site._registry.items() if model._meta.app_label == "resources"]
    assert [page for page in pages if not isinstance(page, LimitedAdmin)] == []

"""Views of the waiting list that people keep."""

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.permissions import NotAllowedError
from scheduling.models import WaitingView
from scheduling.services import InvalidPlanError
from scheduling.services.waiting_views import MOST_VIEWS, save_view
from tests.factories import StaffMemberFactory, UserFactory
from tests.scheduling.services.refusing import refused
from tests.scheduling.views.conftest import client_of
from tests.scheduling.world import World

SAVE = "/waiting-list/views/save/"


def kept(world: World, **fields: object) -> WaitingView:
    return WaitingView.objects.create(**{"owner": world.coordinator, "name": "Mine", "query": "overdue=on", **fields})


def test_a_view_is_kept_opened_and_changed(world: World, coordinator: Client) -> None:
    form = coordinator.get(f"{SAVE}?overdue=on&sort=due&page=3&changed=x&text=brown")
    assert form.context["query"] == "overdue=on&sort=due"
    answer = coordinator.post(SAVE, {"name": "  Late   ones ", "query": "overdue=on&sort=due&text=brown"})
    view = WaitingView.objects.get()
    assert (view.name, view.query, view.shared) == ("Late ones", "overdue=on&sort=due", False)
    assert answer["Location"] == f"/waiting-list/?overdue=on&sort=due&view={view.pk}"
    assert coordinator.get(f"/waiting-list/views/{view.pk}/")["Location"] == answer["Location"]

    page = coordinator.get(answer["Location"])
    assert page.context["views"].current == view
    assert not page.context["views"].is_changed
    assert "Rename, share or delete" in page.content.decode()
    other = coordinator.get(f"/waiting-list/?view={view.pk}")
    assert other.context["views"].is_changed

    coordinator.post(f"/waiting-list/views/{view.pk}/change/", {"name": "Overdue", "shared": "on"})
    view.refresh_from_db()
    assert (view.name, view.shared) == ("Overdue", True)


def test_a_deleted_view_can_be_had_back_at_once(world: World, coordinator: Client) -> None:
    view = kept(world, shared=True)
    answer = coordinator.post(f"/waiting-list/views/{view.pk}/delete/")
    assert not WaitingView.objects.exists()
    page = coordinator.get(answer["Location"])
    deleted = page.context["deleted"]
    assert deleted == {"name": "Mine", "query": "overdue=on", "shared": True}
    coordinator.post(SAVE, {"name": deleted["name"], "query": deleted["query"], "shared": "on"})
    assert WaitingView.objects.filter(name="Mine", query="overdue=on", shared=True).exists()
    assert coordinator.get("/waiting-list/").context["deleted"] is None


def test_shared_views_are_everybody_s_to_open_and_nobody_s_to_change(world: World, anaesthetist: Client) -> None:
    shared, own = kept(world, name="All", shared=True), kept(world)
    menu = anaesthetist.get("/waiting-list/").context["views"]
    assert (menu.own, menu.shared) == ([], [shared])
    assert "overdue=on" in anaesthetist.get(f"/waiting-list/views/{shared.pk}/")["Location"]
    closed = anaesthetist.get(f"/waiting-list/views/{own.pk}/")
    assert closed["Location"] == "/waiting-list/"
    assert "is not shared any more" in str(next(iter(get_messages(closed.wsgi_request))))
    for view in (shared, own):
        assert anaesthetist.get(f"/waiting-list/views/{view.pk}/change/").status_code == 404
        assert anaesthetist.post(f"/waiting-list/views/{view.pk}/change/", {"name": "x"}).status_code == 404
        assert anaesthetist.post(f"/waiting-list/views/{view.pk}/delete/").status_code == 404
    assert WaitingView.objects.count() == 2


@pytest.mark.parametrize("role", ["booking_clerk", "surgeon", "anaesthetist", "theatre_nurse", "ward_nurse"])
def test_who_sees_the_list_keeps_views_but_shares_none(world: World, role: str) -> None:
    user = UserFactory(role=role)
    client = client_of(user)
    assert "shared" not in client.get(SAVE).context["form"].fields
    client.post(SAVE, {"name": "Mine", "query": "", "shared": "on"})
    assert WaitingView.objects.get(owner=user).shared is False
    with refused(NotAllowedError):
        save_view(actor=user, name="x", query="", shared=True)


@pytest.mark.parametrize("role", ["manager", "privacy_officer", "administrator"])
def test_who_does_not_see_the_list_keeps_none(world: World, role: str) -> None:
    user = UserFactory(role=role)
    with refused(NotAllowedError):
        save_view(actor=user, name="x", query="")


def test_a_view_whose_parts_are_gone_still_opens(world: World, coordinator: Client) -> None:
    surgeon = StaffMemberFactory()
    view = kept(world, query=f"surgeon={surgeon.pk}&overdue=on")
    surgeon.delete()
    page = coordinator.get(coordinator.get(f"/waiting-list/views/{view.pk}/")["Location"])
    assert page.context["form"].left_out == ["surgeon"]
    assert "not there any more" in page.content.decode()
    WaitingView.objects.all().delete()
    assert "was deleted" in coordinator.get(f"/waiting-list/?view={view.pk}").content.decode()
    assert coordinator.get(f"/waiting-list/views/{view.pk}/")["Location"] == "/waiting-list/"


def test_names_that_won_t_do(world: World, coordinator: Client) -> None:
    view, other = kept(world), kept(world, name="Other")
    for name in ("", "  ", "x" * 61, "Mine"):
        answer = coordinator.post(SAVE, {"name": name, "query": "paused=on"})
        assert answer.status_code == 422
        assert 'value="paused=on"' in answer.content.decode()
    assert coordinator.post(f"/waiting-list/views/{other.pk}/change/", {"name": "Mine"}).status_code == 422
    assert coordinator.post(f"/waiting-list/views/{view.pk}/change/", {"name": "Mine"}).status_code == 302
    with refused(InvalidPlanError):
        save_view(actor=world.coordinator, name="Long", query="x" * 501)


def test_nobody_keeps_more_views_than_can_be_overlooked(world: World) -> None:
    for number in range(MOST_VIEWS):
        kept(world, name=f"View {number}")
    with refused(InvalidPlanError):
        save_view(actor=world.coordinator, name="One more", query="")


def test_more_views_take_no_more_queries(world: World, coordinator: Client) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            coordinator.get("/waiting-list/")
        return len(captured)

    kept(world)
    count()
    one = count()
    for number in range(2):
        kept(world, name=f"More {number}", shared=True, owner=UserFactory())
    assert count() == one

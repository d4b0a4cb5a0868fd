"""What an absence that was entered later has hit, and its repair."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import RoleAssignment
from resources.models import Resource, Shift, Unavailability
from scheduling.models import Operation, ReservationRole, Status
from scheduling.period import Period
from scheduling.selectors.affected import affected
from scheduling.services import InvalidPlanError, substitute_resource, undo_change
from tests.factories import BedFactory, EquipmentItemFactory, SiteFactory, StaffMemberFactory, UserFactory
from tests.scheduling.services.reading import held
from tests.scheduling.services.refusing import refused
from tests.scheduling.views.conftest import client_of
from tests.scheduling.world import World


def away(world: World, resource: Resource, kind: str = "sickness") -> Unavailability:
    period = Period(world.at(0), world.at(0, days=1)).as_range()
    return Unavailability.objects.create(resource=resource, kind=kind, period=period, note="Influenza")


@pytest.fixture
def operation(world: World) -> Operation:
    return world.booked(world.at(10), members=world.whole_team(), lead=world.surgeon)


def only(world: World):
    found, total = affected(world.coordinator)
    assert total == 1
    return found[0]


def test_nothing_is_affected(world: World, operation: Operation) -> None:
    assert affected(world.coordinator) == ([], 0)
    page = client_of(world.coordinator).get("/affected/").content.decode()
    assert "No booked operation is affected" in page


def test_a_nurse_is_sick_and_the_one_with_the_fewest_minutes_takes_over(world: World, operation: Operation) -> None:
    much, little = (StaffMemberFactory(profession="scrub_nurse", name=name) for name in ("A. Much", "Z. Little"))
    world.booked(world.at(10), theatre=world.two, members=[(little, "scrub_nurse")])  # not free then
    free = StaffMemberFactory(profession="scrub_nurse", name="F. Free")
    world.booked(world.at(13), members=[(much, "scrub_nurse")])
    StaffMemberFactory(profession="radiographer")
    away(world, world.nurse)

    one = only(world)

    assert [item.resource.pk for item in one.substitutes] == [free.pk, much.pk]
    assert [item.minutes for item in one.substitutes] == [0, 80]
    answer = client_of(world.coordinator).post("/affected/", {"choice": one.choice}, follow=True)
    assert "1 operation repaired." in answer.content.decode()
    assert "scrub_nurse F. Free" in held(operation)
    assert affected(world.coordinator) == ([], 0)


def test_who_is_rostered_elsewhere_or_away_takes_over_nothing(world: World, operation: Operation) -> None:
    rostered = StaffMemberFactory(profession="scrub_nurse", rostered=True)
    sick = StaffMemberFactory(profession="scrub_nurse")
    away(world, sick)
    away(world, world.nurse)
    found, _ = affected(world.coordinator, absence_id=Unavailability.objects.get(resource=world.nurse).pk)
    assert found[0].substitutes == []
    Shift.objects.create(staff_member=rostered, period=Period(world.at(7), world.at(19)).as_range())
    found, _ = affected(world.coordinator)
    assert [item.resource.pk for item in found[0].substitutes] == [rostered.pk]


def test_a_device_and_a_bed_get_another_one(world: World, operation: Operation) -> None:
    item, bed = EquipmentItemFactory(type=world.item.type), BedFactory(bed_kind=world.bed.bed_kind)
    EquipmentItemFactory()
    away(world, world.item, "maintenance")
    away(world, world.bed, "closure")
    found, _ = affected(world.coordinator)
    assert {one.substitutes[0].resource.pk for one in found} == {item.pk, bed.pk}


@pytest.mark.parametrize("what", ["theatre", "surgeon"])
def test_a_closed_theatre_and_a_surgeon_who_is_away_move_the_operation(world: World, what: str) -> None:
    operation = world.booked(world.at(10), lead=world.surgeon)
    away(world, world.one if what == "theatre" else world.surgeon, "closure" if what == "theatre" else "leave")
    one = only(world)
    assert one.slot is not None
    client = client_of(world.coordinator)
    client.post("/affected/", {"choice": one.choice})
    operation.refresh_from_db()
    assert operation.version == 3
    assert (operation.theatre_id, operation.starts_at) == (one.slot.theatre_id, one.slot.period.start)
    assert affected(world.coordinator) == ([], 0)


def test_what_has_begun_is_over_or_waits_is_not_asked_about(world: World, operation: Operation) -> None:
    away(world, world.nurse)
    Operation.objects.filter(pk=operation.pk).update(status=Status.IN_THEATRE)
    assert affected(world.coordinator) == ([], 0)


def test_one_absence_of_several(world: World, operation: Operation) -> None:
    first, second = away(world, world.nurse), away(world, world.anaesthetist)
    assert [row.absence for row in affected(world.coordinator, absence_id=second.pk)[0]] == [second]
    client = client_of(world.coordinator)
    text = client.get(f"/affected/?absence={first.pk}").content.decode()
    assert "I. Carvalho" in text
    assert "Dr F. Adeyinka" not in text


def test_somebody_was_faster_and_the_others_are_done_all_the_same(world: World, operation: Operation) -> None:
    StaffMemberFactory(profession="scrub_nurse")
    other = world.booked(world.at(14), members=[(world.nurse, ReservationRole.SCRUB_NURSE)])
    away(world, world.nurse)
    rows, _ = affected(world.coordinator)
    assert [row.operation for row in rows] == [operation, other]
    choices = [rows[0].choice.replace(f":{operation.version}:", ":1:", 1), rows[1].choice]
    text = client_of(world.coordinator).post("/affected/", {"choice": choices}, follow=True).content.decode()
    assert "1 operation repaired." in text
    assert f"Case {operation.pk}: This was changed meanwhile" in text


@pytest.mark.parametrize(
    "choice",
    ["", "x", "move:1:1:1", "delete:1:1:1:1", "move:1:1:1:x", "substitute:999999:1:1:1", f"move:1:1:1:{9**17}"],
)
def test_what_can_t_be_read_changes_nothing(world: World, operation: Operation, choice: str) -> None:
    answer = client_of(world.coordinator).post("/affected/", {"choice": choice}, follow=True)
    assert answer.status_code == 200
    assert "repaired" not in answer.content.decode()
    assert Operation.objects.get(pk=operation.pk).version == operation.version


def test_nothing_ticked(world: World) -> None:
    text = client_of(world.coordinator).post("/affected/", {}, follow=True).content.decode()
    assert "Nothing was ticked" in text


def test_a_theatre_nurse_may_substitute_but_not_move(world: World) -> None:
    operation = world.booked(world.at(10), lead=world.surgeon)
    away(world, world.one, "closure")
    client = client_of(UserFactory(role="theatre_nurse"))
    answer = client.post("/affected/", {"choice": only(world).choice}, follow=True)
    assert f"Case {operation.pk}: you may not do this." in answer.content.decode()


def test_substituting_can_be_undone_and_needs_somebody_on_the_team(world: World, operation: Operation) -> None:
    nurse = StaffMemberFactory(profession="scrub_nurse", name="N. New")
    done = substitute_resource(
        actor=world.coordinator, operation_id=operation.pk, version=2, resource_id=world.nurse.pk, by_id=nurse.pk
    )
    assert "scrub_nurse N. New" in held(operation)
    undo_change(actor=world.coordinator, change_id=done.changes.latest("version").pk)
    assert "scrub_nurse I. Carvalho" in held(operation)
    with refused(InvalidPlanError):
        substitute_resource(
            actor=world.coordinator, operation_id=operation.pk, version=4, resource_id=nurse.pk, by_id=nurse.pk
        )


def test_another_lead_surgeon(world: World, operation: Operation) -> None:
    done = substitute_resource(
        actor=world.coordinator,
        operation_id=operation.pk,
        version=2,
        resource_id=world.surgeon.pk,
        by_id=world.other_surgeon.pk,
    )
    assert done.lead_surgeon_id == world.other_surgeon.pk


def test_more_absences_take_the_queries_of_their_searches_only(world: World, coordinator: Client) -> None:
    """Nobody is free: each row asks who is, and nothing else."""
    for hour in (10, 13):
        world.booked(world.at(hour), members=[(world.nurse, "scrub_nurse")])
    absence = away(world, world.nurse)
    Unavailability.objects.update(period=Period(world.at(9), world.at(12)).as_range())

    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            coordinator.get("/affected/")
        return len(captured)

    count()
    one = count()
    Unavailability.objects.filter(pk=absence.pk).update(period=absence.period)
    assert count() - one == 1


def test_saving_an_absence_in_the_admin_leads_there(world: World, operation: Operation) -> None:
    user = UserFactory(role="coordinator", is_staff=True)
    client = client_of(user)
    day = world.day
    fields = {
        "resource": world.nurse.pk,
        "kind": "sickness",
        "period_0": f"{day}T00:00",
        "period_1": f"{day + timedelta(days=1)}T00:00",
        "note": "",
    }
    answer = client.post("/admin/resources/unavailability/add/", fields, follow=True)
    absence = Unavailability.objects.get()
    assert f'href="/affected/?absence={absence.pk}"' in answer.content.decode()


def test_a_role_of_one_site_is_told_what_it_may_not_and_the_rest_is_done(world: World) -> None:
    site = SiteFactory()
    world.two.site = site
    world.two.save()
    clerk = UserFactory(role="booking_clerk")
    RoleAssignment.objects.get(user=clerk).sites.add(site)
    operation = world.booked(world.at(10), theatre=world.two)
    at = int(world.at(13).timestamp())
    choices = [f"move:{operation.pk}:2:{world.one.pk}:{at}", f"move:{operation.pk}:2:{world.two.pk}:{at}"]
    text = client_of(clerk).post("/affected/", {"choice": choices}, follow=True).content.decode()
    assert "1 operation repaired." in text
    assert f"Case {operation.pk}: you may not do this." in text

"""What an absence that was entered later has hit, and its repair."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import RoleAssignment, User
from resources.models import Resource, Shift, Unavailability
from scheduling.models import Operation, ReservationRole, Status
from scheduling.period import Period
from scheduling.selectors.affected import affected
from scheduling.services import InvalidPlanError, substitute_resources, undo_change
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


def test_why_a_person_is_away_is_for_those_who_keep_the_roster(world: World, operation: Operation) -> None:
    away(world, world.nurse)
    away(world, world.item, "maintenance")

    def told(viewer: User) -> list[str]:
        return sorted(one.why for one in affected(viewer)[0])

    nurse = UserFactory(role="theatre_nurse")
    assert told(world.coordinator) == ["Out of service: Influenza", "Sickness: Influenza"]
    assert told(nurse) == ["Away", "Out of service: Influenza"]
    world.nurse.user = nurse
    world.nurse.save()
    assert told(nurse) == ["Out of service: Influenza", "Sickness: Influenza"]


def test_substituting_can_be_undone_and_needs_somebody_on_the_team(world: World, operation: Operation) -> None:
    nurse = StaffMemberFactory(profession="scrub_nurse", name="N. New")
    done = substitute_resources(
        actor=world.coordinator, operation_id=operation.pk, version=2, substitutes={world.nurse.pk: nurse.pk}
    )
    assert "scrub_nurse N. New" in held(operation)
    undo_change(actor=world.coordinator, change_id=done.changes.latest("version").pk)
    assert "scrub_nurse I. Carvalho" in held(operation)
    with refused(InvalidPlanError):
        substitute_resources(
            actor=world.coordinator, operation_id=operation.pk, version=4, substitutes={99999: nurse.pk}
        )


def test_another_lead_surgeon(world: World, operation: Operation) -> None:
    done = substitute_resources(
        actor=world.coordinator,
        operation_id=operation.pk,
        version=2,
        substitutes={world.surgeon.pk: world.other_surgeon.pk},
    )
    assert done.lead_surgeon_id == world.other_surgeon.pk


def test_one_and_three_take_as_many_queries(world: World, coordinator: Client) -> None:
    StaffMemberFactory(profession="scrub_nurse")
    for hour in (10, 13, 16):
        world.booked(world.at(hour), members=[(world.nurse, "scrub_nurse")])
    absence = away(world, world.nurse)
    Unavailability.objects.update(period=Period(world.at(9), world.at(12)).as_range())

    def count() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as captured:
            text = coordinator.get("/affected/").content.decode()
        return text.count('name="choice"'), len(captured)

    count()
    (one, queries) = count()
    Unavailability.objects.filter(pk=absence.pk).update(period=absence.period)
    assert one == 1
    assert count() == (3, queries)


def test_two_of_one_team_are_away_and_one_decision_repairs_both(world: World, operation: Operation) -> None:
    nurse = StaffMemberFactory(profession="scrub_nurse", name="N. New")
    doctor = StaffMemberFactory(profession="anaesthetist", name="Dr N. New")
    for one in (world.nurse, world.anaesthetist):
        away(world, one)
    rows, total = affected(world.coordinator)
    assert total == 2
    assert {row.substitutes[0].resource.pk for row in rows} == {nurse.pk, doctor.pk}

    answer = client_of(world.coordinator).post("/affected/", {"choice": [row.choice for row in rows]}, follow=True)

    assert "1 operation repaired." in answer.content.decode()
    assert {"scrub_nurse N. New", "anaesthetist Dr N. New"} <= held(operation).keys()
    change = operation.changes.latest("version")
    assert (change.version, change.verb) == (3, "assigned")
    assert affected(world.coordinator) == ([], 0)
    Unavailability.objects.all().delete()  # undoing puts back whom it can put back
    undo_change(actor=world.coordinator, change_id=change.pk)
    assert {"scrub_nurse I. Carvalho", "anaesthetist Dr F. Adeyinka"} <= held(operation).keys()


def test_one_of_two_is_replaced_while_the_other_is_still_away(world: World, operation: Operation) -> None:
    StaffMemberFactory(profession="scrub_nurse", name="N. New")
    for one in (world.nurse, world.anaesthetist):
        away(world, one)
    rows, _ = affected(world.coordinator)
    choices = [row.choice for row in rows if row.choice]
    assert len(choices) == 1  # nobody is free for the anaesthetist
    client_of(world.coordinator).post("/affected/", {"choice": choices})
    assert "scrub_nurse N. New" in held(operation)
    assert [row.reservation.resource_id for row in affected(world.coordinator)[0]] == [world.anaesthetist.pk]


def test_nobody_is_proposed_twice_for_the_same_time(world: World, operation: Operation) -> None:
    other = StaffMemberFactory(profession="scrub_nurse", name="O. Other")
    world.booked(world.at(10), theatre=world.two, members=[(other, "scrub_nurse")])
    StaffMemberFactory(profession="scrub_nurse", name="F. Free")
    for one in (world.nurse, other):
        away(world, one)
    rows, _ = affected(world.coordinator)
    assert [len(row.substitutes) for row in rows] == [1, 0]
    text = client_of(world.coordinator).post(
        "/affected/", {"choice": [r.choice for r in rows if r.choice]}, follow=True
    )
    assert "1 operation repaired." in text.content.decode()


def test_who_is_replaced_in_one_case_may_be_the_same_in_the_next(world: World, operation: Operation) -> None:
    world.booked(world.at(14), members=[(world.nurse, "scrub_nurse")])
    free = StaffMemberFactory(profession="scrub_nurse")
    away(world, world.nurse)
    rows, _ = affected(world.coordinator)
    assert [row.substitutes[0].resource.pk for row in rows] == [free.pk, free.pk]
    text = client_of(world.coordinator).post("/affected/", {"choice": [row.choice for row in rows]}, follow=True)
    assert "2 operations repaired." in text.content.decode()


def test_who_lacks_nothing_but_the_week_s_minutes_comes_first_by_the_hospital_s_week(world: World) -> None:
    """What somebody works in the week before does not count."""
    operation = world.booked(world.at(10), members=[(world.nurse, "scrub_nurse")])
    before, idle = (StaffMemberFactory(profession="scrub_nurse", name=name) for name in ("A. Before", "B. Idle"))
    world.booked(world.at(10, days=-3), members=[(before, "scrub_nurse")])  # a Saturday
    away(world, world.nurse)
    (row,), _ = affected(world.coordinator)
    assert row.operation == operation
    assert [(one.resource.pk, one.minutes) for one in row.substitutes] == [(before.pk, 0), (idle.pk, 0)]


def test_a_theatre_and_its_surgeon_are_away_and_one_move_does_both(world: World) -> None:
    operation = world.booked(world.at(10), lead=world.surgeon, members=[(world.nurse, "scrub_nurse")])
    away(world, world.one, "closure")
    away(world, world.surgeon, "leave")
    away(world, world.nurse)
    rows, total = affected(world.coordinator)
    assert total == 3
    assert [bool(row.choice) for row in rows] == [True, False, False]
    text = client_of(world.coordinator).get("/affected/").content.decode()
    assert text.count("Comes with the move above") == 2
    client_of(world.coordinator).post("/affected/", {"choice": [row.choice for row in rows if row.choice]})
    operation.refresh_from_db()
    assert operation.version == 3
    assert affected(world.coordinator) == ([], 0)


def test_a_closed_theatre_s_cases_are_not_sent_to_the_same_place(world: World) -> None:
    cases = [world.booked(world.at(hour)) for hour in (10, 12)]
    world.booked(world.at(6), theatre=world.two, anaesthesia_minutes=15, surgery_minutes=17 * 60)
    away(world, world.one, "closure")
    rows, _ = affected(world.coordinator)
    places = [row.slot for row in rows]
    assert all(places)
    choices = [row.choice for row in rows]
    text = client_of(world.coordinator).post("/affected/", {"choice": choices}, follow=True).content.decode()
    assert "2 operations repaired." in text
    assert {Operation.objects.get(pk=case.pk).version for case in cases} == {3}


def test_places_are_looked_for_a_few_at_a_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduling.selectors.affected.SEARCHED", 1)
    for hour in (10, 14):
        world.booked(world.at(hour))
    away(world, world.one, "closure")
    rows, _ = affected(world.coordinator)
    assert [(bool(row.slot), row.is_later) for row in rows] == [(True, False), (False, True)]
    assert "once those above are decided" in client_of(world.coordinator).get("/affected/").content.decode()


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

"""Credentials that end, and the operations that they hit."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from resources.models import Credential, StaffCredential, StaffMember, Unavailability
from scheduling.models import Operation, Status
from scheduling.period import Period
from scheduling.selectors.affected import Repair, affected
from scheduling.selectors.credentials import ending_credentials, lapsed_leads
from tests.factories import PatientFactory, ProcedureFactory, SpecialtyFactory, StaffMemberFactory, UserFactory
from tests.scheduling.views.conftest import client_of
from tests.scheduling.world import World

TODAY = timezone.localdate()


@pytest.fixture
def robotics(world: World) -> Credential:
    credential = Credential.objects.create(code="robotics", name="robotic surgery")
    world.procedure.credentials.add(credential)
    StaffCredential.objects.create(staff_member=world.surgeon, credential=credential)
    return credential


@pytest.fixture
def operation(world: World, robotics: Credential) -> Operation:
    return world.booked(world.at(10), lead=world.surgeon)


def ends(world: World, robotics: Credential, days: int, who: StaffMember | None = None) -> None:
    """Let the credential end so many days after the world's day."""
    held, _ = StaffCredential.objects.get_or_create(staff_member=who or world.surgeon, credential=robotics)
    held.valid_until = world.day + timedelta(days=days)
    held.save()


def only(world: World) -> Repair:
    (one,), total = lapsed_leads(world.coordinator)
    assert total == 1
    return one


def test_a_credential_that_ends_later_affects_nothing(world: World, robotics: Credential, operation: Operation) -> None:
    for days in (0, 1):
        ends(world, robotics, days)
        assert lapsed_leads(world.coordinator) == ([], 0)


def test_one_that_is_ended_after_the_booking_moves_the_operation_to_before(
    world: World, robotics: Credential, operation: Operation, coordinator: Client
) -> None:
    ends(world, robotics, -1)
    one = only(world)
    last = world.day - timedelta(days=1)
    assert one.why == f"credential for robotic surgery ends on {last:%a %d %b %Y}"
    assert one.slot is not None
    assert timezone.localtime(one.slot.period.start).date() == last
    page = coordinator.get("/affected/").content.decode()
    assert one.why in page
    assert one.choice in page

    answer = coordinator.post("/affected/", {"choice": one.choice}, follow=True)

    assert "1 operation repaired." in answer.content.decode()
    operation.refresh_from_db()
    assert operation.starts_at == one.slot.period.start
    assert lapsed_leads(world.coordinator) == ([], 0)


def test_where_no_day_is_left_another_lead_who_holds_it_is_proposed(
    world: World, robotics: Credential, operation: Operation, coordinator: Client
) -> None:
    ends(world, robotics, -1000)
    much, little, none, elsewhere, sick, busy = (
        StaffMemberFactory(name=name)
        for name in ("A. Much", "B. Little", "C. None", "D. Elsewhere", "E. Sick", "F. Busy")
    )
    for surgeon in (much, little, none, sick, busy):
        surgeon.specialties.add(world.specialty)
    for surgeon in (much, little, elsewhere, sick, busy):
        StaffCredential.objects.create(staff_member=surgeon, credential=robotics)
    ends(world, robotics, 0, little)  # the last day on which it counts
    ends(world, robotics, -1, none)
    plain = ProcedureFactory(specialty=world.specialty)
    world.booked(world.at(14), lead=much, procedure=plain)
    world.booked(world.at(10), theatre=world.two, lead=busy, procedure=plain)
    day = Period(world.at(0), world.at(0, days=1)).as_range()
    Unavailability.objects.create(resource=sick, kind="sickness", period=day)

    one = only(world)

    assert one.slot is None
    assert [(item.resource.pk, item.minutes) for item in one.substitutes] == [(little.pk, 0), (much.pk, 45)]
    coordinator.post("/affected/", {"choice": one.choice})
    operation.refresh_from_db()
    assert operation.lead_surgeon_id == little.pk
    assert lapsed_leads(world.coordinator) == ([], 0)


def test_nobody_and_no_day(world: World, robotics: Credential, operation: Operation, coordinator: Client) -> None:
    StaffCredential.objects.all().delete()
    one = only(world)
    assert (one.why, one.choice) == ("holds no credential for robotic surgery", "")
    assert 'name="choice"' not in coordinator.get("/affected/").content.decode()


def test_one_that_begins_later(world: World, robotics: Credential, operation: Operation) -> None:
    begins = world.day + timedelta(days=1)
    StaffCredential.objects.update(valid_from=begins)
    assert only(world).why == f"credential for robotic surgery begins on {begins:%a %d %b %Y}"


def test_what_is_not_asked_about(world: World, robotics: Credential, operation: Operation, coordinator: Client) -> None:
    ends(world, robotics, -1)
    world.booked(world.at(13), lead=world.surgeon, procedure=ProcedureFactory(specialty=world.specialty))
    world.booked(world.at(15))  # without a lead
    world.waiting(lead_surgeon=world.surgeon)
    assert only(world).operation == operation
    absence = Unavailability.objects.create(
        resource=world.surgeon, kind="leave", period=Period(world.at(0), world.at(0, days=1)).as_range()
    )
    for url in ("/affected/", f"/affected/?absence={absence.pk}"):  # told once, with the absence
        assert [row.absence for row in coordinator.get(url).context["affected"]].count(None) == 0
    Operation.objects.filter(pk=operation.pk).update(status=Status.IN_THEATRE)
    assert lapsed_leads(world.coordinator) == ([], 0)


def test_only_operations_that_are_open_to_one(world: World, robotics: Credential) -> None:
    world.booked(world.at(10), lead=world.surgeon, patient=PatientFactory(confidential=True))
    ends(world, robotics, -1)
    assert lapsed_leads(UserFactory(role="booking_clerk")) == ([], 0)
    elsewhere = UserFactory(role="theatre_nurse", role__specialties=[SpecialtyFactory()])
    world.booked(world.at(13), lead=world.other_surgeon, procedure=ProcedureFactory(specialty=world.specialty))
    assert lapsed_leads(elsewhere) == ([], 0)
    assert [one.operations for one in ending_credentials(elsewhere)] == [[]]


def test_the_page_lists_what_ends_soon_and_what_is_booked_after(
    world: World, robotics: Credential, operation: Operation, coordinator: Client
) -> None:
    def hold(days: int, **person: object) -> StaffMember:
        surgeon = StaffMemberFactory(**person)
        last = TODAY + timedelta(days=days)
        StaffCredential.objects.create(staff_member=surgeon, credential=robotics, valid_until=last)
        return surgeon

    last, today = hold(90), hold(0)
    hold(91)
    hold(-1)  # ended, and nothing asks for it
    hold(10, in_use=False)
    StaffCredential.objects.filter(staff_member=world.surgeon).update(valid_until=TODAY - timedelta(days=3))

    answer = coordinator.get("/credentials/")

    found = answer.context["endings"]
    assert [(one.held.staff_member_id, one.days_left, one.operations) for one in found] == [
        (world.surgeon.pk, -3, [operation]),
        (today.pk, 0, []),
        (last.pk, 90, []),
    ]
    page = answer.content.decode()
    assert f"Case {operation.pk}" in page
    assert operation.patient.family_name not in page
    assert 'href="/credentials/"' in coordinator.get("/affected/").content.decode()


def test_nothing_ends(world: World, coordinator: Client) -> None:
    assert "No credential ends within 90 days" in coordinator.get("/credentials/").content.decode()


@pytest.mark.parametrize(("role", "status"), [("theatre_nurse", 200), ("booking_clerk", 200), ("surgeon", 403)])
def test_who_may(world: World, role: str, status: int) -> None:
    assert client_of(UserFactory(role=role)).get("/credentials/").status_code == status


def test_as_many_queries_for_three_as_for_one(world: World, robotics: Credential, coordinator: Client) -> None:
    """The searches of the affected page come on top, as for absences; what is beyond them is not looked at."""

    def count() -> int:
        coordinator.get("/credentials/")
        with CaptureQueriesContext(connection) as captured:
            coordinator.get("/credentials/")
        return len(captured)

    counts = []
    for more in (1, 2):
        for _ in range(more):
            surgeon = StaffMemberFactory()
            StaffCredential.objects.create(staff_member=surgeon, credential=robotics)
            world.booked(world.at(4 + 3 * StaffCredential.objects.count()), lead=surgeon)
        StaffCredential.objects.update(valid_until=TODAY)
        counts.append(count())
        StaffCredential.objects.update(valid_until=None)
    assert counts[0] == counts[1]


def test_affected_by_an_absence_stays_what_it_was(world: World, robotics: Credential, operation: Operation) -> None:
    ends(world, robotics, -1)
    assert affected(world.coordinator) == ([], 0)

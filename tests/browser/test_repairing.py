"""A nurse is sick: what that hits is found, and one decision repairs all of it."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from resources.models import Profession, StaffMember, Unavailability
from scheduling.models import Operation, ReservationRole
from scheduling.services import assign_resource, book_operation
from tests.browser.conftest import Hospital, OpenPage
from tests.browser.test_pages import violations
from tests.factories import StaffMemberFactory

pytestmark = pytest.mark.browser


@pytest.fixture
def nurse(hospital: Hospital) -> StaffMember:
    """Return a scrub nurse who is on the teams of two operations of the day."""
    nurse = StaffMemberFactory(name="I. Carvalho", profession=Profession.SCRUB_NURSE)
    actor = hospital.coordinator
    assign_resource(
        actor=actor, operation_id=hospital.booked.pk, version=2, resource_id=nurse.pk, role=ReservationRole.SCRUB_NURSE
    )
    book_operation(
        actor=actor,
        operation_id=hospital.other.pk,
        version=1,
        theatre_id=hospital.second.pk,
        start=hospital.at("13:00"),
        members=[(nurse.pk, ReservationRole.SCRUB_NURSE)],
    )
    return nurse


def enter_sickness(page: Page, name: str, hospital: Hospital) -> None:
    """Fill in the admin's form, as the person who takes the call does."""
    page.locator(".field-resource .select2-selection").click()
    page.locator(".select2-search__field").fill(name)
    page.get_by_role("option", name=name).click()
    page.get_by_label("Kind").select_option("sickness")
    page.get_by_label("From").fill(f"{hospital.day}T00:00")
    page.get_by_label("Until").fill(f"{hospital.day + timedelta(days=1)}T00:00")
    page.get_by_role("button", name="Save", exact=True).click()


def test_a_nurse_s_sickness_finds_and_repairs_its_operations(
    hospital: Hospital, nurse: StaffMember, open_page: OpenPage
) -> None:
    doctor = StaffMemberFactory(name="Dr F. Adeyinka", profession=Profession.ANAESTHETIST)
    assign_resource(
        actor=hospital.coordinator,
        operation_id=hospital.booked.pk,
        version=3,
        resource_id=doctor.pk,
        role=ReservationRole.ANAESTHETIST,
    )
    for name, profession in (("N. Okafor", Profession.SCRUB_NURSE), ("Dr P. Lund", Profession.ANAESTHETIST)):
        StaffMemberFactory(name=name, profession=profession)
    hospital.coordinator.is_staff = True
    hospital.coordinator.save()
    page = open_page("/admin/resources/unavailability/add/", hospital.coordinator)
    enter_sickness(page, "Dr F. Adeyinka", hospital)
    expect(page.locator(".success")).to_be_visible()
    page.goto("/admin/resources/unavailability/add/")
    enter_sickness(page, "I. Carvalho", hospital)

    page.get_by_role("link", name="See which booked operations this affects").click()
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(2)  # of the one absence that was entered
    expect(rows.first).to_contain_text("ADAMS, Ann")
    expect(rows.first).to_contain_text("N. Okafor instead")
    assert violations(page) == []
    page.goto("/affected/")
    expect(rows).to_have_count(3)  # two of one team
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(3)
    page.get_by_role("button", name="Do what is ticked").click()

    expect(page.locator("main")).to_contain_text("2 operations repaired.")
    expect(page.locator("main")).to_contain_text("No booked operation is affected")
    assert Unavailability.objects.count() == 2
    page.goto(f"/operations/{hospital.booked.pk}/")
    team = page.locator("#team tbody")
    expect(team).to_contain_text("N. Okafor")
    expect(team).to_contain_text("Dr P. Lund")
    expect(team).not_to_contain_text("Carvalho")
    last = page.locator(".history li").first
    expect(last).to_contain_text("Jo Marsh")
    expect(last).to_contain_text("N. Okafor")
    expect(last).to_contain_text("Dr P. Lund")
    page.goto(f"/operations/{hospital.other.pk}/")
    expect(team).to_contain_text("N. Okafor")
    assert Operation.objects.get(pk=hospital.booked.pk).version == 5  # both in one change


def test_a_repair_is_taken_back(hospital: Hospital, nurse: StaffMember, open_page: OpenPage) -> None:
    StaffMemberFactory(name="N. Okafor", profession=Profession.SCRUB_NURSE)
    hospital.coordinator.is_staff = True
    hospital.coordinator.save()
    page = open_page("/admin/resources/unavailability/add/", hospital.coordinator)
    enter_sickness(page, "I. Carvalho", hospital)
    page.get_by_role("link", name="See which booked operations this affects").click()
    page.get_by_role("checkbox").last.uncheck()
    page.get_by_role("button", name="Do what is ticked").click()
    expect(page.locator("main")).to_contain_text("1 operation repaired.")
    expect(page.locator("tbody tr")).to_have_count(1)
    Unavailability.objects.all().delete()  # she comes after all
    page.goto(f"/operations/{hospital.booked.pk}/")
    page.get_by_role("button", name="Undo this").first.click()
    expect(page.locator("#team tbody")).to_contain_text("I. Carvalho")

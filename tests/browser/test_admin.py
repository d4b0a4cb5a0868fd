"""The admin under the site's content security policy: searching selects, more rows, calendars."""

import pytest
from playwright.sync_api import expect

from accounts.models import RoleAssignment
from resources.models import OpeningHours, Unavailability
from tests.browser.conftest import Hospital, OpenPage
from tests.factories import FeatureFactory, UserFactory

pytestmark = pytest.mark.browser


def test_a_theatre_is_changed_with_its_hours_and_features(hospital: Hospital, open_page: OpenPage) -> None:
    FeatureFactory(name="Laminar flow")
    administrator = UserFactory(role="administrator", is_staff=True)
    page = open_page("/admin/resources/theatre/", administrator)
    page.get_by_role("link", name="Theatre 1").click()
    page.locator(".field-features .select2-search__field").fill("lam")
    page.get_by_role("option", name="Laminar flow").click()
    page.get_by_role("button", name="Add another closure or absence").click()
    page.locator("#id_unavailabilities-0-kind").select_option("closure")
    page.locator("#id_unavailabilities-0-period_0").fill("2099-03-02T08:00")
    page.locator("#id_opening_hours-0-DELETE").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".success")).to_contain_text("was changed successfully")

    assert [feature.name for feature in hospital.first.features.all()] == ["Laminar flow"]
    assert OpeningHours.objects.filter(theatre=hospital.first).count() == 6
    assert Unavailability.objects.get().period.upper is None


def test_a_closure_and_a_block_are_added_by_searching(hospital: Hospital, open_page: OpenPage) -> None:
    hospital.coordinator.is_staff = True
    hospital.coordinator.save()
    page = open_page("/admin/resources/unavailability/add/", hospital.coordinator)
    page.locator(".field-resource .select2-selection").click()
    page.locator(".select2-search__field").fill("Theatre 2")
    page.get_by_role("option", name="Theatre 2").click()
    page.get_by_label("Kind").select_option("maintenance")
    page.get_by_label("From").fill("2099-03-02T08:00")
    page.get_by_label("Until").fill("2099-03-02T07:00")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".errorlist").first).to_contain_text("The end has to be after the start.")
    page.get_by_label("Until").fill("2099-03-02T09:00")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".success")).to_be_visible()
    page.goto("/admin/resources/blocktemplate/add/")
    page.locator(".field-valid_from .datetimeshortcuts a").first.click()
    assert page.locator("#id_valid_from").input_value() != ""

    assert Unavailability.objects.get().resource_id == hospital.second.pk


def test_patients_are_searched_without_a_name_in_the_address(hospital: Hospital, open_page: OpenPage) -> None:
    hospital.coordinator.is_staff = True
    hospital.coordinator.save()
    page = open_page("/admin/patients/patient/", hospital.coordinator)
    page.get_by_role("searchbox", name="Search").fill("brown")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#result_list tbody tr")).to_have_count(1)

    assert "brown" not in page.content().replace('value="brown"', "").split("<main")[0]
    assert "brown" not in page.url


def test_a_role_is_given(hospital: Hospital, open_page: OpenPage) -> None:
    administrator = UserFactory(role="administrator", is_staff=True)
    page = open_page("/admin/accounts/user/add/", administrator)
    page.get_by_label("E-mail address").fill("New.Person@Example.org")
    page.get_by_label("Password:", exact=True).fill("a-long-enough-phrase")
    page.get_by_label("Password confirmation:").fill("a-long-enough-phrase")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("button", name="Add another Role").click()
    page.locator("#id_role_assignments-0-role").select_option("surgeon")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".success")).to_be_visible()

    assert RoleAssignment.objects.get(user__email="new.person@example.org").role == "surgeon"

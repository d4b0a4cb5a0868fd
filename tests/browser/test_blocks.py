"""A quarter of blocks is laid out, a surgeon releases a session, a colleague claims it, the coordinator approves."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from resources.models import TheatreSession
from tests.browser.conftest import Hospital, OpenPage
from tests.browser.test_pages import violations
from tests.factories import SpecialtyFactory, StaffMemberFactory, TheatreSessionFactory, UserFactory

pytestmark = pytest.mark.browser


def test_a_quarter_of_blocks_is_laid_out(hospital: Hospital, open_page: OpenPage) -> None:
    specialty = hospital.booked.specialty
    page = open_page("/blocks/", hospital.coordinator)
    expect(page.locator("main")).to_contain_text("Nothing is laid out yet.")
    page.get_by_role("link", name="Templates").click()
    page.get_by_role("link", name="New block: Theatre 1, day 2 of the week").click()
    page.get_by_label("Starts").fill("08:00")
    page.get_by_label("Ends").fill("13:00")
    page.get_by_label("Repeats every").fill("2")
    page.get_by_label("Week of the cycle").fill("3")
    page.get_by_label("Specialty").select_option(str(specialty.pk))
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main")).to_contain_text("The cycle does not have this week")
    expect(page.get_by_label("Ends")).to_have_value("13:00")  # nothing of what was typed is lost
    page.get_by_label("Repeats every").fill("1")
    page.get_by_label("Week of the cycle").fill("1")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main")).to_contain_text("No day is changed before you lay it out.")
    assert not TheatreSession.objects.exists()

    page.get_by_role("link", name="laid out").click()
    expect(page.locator(".tally div", has_text="New sessions")).to_contain_text("13")
    assert violations(page) == []
    page.get_by_role("button", name="Lay out").click()
    expect(page.locator("main")).to_contain_text("Laid out: 13 sessions written.")
    sessions = list(TheatreSession.objects.order_by("day"))
    assert [row.day - sessions[0].day for row in sessions] == [timedelta(weeks=n) for n in range(13)]

    page.goto(f"/blocks/{sessions[5].day}/")
    page.locator(".block-chip").click()
    other = SpecialtyFactory(name="Ophthalmology")
    page.reload()
    page.locator("#change").get_by_label("Specialty").select_option(str(other.pk))
    page.get_by_label("This and the following ones").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main")).to_contain_text("8 sessions are changed.")
    assert TheatreSession.objects.filter(specialty=other).count() == 8
    page.goto("/blocks/lay-out/?" + f"first={sessions[0].day}&last={sessions[-1].day}")
    expect(page.locator("main")).to_contain_text("Nothing would change")


def test_time_is_released_claimed_and_approved(hospital: Hospital, open_page: OpenPage) -> None:
    specialty = hospital.booked.specialty
    owner, colleague = UserFactory(role="surgeon"), UserFactory(role="surgeon")
    for person, user in ((hospital.khan, owner), (StaffMemberFactory(name="Ms V. Rao"), colleague)):
        person.user = user
        person.save()
        person.specialties.add(specialty)
    day = timezone.localdate() + timedelta(days=20)
    session = TheatreSessionFactory(theatre=hospital.second, day=day, specialty=specialty, surgeon=hospital.khan)
    theirs = open_page(f"/sessions/{session.pk}/", owner)
    theirs.locator("#release").get_by_label("Reason").fill("Conference")
    theirs.get_by_role("button", name="Release").click()
    expect(theirs.locator("main")).to_contain_text("You can take it back while nobody has filled it.")
    expect(theirs.locator("h1")).to_contain_text("Open to the specialty until")
    assert violations(theirs) == []

    page = open_page("/blocks/open/", colleague)
    expect(page.locator("tbody tr")).to_contain_text("Conference")
    page.get_by_role("link", name="Claim").click()
    page.get_by_role("button", name="Claim").click()
    expect(page.locator("main")).to_contain_text("It waits for the approval.")

    approving = open_page("/blocks/", hospital.coordinator)
    approving.get_by_role("link", name="Requests 1").click()
    approving.get_by_role("button", name="Approve").click()
    expect(approving.locator("main")).to_contain_text("Approved and done.")
    session.refresh_from_db()
    assert session.surgeon is not None
    assert session.surgeon.name == "Ms V. Rao"
    theirs.reload()
    expect(theirs.locator("main")).to_contain_text("new owner since")
    expect(theirs.get_by_role("button", name="Take back")).to_have_count(0)

"""The pages of the block schedule: what they refuse, keep and show."""

from datetime import time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from resources.models import BlockTemplate, Holiday, TheatreSession
from scheduling.block_owners import BlockAccess
from scheduling.period import Period
from scheduling.selectors.misplaced import misplaced
from scheduling.services.time_requests import want_time
from tests.factories import BlockTemplateFactory, SpecialtyFactory, TheatreSessionFactory, UserFactory
from tests.scheduling.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(world: World) -> Client:
    client = Client()
    client.force_login(world.coordinator)
    return client


def page(name: str, *args: Any) -> str:
    return reverse(f"scheduling:{name}", args=args)


def typed(session: TheatreSession, **more: Any) -> dict[str, Any]:
    return {
        "version": session.version,
        "owner_kind": "specialty",
        "specialty": session.specialty_id,
        "starts": "08:00",
        "ends": "18:00",
        "scope": "one",
        **more,
    }


def test_a_refused_change_keeps_what_was_typed(world: World, client: Client) -> None:
    session = TheatreSessionFactory(theatre=world.one, day=world.day)
    answer = client.post(page("session-change", session.pk), typed(session, starts="18:00", ends="09:00", note="Late"))
    assert answer.status_code == 422
    assert "The end has to be after the start" in answer.content.decode()
    assert 'value="Late"' in answer.content.decode()
    answer = client.post(page("session-change", session.pk), typed(session, version=7))
    assert answer.status_code == 409
    assert "changed meanwhile" in answer.content.decode()


def test_a_session_that_goes_with_the_change_of_its_block_leads_to_its_week(world: World, client: Client) -> None:
    """A holiday was entered since it was laid out."""
    template = BlockTemplateFactory(theatre=world.one, specialty=world.specialty, weekday=world.day.isoweekday())
    session = TheatreSessionFactory(theatre=world.one, day=world.day, template=template, by_hand=False)
    Holiday.objects.create(day=world.day, name="Founders' day")
    fields = typed(session, specialty=world.specialty.pk, scope="following")
    answer = client.post(page("session-change", session.pk), fields, follow=True)
    assert answer.redirect_chain == [(page("blocks", world.day), 302)]
    assert answer.status_code == 200
    assert not TheatreSession.objects.exists()


def test_what_is_booked_in_time_that_changed_hands_is_told_with_a_place(world: World, client: Client) -> None:
    session = TheatreSessionFactory(theatre=world.one, day=world.day, specialty=world.specialty)
    operation = world.booked(world.at(9))
    answer = client.post(
        page("session-change", session.pk), typed(session, specialty=SpecialtyFactory().pk), follow=True
    )
    assert "1 booked operation" in answer.content.decode()
    (repair,), total = misplaced(world.coordinator, session)
    assert (repair.operation, total) == (operation, 1)
    assert repair.slot is not None
    address = f"{page('affected')}?session={session.pk}"
    assert operation.patient.display_name in client.get(address).content.decode()
    client.post(address, {"choice": repair.choice})
    operation.refresh_from_db()
    assert operation.theatre == world.two
    assert misplaced(world.coordinator, session) == ([], 0)
    assert "Everything that is booked in this session" in client.get(address).content.decode()


def test_nothing_is_moved_by_itself(world: World, client: Client) -> None:
    session = TheatreSessionFactory(theatre=world.one, day=world.day, specialty=world.specialty)
    operation = world.booked(world.at(9))
    before = Period.of(operation.period)
    client.post(page("session-change", session.pk), typed(session, owner_kind="closed", specialty=""))
    operation.refresh_from_db()
    assert (Period.of(operation.period), operation.theatre) == (before, world.one)


def test_the_week_takes_as_many_queries_for_three_sessions_as_for_one(
    world: World, client: Client, django_assert_max_num_queries: Any
) -> None:
    def count() -> int:
        with django_assert_max_num_queries(60) as queries:
            assert client.get(page("blocks", world.day)).status_code == 200
        return len(queries)

    TheatreSessionFactory(theatre=world.one, day=world.day)
    count()
    one = count()
    for hour in (19, 21):
        TheatreSessionFactory(theatre=world.one, day=world.day, starts=time(hour), ends=time(hour + 1))
        TheatreSessionFactory(theatre=world.two, day=world.day, starts=time(hour), ends=time(hour + 1))
    assert count() == one


def block(world: World) -> dict[str, Any]:
    """Return a block as it is typed: Monday mornings of the first theatre."""
    return {
        "theatre": world.one.pk,
        "weekday": 1,
        "starts": "08:00",
        "ends": "13:00",
        "cycle_weeks": 1,
        "week_of_cycle": 1,
        "owner_kind": "specialty",
        "specialty": world.specialty.pk,
    }


def test_a_template_is_saved_removed_and_refused(world: World, client: Client) -> None:
    fields = block(world)
    assert client.post(page("block-template-new"), fields).status_code == 302
    template = BlockTemplate.objects.get()
    answer = client.post(page("block-template-new"), fields)
    assert answer.status_code == 422
    assert "overlaps another block" in answer.content.decode()
    answer = client.post(page("block-template", template.pk), {**fields, "owner_kind": "surgeon"})
    assert answer.status_code == 422
    assert "Name what this kind of owner asks for" in answer.content.decode()
    assert client.post(page("block-template", template.pk), {"remove": "1"}).status_code == 302
    assert not BlockTemplate.objects.exists()


def test_a_block_that_somebody_changed_meanwhile_is_not_overwritten(world: World, client: Client) -> None:
    template = BlockTemplateFactory(theatre=world.one, specialty=world.specialty)
    address = page("block-template", template.pk)
    seen = client.get(address).context["form"]["seen"].value()
    assert f'value="{seen}"' in client.get(address).content.decode()
    for _ in range(2):  # a second press of the button is no other change
        assert client.post(address, {**block(world), "seen": seen, "ends": "12:00"}).status_code == 302
    late = client.post(address, {**block(world), "seen": seen, "starts": "09:00"})
    assert late.status_code == 409
    assert "changed this block meanwhile" in late.content.decode()
    template.refresh_from_db()
    assert (template.starts, template.ends) == (time(8), time(12))


@pytest.mark.parametrize("weeks", ["0", "-1", "5", "x", ""])
def test_a_cycle_has_one_to_four_weeks(world: World, client: Client, weeks: str) -> None:
    BlockTemplateFactory(theatre=world.one)
    answer = client.post(page("block-template-new"), {**block(world), "cycle_weeks": weeks})
    assert answer.status_code == 422
    assert BlockTemplate.objects.count() == 1


def test_a_preview_that_is_out_of_date_is_shown_again(world: World, client: Client) -> None:
    BlockTemplateFactory(theatre=world.one)
    days = {"first": world.day.isoformat(), "last": world.day.isoformat()}
    answer = client.post(page("lay-out"), {**days, "digest": "0" * 64})
    assert answer.status_code == 409
    assert not TheatreSession.objects.exists()


@pytest.mark.parametrize("address", ["open-time", "releases"])
@pytest.mark.parametrize("query", ["first=2026-13-40", "first=9999-12-31", "last=0001-01-01&minutes=x", "theatre=-1"])
def test_an_address_that_makes_no_sense_shows_what_there_is(client: Client, address: str, query: str) -> None:
    assert client.get(f"{page(address)}?{query}").status_code == 200


def test_a_nurse_sees_the_schedule_and_changes_nothing(world: World) -> None:
    client = Client()
    client.force_login(UserFactory(role="ward_nurse"))
    session = TheatreSessionFactory(theatre=world.one, day=timezone.localdate())
    text = client.get(page("session", session.pk)).content.decode()
    assert "Release time" not in text
    assert "Change" not in text
    assert client.post(page("session-change", session.pk), typed(session)).status_code == 403


def test_a_confidential_patient_is_busy_to_a_stranger(world: World) -> None:
    session = TheatreSessionFactory(theatre=world.one, day=world.day, specialty=world.specialty)
    operation = world.booked(world.at(9))
    operation.patient.confidential = True
    operation.patient.save()
    client = Client()
    client.force_login(UserFactory(role="anaesthetist"))
    text = client.get(page("session", session.pk)).content.decode()
    assert operation.patient.family_name not in text


def test_time_is_asked_for_in_the_name_of_ones_own_specialties(world: World, client: Client) -> None:
    limited = UserFactory(role="coordinator", role__specialties=[world.specialty])
    others = SpecialtyFactory()
    assert set(BlockAccess(limited).asks_for or ()) == {world.specialty.pk}
    assert BlockAccess(world.coordinator).asks_for is None
    client.force_login(limited)
    wish = {"specialty": others.pk, "minutes": 60, "first": world.day.isoformat(), "last": world.day.isoformat()}
    assert client.post(page("time-requests"), wish).status_code == 422
    assert client.post(page("time-requests"), {**wish, "specialty": world.specialty.pk}).status_code == 302


def test_null_characters_are_left_out_of_an_answer(world: World, client: Client) -> None:
    wish = {"minutes": 60, "first": world.day, "last": world.day, "surgeon_id": None}
    request = want_time(actor=world.coordinator, specialty_id=world.specialty.pk, **wish)
    address = page("time-request-answer", request.pk)
    answer = client.post(address, {"verb": "decline", "answer": "\x00"}, follow=True)
    assert "Say why" in answer.content.decode()
    client.post(address, {"verb": "decline", "answer": "\x00Full\x00 then"})
    request.refresh_from_db()
    assert (request.state, request.answer) == ("declined", "Full then")
    assert client.get(page("time-requests")).status_code == 200


@pytest.mark.parametrize(
    "days", [("9999-12-31", "9999-12-31"), ("9999-12-01", "9999-12-31"), ("2199-12-31", "2200-01-01")]
)
def test_days_that_no_calendar_shows_are_not_laid_out(client: Client, days: tuple[str, str]) -> None:
    asked = dict(zip(("first", "last"), days, strict=True))
    for answer in (client.get(page("lay-out"), asked), client.post(page("lay-out"), {**asked, "digest": "0" * 64})):
        assert answer.status_code == 422
        assert "Check the year" in answer.content.decode()


@pytest.mark.parametrize(("day", "status"), [("9999-12-31", 422), ("2200-01-01", 422), ("2199-12-31", 302)])
def test_a_session_is_added_on_days_that_calendars_show(world: World, client: Client, day: str, status: int) -> None:
    fields = {"theatre": world.one.pk, "starts": "08:00", "ends": "00:00", "owner_kind": "open"}
    answer = client.post(page("session-new"), {**fields, "day": day})
    assert answer.status_code == status
    assert ("Check the year" in answer.content.decode()) is (status == 422)
    assert TheatreSession.objects.exists() is (status == 302)
    assert client.get(page("blocks", "2199-12-31")).status_code == 200
    assert client.get(page("lay-out")).status_code == 200

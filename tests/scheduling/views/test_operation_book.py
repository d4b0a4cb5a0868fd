"""Book by the form and by the timeline's script."""

from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from scheduling.models import Operation, OperationChange, ReservationRole, Status
from scheduling.status import PLACED
from tests.factories import PatientFactory
from tests.scheduling.views.conftest import Script
from tests.scheduling.world import World


def url(operation: Operation) -> str:
    return f"/operations/{operation.pk}/book/"


def place(world: World, **fields: Any) -> dict[str, Any]:
    start = world.at(10).isoformat()
    return {"theatre": world.one.pk, "start": start, "minutes": 60, "version": 1, **fields}


def typed(world: World, **fields: Any) -> dict[str, Any]:
    """What the form sends: a day and a time instead of an instant."""
    return {"theatre": world.one.pk, "day": world.day, "time": "10:00", "minutes": 60, "version": 1, **fields}


def test_the_script_is_told_what_was_done(world: World, script: Script) -> None:
    operation = world.waiting(patient=PatientFactory(family_name="Brown", given_name="Bob"))
    response = script(url(operation), **place(world, minutes=75))
    change = OperationChange.objects.get(operation=operation, verb="booked")
    assert (response.status_code, response.json()) == (
        200,
        {
            "ok": True,
            "change": change.pk,
            "operation": operation.pk,
            "version": 2,
            "message": f"BROWN, Bob: Theatre 1, {world.day:%a %d %b %Y} 10:00–11:15.",
        },
    )


def test_the_script_is_told_why_not_and_what_is_free(world: World, script: Script) -> None:
    world.booked(world.at(10))
    operation = world.waiting()
    answer = script(url(operation), **place(world))
    told = answer.json()
    assert (answer.status_code, told["ok"], told["kind"], told["overridable"]) == (409, False, "conflict", False)
    assert [(item["rule"], item["severity"]) for item in told["conflicts"]] == [("theatre_busy", "hard")]
    assert told["slots"][0] == {
        "theatre": world.two.pk,
        "theatre_name": "Theatre 2",
        "start": world.at(10).isoformat(),
        "end": world.at(11).isoformat(),
        "label": f"Theatre 2, {world.day:%a %d %b %Y} 10:00–11:00",
    }
    assert Operation.objects.get(pk=operation.pk).status == Status.WAITING


def test_the_slots_fit_the_length_and_the_surgeon_that_were_asked(world: World, script: Script) -> None:
    world.booked(world.at(10))
    world.booked(world.at(10), theatre=world.two, lead=world.surgeon)
    operation = world.waiting()
    answer = script(url(operation), **place(world, minutes=120, surgeon=world.surgeon.pk))
    first = answer.json()["slots"][0]
    assert (first["start"], first["end"]) == (world.at(11, 20).isoformat(), world.at(13, 20).isoformat())


def test_a_soft_conflict_goes_through_with_a_reason(world: World, script: Script, clerk: Client) -> None:
    operation = world.waiting(due_on=world.day - timedelta(days=3))
    refused = script(url(operation), **place(world))
    assert (refused.status_code, refused.json()["overridable"]) == (409, True)
    # Who may not override is not offered it, and a reason sent all the same counts for nothing.
    assert script(url(operation), clerk, **place(world)).json()["overridable"] is False
    assert script(url(operation), clerk, **place(world, override_reason="Because")).status_code == 409
    assert script(url(operation), **place(world, override_reason="Was away")).status_code == 200


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"minutes": 0}, "minutes", "greater than or equal to 1"),
        ({"minutes": 2000}, "minutes", "less than or equal to 1440"),
        ({"start": "yesterday"}, "start", "no date and time"),
        ({"start": "2026-13-45T10:00"}, "start", "no date and time"),
        ({"start": "2101-11-23T10:00+00:00"}, "start", "five years ahead"),
        ({"start": "9999-12-31T10:00"}, "start", "Check the year"),
        ({"start": "0001-01-01T00:00+14:00"}, "start", "Check the year"),
        ({"theatre": 0}, "theatre", "not one of the available choices"),
        ({"theatre": ""}, "theatre", "Choose a theatre"),
        ({"version": ""}, "version", "required"),
        ({"surgeon": 0}, "surgeon", "not one of the available choices"),
        ({"start": "2027-03-28T01:30"}, "start", "does not exist"),
        ({"start": "2027-10-31T01:30"}, "start", "comes twice"),
        ({"slot": "x@y"}, "theatre", "This slot is not there any more"),
    ],
)
def test_a_wrong_field_is_named(
    fields: dict[str, Any], field: str, words: str, world: World, script: Script, settings: Any
) -> None:
    operation = world.waiting()
    answer = script(url(operation), **place(world, **fields))
    told = answer.json()
    assert (answer.status_code, told["kind"]) == (422, "invalid")
    assert words in " ".join(told["errors"][field])
    assert Operation.objects.get(pk=operation.pk).version == 1


def test_an_answer_to_which_time_is_taken(world: World, script: Script) -> None:
    operation = world.waiting()
    answer = script(url(operation), **place(world, start="2027-10-31T01:30", fold="1"))
    assert answer.status_code == 200
    assert Operation.objects.get(pk=operation.pk).starts_at.isoformat() == "2027-10-31T01:30:00+00:00"


def test_a_stale_version_says_who_was_faster(world: World, script: Script) -> None:
    operation = world.waiting()
    script(url(operation), **place(world))
    answer = script(url(operation), **place(world))
    assert (answer.status_code, answer.json()["kind"]) == (409, "stale")
    assert "Jo Marsh – booked" in answer.json()["message"]


def test_who_may_not_book_is_refused_in_the_same_language(world: World, script: Script, ward_nurse: Client) -> None:
    answer = script(url(world.waiting()), ward_nurse, **place(world))
    assert (answer.status_code, answer.json()["kind"]) == (403, "forbidden")


def test_the_page_goes_to_the_case(world: World, coordinator: Client) -> None:
    operation = world.waiting()
    response = coordinator.post(url(operation), typed(world))
    assert (response.status_code, response["Location"]) == (302, f"/operations/{operation.pk}/")


def test_a_refused_page_keeps_what_was_typed(world: World, coordinator: Client) -> None:
    world.booked(world.at(10))
    response: HttpResponse = coordinator.post(url(world.waiting()), typed(world, minutes=75))
    assert response.status_code == 409
    text = response.content.decode()
    assert "Theatre 1 is already booked" in text
    assert 'value="75"' in text
    assert 'value="10:00"' in text


def test_a_chosen_slot_counts_for_more_than_what_is_typed(world: World, coordinator: Client) -> None:
    operation = world.waiting()
    slot = f"{world.two.pk}@{world.at(12).isoformat()}"
    response = coordinator.post(url(operation), typed(world, theatre="", day="", time="", slot=slot))
    placed = Operation.objects.get(pk=operation.pk)
    assert (response.status_code, placed.theatre, placed.starts_at) == (302, world.two, world.at(12))


def test_the_team_is_booked_along(world: World, coordinator: Client) -> None:
    operation = world.waiting(bed_kind="recovery", bed_minutes=60)
    operation.staff_needs.create(role=ReservationRole.SCRUB_NURSE)
    operation.equipment_needs.create(equipment_type=world.item.type)
    members = {"member_1": world.nurse.pk, "member_2": world.item.pk, "member_3": world.bed.pk}
    assert coordinator.post(url(operation), typed(world, **members)).status_code == 302
    held = operation.reservations.filter(active=True).values_list("resource__name", "role")
    assert set(held) == {
        ("Theatre 1", "theatre"),
        ("I. Carvalho", "scrub_nurse"),
        ("C-arm 1", "equipment"),
        ("Recovery 1", "bed"),
    }


def test_the_form_starts_from_the_day_that_was_looked_at(world: World, coordinator: Client) -> None:
    response = coordinator.get(f"{url(world.waiting())}?day={world.day}")
    assert f'value="{world.day}"' in response.content.decode()


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        ("book", Status.CANCELLED, "it can’t become scheduled"),
        ("book", Status.IN_THEATRE, "it can’t become scheduled"),
        ("move", Status.WAITING, "Book it first"),
        ("move", Status.RECOVERY, "already started"),
        ("postpone", Status.WAITING, "not on the calendar"),
        ("cancel", Status.COMPLETED, "it can’t become cancelled"),
    ],
)
def test_a_form_that_can_only_fail_is_not_shown(
    world: World, coordinator: Client, command: str, status: Status, said: str
) -> None:
    placed = status in PLACED
    operation = world.booked(world.at(10)) if placed else world.waiting()
    Operation.objects.filter(pk=operation.pk).update(status=status)
    answer = coordinator.get(f"/operations/{operation.pk}/{command}/")
    assert (answer.status_code, answer.templates[0].name) == (409, "scheduling/operation_detail.html")
    assert said.replace("’", "&#x27;") in answer.content.decode()


def test_the_slots_beside_the_form_fit_what_it_says_now(world: World, coordinator: Client) -> None:
    world.booked(world.at(0), lead=world.surgeon, surgery_minutes=600)
    operation = world.waiting()
    address = f"/operations/{operation.pk}/slots/?choosing=1&day={world.day}"
    anybody = coordinator.get(address).context["offers"]["earliest"]
    busy = coordinator.get(f"{address}&surgeon={world.surgeon.pk}&minutes=60").context["offers"]["earliest"]
    long = coordinator.get(f"{address}&minutes=300&surgeon=").context["offers"]["earliest"]
    nonsense = coordinator.get(f"{address}&minutes=x&surgeon=0").context["offers"]["earliest"]
    assert busy[0][0].period.start >= world.at(10) > anybody[0][0].period.start
    assert long[0][0].period.minutes == 300
    assert [slot for slot, _ in nonsense] == [slot for slot, _ in anybody]


def test_a_slot_that_needs_a_reason_stays_in_the_form(world: World, coordinator: Client) -> None:
    operation = world.waiting(due_on=world.day - timedelta(days=3))
    slot = f"{world.two.pk}@{world.at(11).isoformat()}"
    sent = {"version": 1, "minutes": 60, "slot": slot, "theatre": "", "day": "", "time": ""}
    refused = coordinator.post(url(operation), sent)
    form = refused.context["form"]
    assert refused.status_code == 409
    shown = {name: str(form[name].value()) for name in ("theatre", "day", "time", "slot")}
    assert shown == {"theatre": str(world.two.pk), "day": f"{world.day}", "time": "11:00", "slot": ""}
    again = coordinator.post(url(operation), {**sent, **shown, "override_reason": "Was away"})
    assert again.status_code == 302
    assert Operation.objects.get(pk=operation.pk).starts_at == world.at(11)

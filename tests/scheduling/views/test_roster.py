"""The roster's pages."""

from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from resources.models import RosterAssignment, Shift, TeamNeed, Unavailability
from scheduling.models import ReservationRole
from scheduling.period import Period
from scheduling.querysets import local_midnight
from scheduling.rostering import seen_of
from scheduling.selectors.roster import Group, Roster, RosterFilter, roster
from tests.factories import (
    RosterAssignmentFactory,
    ShiftFactory,
    ShiftKindFactory,
    SiteFactory,
    SpecialtyFactory,
    StaffMemberFactory,
    TheatreSessionFactory,
    UserFactory,
)
from tests.scheduling.views.conftest import client_of
from tests.scheduling.world import World

pytestmark = pytest.mark.django_db
DAY = timezone.localdate() + timedelta(days=8 - timezone.localdate().weekday())
"""The Tuesday of next week."""


@pytest.fixture
def client() -> Client:
    """Sign in a coordinator."""
    return client_of(UserFactory(role="coordinator"))


def shown(**wanted: Any) -> Roster:
    return roster(UserFactory(role="coordinator"), RosterFilter(day=DAY, **wanted))


def group(shift_of: str = "scrub_nurse") -> Group:
    return next(one for one in shown().groups if one.profession == shift_of)


def absent(person: Any, kind: str = "sickness", day: date = DAY) -> Unavailability:
    period = Period(local_midnight(day), local_midnight(day + timedelta(days=1)))
    return Unavailability.objects.create(resource=person, kind=kind, period=period.as_range(), note="secret")


def test_a_week_of_people_and_shifts(client: Client) -> None:
    kind = ShiftKindFactory(name="Late", hue="amber")
    shift = ShiftFactory(on=DAY, kind=kind, staff_member__name="A. West")
    text = client.get(f"/roster/?week={DAY}").content.decode()
    assert "A. West" in text
    assert f'data-seen="{seen_of(shift)}"' in text
    assert "hue-amber" in text
    assert "8 h" in text
    assert f"week {DAY.isocalendar().week}" in text


def test_hours_are_without_absence_and_on_call_is_counted_beside() -> None:
    shift = ShiftFactory(on=DAY)
    ShiftFactory(on=DAY + timedelta(days=1), staff_member=shift.staff_member, on_call=True, ends=time(9))
    ShiftFactory(on=DAY + timedelta(days=2), staff_member=shift.staff_member)
    absent(shift.staff_member)
    (row,) = group().rows
    assert (row.minutes, row.on_call) == (480, 120)
    assert row.cells[1].absences == ["Sickness"]
    assert [len(cell.chips) for cell in row.cells] == [0, 1, 1, 1, 0, 0, 0]


def test_the_last_night_of_a_week_is_without_the_absence_of_the_next() -> None:
    sunday = DAY + timedelta(days=5)
    absent(ShiftFactory(on=sunday, starts=time(20), ends=time(7)).staff_member, day=sunday + timedelta(days=1))
    (row,) = group().rows
    assert row.minutes == 4 * 60
    assert [cell.absences for cell in row.cells] == [[]] * 7


def test_a_night_stands_on_the_day_on_which_it_begins() -> None:
    sunday = DAY + timedelta(days=5)
    shift = ShiftFactory(on=sunday, starts=time(20), ends=time(7))
    ShiftFactory(on=DAY - timedelta(days=2), starts=time(20), ends=time(7), staff_member=shift.staff_member)
    (row,) = group().rows
    assert [len(cell.chips) for cell in row.cells] == [0, 0, 0, 0, 0, 0, 1]
    assert row.minutes == 11 * 60
    assert row.cells[6].chips[0].times == "20:00–07:00"


@pytest.mark.parametrize(
    "query",
    [
        "week=x",
        "week=0001-01-01",
        "week=9999-12-31",
        "week=2199-12-31",
        "profession=x",
        "day=x&mine=maybe",
        "week=2020-12-31",
    ],
)
def test_an_address_that_makes_no_sense_shows_something(client: Client, query: str) -> None:
    assert client.get(f"/roster/?{query}").status_code == 200


def test_the_week_53_of_2020(client: Client) -> None:
    assert "week 53" in client.get("/roster/?week=2020-12-31").content.decode()


def test_my_shifts() -> None:
    user = UserFactory(role="theatre_nurse")
    mine, other = ShiftFactory(on=DAY, staff_member__user=user), ShiftFactory(on=DAY)
    found = roster(user, RosterFilter(day=DAY, mine=True))
    assert [row.number for one in found.groups for row in one.rows] == [mine.staff_member_id]
    text = client_of(user).get(f"/roster/?week={DAY}&mine=on").content.decode()
    assert other.staff_member.name not in text


def test_why_a_colleague_is_away_is_for_those_who_keep_the_roster() -> None:
    user = UserFactory(role="theatre_nurse")
    mine = ShiftFactory(on=DAY, staff_member__user=user, staff_member__name="A. Mine").staff_member
    other = ShiftFactory(on=DAY, staff_member__name="B. Other").staff_member
    absent(mine)
    absent(other)

    def words(viewer: Any) -> list[list[str]]:
        found = roster(viewer, RosterFilter(day=DAY)).groups[0].rows
        return [row.cells[1].absences for row in found]

    assert words(user) == [["Sickness"], ["Away"]]
    assert words(UserFactory(role="coordinator")) == [["Sickness"], ["Sickness"]]
    here = SiteFactory()
    mine.site = here
    mine.save()
    assert words(UserFactory(role="coordinator", role__sites=[here])) == [["Sickness"], ["Away"]]
    assert "secret" not in client_of(user).get(f"/roster/?week={DAY}").content.decode()


@pytest.mark.parametrize("role", ["surgeon", "anaesthetist", "theatre_nurse", "ward_nurse", "manager", "booking_clerk"])
def test_who_may_only_look_gets_nothing_to_change(role: str) -> None:
    shift = ShiftFactory(on=DAY)
    text = client_of(UserFactory(role=role)).get(f"/roster/?week={DAY}").content.decode()
    assert shift.staff_member.name in text
    for handle in ("data-move", "/roster/shifts/", "/roster/lay-out/", "/roster/absence/"):
        assert handle not in text


def test_a_role_of_one_site_has_handles_on_its_people_only() -> None:
    site = SiteFactory()
    inside, outside = ShiftFactory(on=DAY, staff_member__site=site), ShiftFactory(on=DAY)
    client = client_of(UserFactory(role="coordinator", role__sites=[site]))
    text = client.get(f"/roster/?week={DAY}").content.decode()
    assert f"/roster/shifts/{inside.pk}/" in text
    assert outside.staff_member.name in text
    assert f"/roster/shifts/{outside.pk}/" not in text
    assert client.get(f"/roster/shifts/{outside.pk}/").status_code == 403
    fields = {"seen": seen_of(outside), "day": DAY, "person": inside.staff_member_id}
    assert client.post(f"/roster/shifts/{outside.pk}/move/", fields).status_code == 403
    fields = {"seen": seen_of(inside), "day": DAY + timedelta(days=1), "person": outside.staff_member_id}
    assert client.post(f"/roster/shifts/{inside.pk}/move/", fields).status_code == 422
    text = client.get("/roster/shifts/new/").content.decode()
    assert inside.staff_member.name in text
    assert outside.staff_member.name not in text


def test_a_gap_says_how_many_when_it_is_worst() -> None:
    specialty = SpecialtyFactory()
    TeamNeed.objects.create(profession="scrub_nurse", quantity=2)
    TeamNeed.objects.create(specialty=specialty, profession="scrub_nurse", quantity=1)
    TheatreSessionFactory(day=DAY, ends=time(12))
    TheatreSessionFactory(day=DAY, starts=time(13))
    TheatreSessionFactory(day=DAY, specialty=specialty)
    TheatreSessionFactory(day=DAY, owner_kind="closed", specialty=None)
    shift = ShiftFactory(on=DAY, ends=time(13))
    ShiftFactory(on=DAY)

    gap = group().gaps[1]

    assert (gap.needed, gap.there, gap.missing) == (3, 0, 3)
    assert str(gap.period) == "15:00–18:00"
    assert [one.missing for one in group().gaps if one.day != DAY] == [0] * 6
    for person in (shift.staff_member, StaffMemberFactory(profession="scrub_nurse", rostered=True)):
        ShiftFactory(on=DAY, staff_member=person, starts=time(13), ends=time(20))
    gap = group().gaps[1]
    assert (gap.there, gap.missing, str(gap.period)) == (2, 1, "08:00–12:00")
    absent(shift.staff_member)
    assert group().gaps[1].missing == 2


def test_on_call_fills_what_is_kept_for_emergencies_and_nothing_else() -> None:
    TeamNeed.objects.create(profession="scrub_nurse", quantity=1)
    ShiftFactory(on=DAY, ends=time(20), on_call=True)
    TheatreSessionFactory(day=DAY, owner_kind="emergency", specialty=None)
    assert group().gaps[1].missing == 0
    TheatreSessionFactory(day=DAY)
    assert group().gaps[1].missing == 1


def test_gaps_are_said_in_words(client: Client) -> None:
    TeamNeed.objects.create(profession="scrub_nurse", quantity=2)
    TheatreSessionFactory(day=DAY)
    ShiftFactory(on=DAY, ends=time(20))
    text = client.get(f"/roster/?week={DAY}").content.decode()
    assert "1 missing" in text
    assert "1 gap this week" in text


def test_operations_left_without_a_shift_are_listed_without_the_patient(world: World) -> None:
    world.nurse.rostered = True
    world.nurse.save()
    shift = ShiftFactory(staff_member=world.nurse, on=world.day, ends=time(20))
    operation = world.booked(world.at(10), members=[(world.nurse, ReservationRole.SCRUB_NURSE)])
    coordinator, url = client_of(world.coordinator), f"/roster/?week={world.day}"
    assert "without a shift" not in coordinator.get(url).content.decode()
    coordinator.post(f"/roster/shifts/{shift.pk}/remove/", {"seen": seen_of(shift)})
    text = coordinator.get(url).content.decode()
    assert "1 booked operation has somebody without a shift" in text
    assert f'href="/operations/{operation.pk}/#team"' in text
    assert operation.patient.family_name.upper() not in text
    text = client_of(UserFactory(role="manager")).get(url).content.decode()
    assert f"/operations/{operation.pk}/" not in text


def test_add_change_remove_and_undo_without_script(client: Client) -> None:
    person, kind = ShiftFactory().staff_member, ShiftKindFactory(name="Late", starts=time(13), ends=time(21))
    fields = {"person": person.pk, "day": DAY, "kind": kind.pk, "starts": "", "ends": ""}
    back = f"week={DAY}&profession=scrub_nurse"
    answer = client.post(f"/roster/shifts/new/?back={back.replace('&', '%26')}", fields)
    assert (answer.status_code, answer["Location"]) == (302, f"/roster/?{back}")
    shift = Shift.objects.get(kind=kind)
    assert "Added: Late" in client.get(f"/roster/?{back}").content.decode()
    own = {**fields, "kind": "", "starts": "22:00", "ends": "06:00", "on_call": "on", "seen": seen_of(shift)}
    assert client.post(f"/roster/shifts/{shift.pk}/", own).status_code == 302
    shift.refresh_from_db()
    assert (shift.kind, shift.on_call, Period.of(shift.period).minutes) == (None, True, 480)
    client.post("/roster/undo/")
    shift.refresh_from_db()
    assert shift.kind == kind
    client.post(f"/roster/shifts/{shift.pk}/remove/", {"seen": seen_of(shift)})
    assert not Shift.objects.filter(kind=kind).exists()
    client.post("/roster/undo/")
    assert Shift.objects.filter(kind=kind).exists()
    client.post("/roster/undo/")
    assert not Shift.objects.filter(kind=kind).exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"starts": "08:00", "ends": "08:00"}, "a shift of 0 hours"),
        ({"starts": "08:00", "ends": ""}, "Choose a shift, or say from when"),
        ({"day": "2999-01-01"}, "Check the year"),
        ({"day": ""}, "This field is required"),
        ({"person": "0"}, "Select a valid choice"),
        ({"starts": "10:00", "ends": "18:00"}, "This overlaps another shift"),
    ],
)
def test_bad_input_is_said_and_nothing_is_written(client: Client, change: dict[str, str], said: str) -> None:
    shift = ShiftFactory(on=DAY)
    fields = {"person": shift.staff_member_id, "day": str(DAY), "starts": "16:00", "ends": "20:00", **change}
    answer = client.post("/roster/shifts/new/", fields)
    assert answer.status_code in (409, 422)
    assert said in answer.content.decode()
    assert Shift.objects.count() == 1


def test_a_time_that_the_clocks_skip_or_repeat(client: Client, settings: Any) -> None:
    settings.TIME_ZONE = "Europe/London"
    shift = ShiftFactory(on=DAY)
    for day, said in ((date(2027, 3, 28), "does not exist"), (date(2027, 10, 31), "comes twice")):
        fields = {"person": shift.staff_member_id, "day": day, "starts": "01:30", "ends": "06:00"}
        assert said in client.post("/roster/shifts/new/", fields).content.decode()


Move = Callable[..., Any]


@pytest.fixture
def move(client: Client) -> Move:
    def send(shift: Shift, day: date, person: int, seen: str = "") -> Any:
        fields = {"seen": seen or seen_of(shift), "day": day, "person": person}
        return client.post(f"/roster/shifts/{shift.pk}/move/", fields, headers={"accept": "application/json"})

    return send


def test_drag_and_undo(client: Client, move: Move) -> None:
    shift, other = ShiftFactory(on=DAY), ShiftFactory(on=DAY)
    answer = move(shift, DAY + timedelta(days=1), other.staff_member_id).json()
    assert answer["ok"] is True
    assert answer["message"].startswith("Changed: ")
    shift.refresh_from_db()
    assert timezone.localtime(shift.period.lower).date() == DAY + timedelta(days=1)
    assert client.post("/roster/undo/", headers={"accept": "application/json"}).json()["ok"] is True
    shift.refresh_from_db()
    assert timezone.localtime(shift.period.lower).date() == DAY
    client.session.flush()
    answer = client.post("/roster/undo/", headers={"accept": "application/json"})
    assert answer.status_code in (200, 302, 409)


def test_drag_is_refused_with_a_reason(client: Client, move: Move) -> None:
    shift = ShiftFactory(on=DAY)
    other = ShiftFactory(on=DAY)
    answer = move(shift, DAY, other.staff_member_id)
    assert (answer.status_code, answer.json()["kind"]) == (409, "refused")
    assert "This overlaps another shift" in answer.json()["message"]
    seen = seen_of(shift)
    assert move(shift, DAY + timedelta(days=1), shift.staff_member_id).json()["ok"] is True
    answer = move(shift, DAY, shift.staff_member_id, seen)
    assert (answer.status_code, answer.json()["kind"]) == (409, "stale")
    assert "it is now" in answer.json()["message"]
    page = client.post(f"/roster/shifts/{shift.pk}/remove/", {"seen": seen})
    assert page.status_code == 409
    assert "Somebody was faster" in page.content.decode()


def test_lay_out_with_a_preview(client: Client) -> None:
    assignment = RosterAssignmentFactory(week=[(1, 2, ShiftKindFactory(name="Early"))])
    asked = {"first": str(DAY), "last": str(DAY), "profession": "", "person": ""}
    text = client.get("/roster/lay-out/", asked).content.decode()
    assert "1 added" in text
    assert "1 assignment has no last day" in text
    assert Shift.objects.count() == 0
    digest = text.split('name="digest" value="')[1].split('"')[0]
    answer = client.post("/roster/lay-out/", {**asked, "digest": digest})
    assert answer["Location"].startswith(f"/roster/?week={DAY}")
    assert Shift.objects.get().assignment == assignment
    answer = client.post("/roster/lay-out/", {**asked, "digest": digest})
    assert answer.status_code == 409
    assert "changed meanwhile" in answer.content.decode()


@pytest.mark.parametrize(
    ("first", "days", "said"),
    [(-1, 5, "Past days are never touched"), (1, 366, "At most 366 days in one go"), (5, -1, "before the first")],
)
def test_what_can_t_be_laid_out(client: Client, first: int, days: int, said: str) -> None:
    RosterAssignmentFactory(week=[(1, 1, ShiftKindFactory())])
    start = timezone.localdate() + timedelta(days=first)
    asked = {"first": str(start), "last": str(start + timedelta(days=days))}
    assert said in client.get("/roster/lay-out/", asked).content.decode()
    assert client.post("/roster/lay-out/", {**asked, "digest": ""}).status_code == 422
    assert Shift.objects.count() == 0


def test_an_absence_leads_to_what_it_hits(client: Client) -> None:
    person = ShiftFactory(on=DAY).staff_member
    fields = {"person": person.pk, "kind": "sickness", "first": DAY, "last": DAY, "starts": "", "ends": "", "note": ""}
    answer = client.post("/roster/absence/", fields)
    absence = Unavailability.objects.get()
    assert answer["Location"] == f"/affected/?absence={absence.pk}"
    assert Period.of(absence.period) == Period(local_midnight(DAY), local_midnight(DAY + timedelta(days=1)))
    assert client.post("/roster/absence/", fields).status_code == 422
    wrong = {**fields, "last": DAY - timedelta(days=1)}
    assert "before the first" in client.post("/roster/absence/", wrong).content.decode()
    admin = client_of(UserFactory(role="administrator"))
    assert admin.post("/roster/absence/", {**fields, "kind": "leave"})["Location"] == "/roster/"


def count(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def test_three_people_take_the_queries_of_one(client: Client) -> None:
    TeamNeed.objects.create(profession="scrub_nurse")
    kind = ShiftKindFactory()

    def add() -> RosterAssignment:
        TheatreSessionFactory(day=DAY)
        assignment = RosterAssignmentFactory(week=[(1, 2, kind), (1, 4, kind)])
        absent(assignment.staff_member)
        ShiftFactory(on=DAY, staff_member=assignment.staff_member, kind=kind, assignment=assignment, day=DAY)
        return assignment

    add()
    urls = (f"/roster/?week={DAY}", f"/roster/lay-out/?first={DAY}&last={DAY + timedelta(days=6)}", "/roster/absence/")
    for url in urls:
        client.get(url)
    one = [count(client, url) for url in urls]
    add()
    add()
    assert [count(client, url) for url in urls] == one

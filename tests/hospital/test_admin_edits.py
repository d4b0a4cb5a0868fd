"""What administrators and coordinators do in the admin, and what it refuses."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from auditlog.models import LogEntry
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import User
from patients.models import Allergy, Patient
from resources.admin.in_use import INSTEAD
from resources.models import OpeningHours, RosterException, RosterPattern, Shift, Theatre, Unavailability
from scheduling.period import Period
from tests.factories import (
    OperationFactory,
    PatientFactory,
    ProcedureFactory,
    RosterAssignmentFactory,
    ShiftFactory,
    ShiftKindFactory,
    SpecialtyFactory,
    StaffMemberFactory,
    TheatreFactory,
    UserFactory,
    open_all_week,
)

pytestmark = pytest.mark.django_db
THEATRE = "/admin/resources/theatre/"
CLOSURE = "/admin/resources/unavailability/add/"
PEOPLE = "/admin/accounts/user/"


@pytest.fixture
def administrator() -> Client:
    return _signed_in(role="administrator", email="robin@example.org")


@pytest.fixture
def coordinator() -> Client:
    return _signed_in(role="coordinator")


def _signed_in(**fields: Any) -> Client:
    client = Client()
    client.force_login(UserFactory(is_staff=True, **fields))
    return client


def rows(prefix: str, *forms: dict[str, Any], stored: int = 0) -> dict[str, Any]:
    """Return an inline's part of a posted page."""
    data: dict[str, Any] = {f"{prefix}-TOTAL_FORMS": len(forms), f"{prefix}-INITIAL_FORMS": stored}
    for number, form in enumerate(forms):
        data |= {f"{prefix}-{number}-{name}": value for name, value in form.items()}
    return data


def closure(resource: Any, start: str, end: str, **more: Any) -> dict[str, Any]:
    return {"resource": resource.pk, "kind": "closure", "period_0": start, "period_1": end, **more}


def errors(answer: Any) -> Any:
    return answer.context["adminform"].form.errors


def test_an_administrator_saves_a_theatre_with_its_opening_hours(administrator: Client) -> None:
    answer = administrator.post(
        f"{THEATRE}add/",
        {"name": "Theatre 9", "code": "t9", "position": 9, "in_use": "on", "turnover_minutes": 20}
        | rows("opening_hours", {"weekday": 1, "opens": "08:00", "closes": "18:00"})
        | rows(
            "unavailabilities", {"kind": "closure", "period_0": "2027-01-04T08:00", "period_1": "", "note": "Flood"}
        ),
    )

    theatre = Theatre.objects.get(code="t9")
    assert (answer.status_code, theatre.name, theatre.turnover_minutes) == (302, "Theatre 9", 20)
    assert str(theatre.opening_hours.get()) == "Monday 08:00-18:00"
    assert theatre.unavailabilities.get().period.upper is None


def test_hours_in_the_wrong_order_are_refused(administrator: Client) -> None:
    theatre = TheatreFactory()
    answer = administrator.post(
        f"{THEATRE}{theatre.pk}/change/",
        {"name": "T", "code": "t", "position": 9, "turnover_minutes": 20}
        | rows("opening_hours", {"weekday": 1, "opens": "18:00", "closes": "08:00", "theatre": theatre.pk})
        | rows("unavailabilities"),
    )

    assert "A theatre closes after it opens. Use 00:00 for midnight." in answer.content.decode()
    assert OpeningHours.objects.count() == 0


def test_a_coordinator_closes_a_theatre_but_does_not_change_it(coordinator: Client) -> None:
    theatre = TheatreFactory(name="Theatre 1")

    assert coordinator.post(CLOSURE, closure(theatre, "2027-07-05T08:00", "2027-07-05T12:30")).status_code == 302
    assert coordinator.post(f"{THEATRE}{theatre.pk}/change/", {"name": "Mine"}).status_code == 403
    assert coordinator.post(f"{PEOPLE}add/", {"email": "a@example.org"}).status_code == 403

    period = Unavailability.objects.get(resource=theatre).period
    assert period.lower.isoformat() == "2027-07-05T07:00:00+00:00"
    assert f"{timezone.localtime(period.upper):%H:%M}" == "12:30"
    theatre.refresh_from_db()
    assert theatre.name == "Theatre 1"


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        ("2027-07-05T12:00", "2027-07-05T12:00", "The end has to be after the start."),
        ("2027-07-05T12:00", "2027-07-05T08:00", "The end has to be after the start."),
        ("", "2027-07-05T08:00", "Say from when."),
        ("", "", "This field is required."),
        ("soon", "2027-07-05T08:00", "Enter a valid date/time."),
        ("0001-01-01T00:00", "2027-07-05T08:00", "Check the year."),
        ("2027-07-05T08:00", "9999-12-31T23:59", "Check the year."),
        (
            "2027-03-28T01:30",
            "2027-03-28T05:00",
            "The clocks change at this time: it is skipped or comes twice. Choose another time.",
        ),
        (
            "2027-10-31T01:30",
            "2027-10-31T05:00",
            "The clocks change at this time: it is skipped or comes twice. Choose another time.",
        ),
    ],
)
def test_impossible_periods_are_refused(coordinator: Client, start: str, end: str, message: str) -> None:
    answer = coordinator.post(CLOSURE, closure(TheatreFactory(), start, end))

    assert errors(answer) == {"period": [message]}
    assert Unavailability.objects.count() == 0


def test_a_period_comes_back_as_it_was_typed(coordinator: Client) -> None:
    theatre = TheatreFactory()
    coordinator.post(CLOSURE, closure(theatre, "2027-07-05T08:00", ""))
    row = Unavailability.objects.get()
    page = coordinator.get(f"/admin/resources/unavailability/{row.pk}/change/").content.decode()

    assert 'name="period_0" value="2027-07-05T08:00"' in page
    assert "From – until" in coordinator.get("/admin/resources/unavailability/").content.decode()


def test_a_shift_needs_an_end_and_overlaps_no_other(coordinator: Client) -> None:
    member, url = StaffMemberFactory(rostered=True), "/admin/resources/shift/add/"
    first = {"staff_member": member.pk, "period_0": "2027-07-05T08:00", "period_1": "2027-07-05T16:00"}

    assert errors(coordinator.post(url, first | {"period_1": ""})) == {"period": ["Say until when."]}
    assert coordinator.post(url, first).status_code == 302
    again = coordinator.post(url, first | {"period_0": "2027-07-05T15:00", "period_1": "2027-07-05T20:00"})
    assert errors(again) == {"__all__": ["This overlaps another shift of the same person."]}
    assert Shift.objects.count() == 1


def test_a_pattern_has_no_week_after_its_last(coordinator: Client) -> None:
    shift = {"week": 2, "weekday": 1, "kind": ShiftKindFactory().pk}
    url, pattern = "/admin/resources/rosterpattern/add/", {"name": "Days"}
    answer = coordinator.post(url, {**pattern, "weeks": 1, **rows("shifts", shift)})
    assert "The pattern repeats every week: it has no week 2." in answer.content.decode()
    assert coordinator.post(url, {**pattern, "weeks": 2, **rows("shifts", shift)}).status_code == 302
    made = RosterPattern.objects.get()
    kept = {"id": made.shifts.get().pk, "pattern": made.pk, **shift}
    url = f"/admin/resources/rosterpattern/{made.pk}/change/"
    answer = coordinator.post(url, {**pattern, "weeks": 1, **rows("shifts", kept, stored=1)})
    assert "it has no week 2" in answer.content.decode()
    answer = coordinator.post(url, {**pattern, "weeks": 1, **rows("shifts", {**kept, "DELETE": "on"}, stored=1)})
    assert answer.status_code == 302
    assert not made.shifts.exists()


@pytest.fixture
def of_a_pattern() -> Shift:
    """Return tomorrow's shift of somebody's pattern, as laying out makes it."""
    day = timezone.localdate() + timedelta(days=1)
    kind = ShiftKindFactory()
    assignment = RosterAssignmentFactory(week=[(1, day.isoweekday(), kind)])
    person = assignment.staff_member
    return ShiftFactory(staff_member=person, assignment=assignment, kind=kind, day=day, by_hand=False)


SHIFT_AT_NOON = {"0": "2026-11-23T12:00", "1": "2026-11-23T20:00"}


def test_a_shift_of_a_pattern_that_is_changed_is_one_by_hand(coordinator: Client, of_a_pattern: Shift) -> None:
    url = f"/admin/resources/shift/{of_a_pattern.pk}/change/"
    same = {f"period_{end}": f"{timezone.localtime(at):%Y-%m-%dT%H:%M}" for end, at in _ends(of_a_pattern).items()}
    fields = {"staff_member": of_a_pattern.staff_member_id, "kind": of_a_pattern.kind_id}
    for period, by_hand in ((same, False), ({f"period_{end}": at for end, at in SHIFT_AT_NOON.items()}, True)):
        assert coordinator.post(url, {**fields, **period}).status_code == 302
        of_a_pattern.refresh_from_db()
        assert of_a_pattern.by_hand is by_hand


def test_a_shift_of_a_pattern_that_is_changed_beside_the_person_is_one_by_hand(
    administrator: Client, of_a_pattern: Shift
) -> None:
    _save_person(administrator, of_a_pattern, {f"period_{end}": at for end, at in SHIFT_AT_NOON.items()})
    of_a_pattern.refresh_from_db()
    assert of_a_pattern.by_hand is True


@pytest.mark.parametrize("way", ["page", "list", "person"])
def test_a_shift_of_a_pattern_that_is_deleted_is_not_laid_out_again(
    administrator: Client, of_a_pattern: Shift, way: str
) -> None:
    number, asked = of_a_pattern.pk, (of_a_pattern.assignment_id, of_a_pattern.day, of_a_pattern.kind_id)
    if way == "page":
        administrator.post(f"/admin/resources/shift/{number}/delete/", {"post": "yes"})
    elif way == "list":
        ticked = {"action": "delete_selected", "_selected_action": number, "post": "yes"}
        administrator.post("/admin/resources/shift/", ticked)
    else:
        same = {f"period_{end}": f"{timezone.localtime(at):%Y-%m-%dT%H:%M}" for end, at in _ends(of_a_pattern).items()}
        _save_person(administrator, of_a_pattern, {**same, "DELETE": "on"})
    assert not Shift.objects.exists()
    assert RosterException.objects.values_list("assignment", "day", "kind").get() == asked


def _ends(shift: Shift) -> dict[str, datetime]:
    period = Period.of(shift.period)
    return {"0": period.start, "1": period.end}


def _save_person(client: Client, shift: Shift, fields: dict[str, Any]) -> None:
    person = shift.staff_member
    data = {"name": person.name, "profession": person.profession, "in_use": "on", "rostered": "on"}
    row = {"id": shift.pk, "staff_member": person.pk, **fields}
    data |= {"supervises_at_once": 2} | rows("held_credentials") | rows("unavailabilities")
    answer = client.post(f"/admin/resources/staffmember/{person.pk}/change/", data | rows("shifts", row, stored=1))
    assert answer.status_code == 302


def test_two_new_shifts_that_overlap_are_refused_together(administrator: Client) -> None:
    member = StaffMemberFactory()
    answer = administrator.post(
        f"/admin/resources/staffmember/{member.pk}/change/",
        {"name": "Dr Adams", "profession": "surgeon", "supervises_at_once": 2}
        | rows("held_credentials")
        | rows(
            "shifts",
            {"period_0": "2027-07-05T08:00", "period_1": "2027-07-05T16:00", "staff_member": member.pk},
            {"period_0": "2027-07-05T15:00", "period_1": "2027-07-05T20:00", "staff_member": member.pk},
        )
        | rows("unavailabilities"),
    )

    assert "Two of these shifts overlap." in answer.content.decode()
    assert Shift.objects.count() == 0


def test_blocks_do_not_overlap(coordinator: Client) -> None:
    theatre, specialty = TheatreFactory(), SpecialtyFactory()
    block = {"theatre": theatre.pk, "weekday": 1, "starts": "08:00", "ends": "12:00", "specialty": specialty.pk}
    block |= {"owner_kind": "specialty", "cycle_weeks": 1, "week_of_cycle": 1}
    add = "/admin/resources/blocktemplate/add/"

    assert coordinator.post(add, block).status_code == 302
    (words,) = errors(coordinator.post(add, block | {"starts": "11:00", "ends": "13:00"}))["__all__"]
    assert words.startswith("This overlaps another block of the theatre")


def test_what_is_referred_to_is_not_deleted(administrator: Client) -> None:
    procedure = ProcedureFactory()
    OperationFactory(procedure=procedure)
    url = "/admin/scheduling/procedure/"
    chosen = {"action": "delete_selected", "_selected_action": [procedure.pk], "post": "yes"}

    for answer in (
        administrator.post(f"{url}{procedure.pk}/delete/", {"post": "yes"}),
        administrator.post(url, chosen),
    ):
        assert "would require deleting the following protected related objects" in answer.content.decode()
        assert answer.context["protected"] == ["operations", INSTEAD]
    procedure.refresh_from_db()


def test_deleting_says_what_goes_with_it(administrator: Client) -> None:
    theatre = TheatreFactory()
    open_all_week(theatre)
    page = administrator.get(f"{THEATRE}{theatre.pk}/delete/")

    assert dict(page.context["model_count"]) == {"theatres": 1, "opening hours": 7}
    assert page.context["protected"] == []


def test_a_theatre_that_was_never_used_is_deleted_with_its_closures(administrator: Client) -> None:
    theatre = TheatreFactory()
    administrator.post(CLOSURE, closure(theatre, "2027-07-05T08:00", ""))

    assert administrator.post(f"{THEATRE}{theatre.pk}/delete/", {"post": "yes"}).status_code == 302
    assert (Theatre.objects.count(), Unavailability.objects.count()) == (0, 0)


def test_out_of_use_and_back(administrator: Client) -> None:
    theatre = TheatreFactory()
    for action, in_use in (("take_out_of_use", False), ("bring_back_into_use", True)):
        administrator.post(THEATRE, {"action": action, "_selected_action": [theatre.pk]})
        theatre.refresh_from_db()
        assert theatre.in_use is in_use
        assert LogEntry.objects.get_for_object(theatre).first().changes_dict == {"in_use": [not in_use, in_use]}


def test_a_person_is_added_with_a_password_and_a_role(administrator: Client) -> None:
    phrase = "a-long-enough-phrase"
    answer = administrator.post(
        f"{PEOPLE}add/",
        {"email": "New.Person@Example.org", "usable_password": "true", "password1": phrase, "password2": phrase}
        | rows("role_assignments", {"role": "surgeon"}),
    )
    person = User.objects.get(email="new.person@example.org")

    assert answer.status_code == 302
    assert person.check_password(phrase)
    change = {"email": person.email, "family_name": "Person", "is_active": "on", "is_superuser": "on"}
    url, again = f"{PEOPLE}{person.pk}/change/", {"role": "surgeon", "user": person.pk}
    refused = administrator.post(url, change | rows("role_assignments", again))
    assert "Role assignment with this User and Role already exists." in refused.content.decode()
    administrator.post(url, change | rows("role_assignments", again | {"role": "manager"}))
    person.refresh_from_db()
    assert (person.family_name, person.is_superuser) == ("Person", False)
    assert set(person.role_assignments.values_list("role", flat=True)) == {"surgeon", "manager"}


def test_a_person_without_a_password_chooses_one_by_a_link(administrator: Client) -> None:
    administrator.post(
        f"{PEOPLE}add/", {"email": "new@example.org", "usable_password": "false"} | rows("role_assignments")
    )
    Client().post("/accounts/password/reset/", {"email": "new@example.org"})

    assert not User.objects.get(email="new@example.org").has_usable_password()
    assert "/accounts/password/reset/key/" in mail.outbox[0].body


def test_a_changed_address_signs_in_alone(administrator: Client) -> None:
    person = UserFactory(email="old@example.org")
    EmailAddress.objects.create(user=person, email="old@example.org", primary=True, verified=True)
    administrator.post(
        f"{PEOPLE}{person.pk}/change/", {"email": "new@example.org", "is_active": "on"} | rows("role_assignments")
    )

    assert User.objects.get(pk=person.pk).email == "new@example.org"
    assert EmailAddress.objects.count() == 0


def test_an_administrator_does_not_take_over_a_superuser(administrator: Client) -> None:
    root = UserFactory(is_superuser=True, is_staff=True)

    for answer in (
        administrator.post(f"{PEOPLE}{root.pk}/change/", {"email": "mine@example.org"}),
        administrator.post(f"{PEOPLE}{root.pk}/password/", {"password1": "x" * 20, "password2": "x" * 20}),
        administrator.post(f"{PEOPLE}{root.pk}/delete/", {"post": "yes"}),
    ):
        assert answer.status_code == 403
    administrator.post(PEOPLE, {"action": "switch_off", "_selected_action": [root.pk]})
    assert User.objects.get(pk=root.pk).is_active is True


def test_accounts_are_switched_off_except_ones_own(administrator: Client) -> None:
    person, own = UserFactory(), User.objects.get(email="robin@example.org")
    administrator.post(PEOPLE, {"action": "switch_off", "_selected_action": [person.pk, own.pk]})

    assert User.objects.get(pk=person.pk).is_active is False
    assert User.objects.get(pk=own.pk).is_active is True
    administrator.post(PEOPLE, {"action": "switch_on", "_selected_action": [person.pk]})
    assert User.objects.get(pk=person.pk).is_active is True


def test_patients_are_found_by_a_posted_search_alone(coordinator: Client) -> None:
    for name in ("Brown", "Clark"):
        PatientFactory(family_name=name)
    url = "/admin/patients/patient/"

    found = coordinator.post(url, {"q": "brown"})
    assert [patient.family_name for patient in found.context["cl"].result_list] == ["Brown"]
    assert "q=brown" not in found.content.decode()
    assert len(coordinator.get(url, {"q": "brown"}).context["cl"].result_list) == 2


def test_an_allergy_is_named_once(coordinator: Client) -> None:
    patient = PatientFactory()
    data = {"mrn": patient.mrn, "family_name": "B", "sex": "unknown", "allergy_status": "recorded", "language": "en"}
    twice = [{"substance": name, "patient": patient.pk} for name in ("Latex", "latex")]
    answer = coordinator.post(f"/admin/patients/patient/{patient.pk}/change/", data | rows("allergies", *twice))

    assert "A substance is named twice." in answer.content.decode()
    assert Allergy.objects.count() == 0
    assert Patient.objects.get().family_name != "B"

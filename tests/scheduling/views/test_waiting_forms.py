"""The panel of an operation that waits, and the list as a file."""

import csv
import io
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from accounts.audit.models import Access
from scheduling.models import Operation
from tests.factories import PatientFactory, UserFactory
from tests.scheduling.views.conftest import client_of
from tests.scheduling.world import World

TODAY = timezone.localdate()


def test_the_assessment_is_changed_and_shown(world: World, coordinator: Client) -> None:
    operation = world.waiting()
    fields = {"version": 1, "assessment": "fit", "fit_until": f"{TODAY + timedelta(days=60)}", "short_notice": "on"}
    assert coordinator.post(f"/operations/{operation.pk}/readiness/", fields).status_code == 302
    page = coordinator.get(f"/operations/{operation.pk}/").content.decode()
    assert f"Fit until {TODAY + timedelta(days=60):%a %d %b %Y}" in page
    assert "short notice" in coordinator.get("/waiting-list/?short_notice=on").content.decode()
    assert "Nothing matches" in coordinator.get("/waiting-list/?assessment=unfit").content.decode()


def test_a_refused_date_stays_in_its_field(world: World, coordinator: Client) -> None:
    operation = world.waiting()
    fields = {"version": 1, "assessment": "unfit", "fit_until": f"{TODAY}"}
    answer = coordinator.post(f"/operations/{operation.pk}/readiness/", fields)
    assert answer.status_code == 422
    assert "Only somebody who was found fit" in answer.content.decode()
    assert answer.context["waiting"].readiness["fit_until"].value() == f"{TODAY}"


def test_the_clock_is_paused_and_runs_again(world: World, coordinator: Client) -> None:
    operation = world.waiting(listed_on=TODAY - timedelta(days=20))
    fields = {"pause-version": 1, "pause-kind": "unavailable", "pause-starts": f"{TODAY - timedelta(days=3)}"}
    assert coordinator.post(f"/operations/{operation.pk}/pause/", fields).status_code == 302
    assert "Paused since" in coordinator.get(f"/operations/{operation.pk}/").content.decode()
    assert "1 operation" in coordinator.get("/waiting-list/?paused=on").content.decode()
    fields = {"resume-version": 2, "resume-ends": f"{TODAY}"}
    assert coordinator.post(f"/operations/{operation.pk}/resume/", fields).status_code == 302
    assert "(3 days)" in coordinator.get(f"/operations/{operation.pk}/").content.decode()


def test_who_may_only_look_sees_no_forms(world: World, anaesthetist: Client) -> None:
    operation = world.waiting()
    page = anaesthetist.get(f"/operations/{operation.pk}/").content.decode()
    assert "Not assessed yet" in page
    assert "/pause/" not in page


def rows(answer) -> list[dict[str, str]]:
    text = answer.content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_the_list_as_a_file_follows_the_filter_and_is_on_record(world: World, coordinator: Client) -> None:
    wanted = world.waiting(short_notice=True, patient=PatientFactory(family_name="=Evil()"))
    world.waiting()
    (row,) = rows(coordinator.get("/waiting-list/file/?short_notice=on"))
    assert (row["case"], row["mrn"], row["minutes"], row["short notice"]) == (
        str(wanted.pk),
        wanted.patient.mrn,
        "60",
        "yes",
    )
    assert row["patient"].startswith("'=EVIL()")
    assert Access.objects.get(patient_id=wanted.patient_id, view="scheduling:waiting-list-csv").kind == "export"


def test_a_confidential_patient_is_not_named_in_the_file(world: World) -> None:
    operation = world.waiting(patient=PatientFactory(confidential=True))
    (row,) = rows(client_of(UserFactory(role="booking_clerk")).get("/waiting-list/file/"))
    assert (row["case"], row["mrn"], row["patient"]) == (str(operation.pk), "", "Confidential")


def test_the_file_has_everybody(world: World, coordinator: Client) -> None:
    for _ in range(3):
        world.waiting()
    assert len(rows(coordinator.get("/waiting-list/file/"))) == Operation.objects.count() == 3

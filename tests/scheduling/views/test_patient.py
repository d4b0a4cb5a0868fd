"""The patient's page: what is to come, what is missing before it, what was; and "not recorded" wherever one looks."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from patients.models import Condition, Medicine, PastProcedure, Patient, PreoperativeAssessment
from scheduling.models import Operation
from scheduling.services import cancel_operation
from tests.factories import (
    CancellationReasonFactory,
    ChecklistItemFactory,
    OperationConsentFactory,
    PatientFactory,
    UserFactory,
)
from tests.patients.papers import keep_document
from tests.scheduling.views.conftest import client_of
from tests.scheduling.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient(db: None) -> Patient:
    return PatientFactory(family_name="Adams", phone="0123456")


@pytest.fixture
def operation(world: World, patient: Patient) -> Operation:
    found = world.booked(world.at(10), patient=patient)
    OperationConsentFactory(operation=found)
    return found


def missing(client: Client, patient: Patient) -> list[str]:
    return [one.what for one in client.get(f"/patients/{patient.pk}/").context["page"].missing]


def assessed(patient: Patient, until: date | None) -> PreoperativeAssessment:
    return PreoperativeAssessment.objects.create(
        patient=patient, assessed_on=timezone.localdate() - timedelta(days=90), valid_until=until
    )


def test_it_says_what_is_missing_before_the_next_operation(
    coordinator: Client, operation: Operation, patient: Patient
) -> None:
    Patient.objects.update(allergy_status="not_recorded", phone="")
    Medicine.objects.create(patient=patient, text="Warfarin", surgical_class="anticoagulant")
    Medicine.objects.create(patient=patient, text="Insulin", surgical_class="insulin", plan="Half the dose")
    Medicine.objects.create(patient=patient, text="Aspirin", surgical_class="antiplatelet", course="inactive")
    assert missing(coordinator, patient) == [
        "Allergies: not recorded",
        "No pre-operative assessment",
        "Anticoagulant: no plan",
        "No phone number",
    ]


def test_consent_is_missed_and_where_it_is_given_is_one_click_away(
    coordinator: Client, operation: Operation, patient: Patient
) -> None:
    assessed(patient, None)
    assert missing(coordinator, patient) == []
    Operation.objects.update(side="right")
    assert missing(coordinator, patient) == ["Consent is for another side: no side"]
    operation.consents.all().delete()
    assert missing(coordinator, patient) == ["No consent on record"]
    page = coordinator.get(f"/patients/{patient.pk}/").content.decode()
    assert f'href="/operations/{operation.pk}/#consent"' in page


def test_its_documents_are_on_the_page(coordinator: Client, patient: Patient) -> None:
    kept = [keep_document(patient, title=f"Paper {number}") for number in range(6)]
    page = coordinator.get(f"/patients/{patient.pk}/").content.decode()
    assert [f"/documents/{document.pk}/" in page for document in kept] == [False, *[True] * 5]
    assert "1 more, all documents" in page


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (-1, ["Assessment expires before the date"]),
        (0, []),
        (1, []),
        (None, []),
    ],
)
def test_an_assessment_counts_up_to_its_last_day(
    coordinator: Client, operation: Operation, patient: Patient, days: int | None, words: list[str]
) -> None:
    assert operation.starts_at is not None
    day = timezone.localdate(operation.starts_at)
    assessed(patient, None if days is None else day + timedelta(days=days))
    assert missing(coordinator, patient) == words


def test_what_the_waiting_list_was_told_counts_too(coordinator: Client, operation: Operation, patient: Patient) -> None:
    Operation.objects.update(assessment="fit", fit_until=None)
    assert missing(coordinator, patient) == []
    Operation.objects.update(fit_until=timezone.localdate() - timedelta(days=300))
    assert missing(coordinator, patient) == ["Assessment expires before the date"]
    Operation.objects.update(assessment="unfit")
    assert missing(coordinator, patient) == ["Not fit for surgery"]


def test_an_assessment_without_an_end_outlasts_what_the_waiting_list_was_told(
    coordinator: Client, operation: Operation, patient: Patient
) -> None:
    assessed(patient, None)
    Operation.objects.update(assessment="fit", fit_until=timezone.localdate() - timedelta(days=300))
    assert missing(coordinator, patient) == []


@pytest.mark.parametrize(
    ("found", "booked", "words"),
    [(3, 2, ["ASA 3 at the assessment, 2 on the case"]), (2, 2, []), (None, 2, []), (3, None, [])],
)
def test_two_asa_classes_are_pointed_out(
    coordinator: Client,
    operation: Operation,
    patient: Patient,
    found: int | None,
    booked: int | None,
    words: list[str],
) -> None:
    assessed(patient, None)
    PreoperativeAssessment.objects.update(asa=found)
    Operation.objects.update(asa_class=booked)
    assert missing(coordinator, patient) == words


def test_an_assessment_in_error_does_not_count(coordinator: Client, operation: Operation, patient: Patient) -> None:
    row = assessed(patient, timezone.localdate() + timedelta(days=900))
    assert missing(coordinator, patient) == []
    row.certainty = "error"
    row.save()
    assert missing(coordinator, patient) == ["No pre-operative assessment"]


def test_operations_come_in_order_and_only_those_open_to_the_viewer(world: World, patient: Patient) -> None:
    waits = world.waiting(patient=patient)
    late, soon = world.booked(world.at(14), patient=patient), world.booked(world.at(10), patient=patient)
    page = client_of(world.coordinator).get(f"/patients/{patient.pk}/").context["page"]
    assert [one.pk for one in page.coming] == [soon.pk, late.pk, waits.pk]
    surgeon = UserFactory(role="surgeon")
    world.surgeon.user = surgeon
    world.surgeon.save()
    Operation.objects.filter(pk=soon.pk).update(lead_surgeon=world.surgeon)
    Operation.objects.exclude(pk=soon.pk).update(lead_surgeon=None)
    seen = client_of(surgeon).get(f"/patients/{patient.pk}/").context["page"].coming
    assert soon.pk in [one.pk for one in seen]


def test_the_next_operation_is_one_that_has_not_begun(
    world: World, coordinator: Client, operation: Operation, patient: Patient
) -> None:
    Operation.objects.update(status="recovery")
    page = coordinator.get(f"/patients/{patient.pk}/").context["page"]
    assert ([one.pk for one in page.coming], page.upcoming, page.missing) == ([operation.pk], None, [])
    later = world.waiting(patient=patient)
    assert coordinator.get(f"/patients/{patient.pk}/").context["page"].upcoming.pk == later.pk


@pytest.mark.parametrize(
    ("status", "kind"),
    [("scheduled", "Planned"), ("in_theatre", "Operation"), ("completed", "Operation")],
)
def test_an_operation_has_happened_when_somebody_said_so(
    world: World, coordinator: Client, patient: Patient, status: str, kind: str
) -> None:
    world.booked(world.at(10) - timedelta(days=30), patient=patient)
    Operation.objects.update(status=status)
    events = coordinator.get(f"/patients/{patient.pk}/").context["page"].timeline
    assert [one.kind for one in events if one.kind != "Listed"] == [kind]


def test_the_timeline_tells_what_was_called_off_and_why(world: World, coordinator: Client, patient: Patient) -> None:
    operation = world.booked(world.at(10), patient=patient)
    reason = CancellationReasonFactory(label="No bed")
    cancel_operation(actor=world.coordinator, operation_id=operation.pk, version=operation.version, reason=reason)
    events = coordinator.get(f"/patients/{patient.pk}/").context["page"].timeline
    told = [(one.kind, one.day, one.what) for one in events if one.kind != "Listed"]
    assert told == [("Cancelled", timezone.localdate(), f"{operation.procedure_with_side}: No bed")]


def test_the_timeline_tells_from_when_to_when(coordinator: Client, patient: Patient) -> None:
    today = timezone.localdate()
    span = {"began_on": today - timedelta(days=9), "ended_on": today + timedelta(days=5)}
    Medicine.objects.create(patient=patient, text="Amoxicillin", **span)
    Condition.objects.create(patient=patient, text="Otitis", began_on=today - timedelta(days=10))
    events = coordinator.get(f"/patients/{patient.pk}/").context["page"].timeline
    told = [(one.kind, one.what, one.planned) for one in events]
    assert told == [
        ("Medicine until", "Amoxicillin", True),
        ("Medicine since", "Amoxicillin", False),
        ("Condition since", "Otitis", False),
    ]


def test_the_timeline_has_the_newest_first_and_says_that_there_is_more(
    coordinator: Client, operation: Operation, patient: Patient
) -> None:
    for year in range(1980, 2015):
        PastProcedure.objects.create(patient=patient, text=f"Biopsy {year}", performed_on=date(year, 1, 1))
    page = coordinator.get(f"/patients/{patient.pk}/").context["page"]
    assert page.timeline[0].kind == "Planned"
    assert (len(page.timeline), page.earlier) == (30, 7)
    whole = coordinator.get(f"/patients/{patient.pk}/?timeline=all").context["page"]
    assert (len(whole.timeline), whole.earlier) == (37, 0)


def test_operations_long_over_are_shown_when_asked_for(world: World, coordinator: Client, patient: Patient) -> None:
    for _ in range(12):
        world.waiting(patient=patient)
    Operation.objects.update(status="cancelled")
    page = coordinator.get(f"/patients/{patient.pk}/")
    assert (len(page.context["page"].past), page.context["page"].older) == (10, 2)
    assert "Show 2 older" in page.content.decode()
    whole = coordinator.get(f"/patients/{patient.pk}/?timeline=all").context["page"]
    assert (len(whole.past), whole.older) == (12, 0)


def test_more_operations_take_no_more_queries(world: World, coordinator: Client, patient: Patient) -> None:
    counts = []
    for rows in (1, 2):
        for _ in range(rows):
            world.waiting(patient=patient)
        with CaptureQueriesContext(connection) as captured:
            coordinator.get(f"/patients/{patient.pk}/")
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_not_recorded_is_said_wherever_one_looks(world: World, coordinator: Client, patient: Patient) -> None:
    """In the banner, on the printed theatre list, in the checklist, on the operation's page."""
    operation = world.booked(world.at(10), patient=patient)
    ChecklistItemFactory(part="sign_in")
    pages = {
        "patient": f"/patients/{patient.pk}/",
        "operation": f"/operations/{operation.pk}/",
        "checklist": f"/operations/{operation.pk}/checklist/sign_in/",
        "theatre list": f"/theatres/{world.one.pk}/list/{world.day}/",
    }
    for status, words, never in (
        ("not_recorded", "Not recorded", "No known allergies"),
        ("none_known", "No known allergies", "Not recorded"),
    ):
        Patient.objects.update(allergy_status=status)
        for name, path in pages.items():
            said = coordinator.get(path).content.decode()
            assert words in said, name
            assert never not in said.replace("Asked: no known allergies", ""), name


def test_the_banner_leads_to_the_page_and_not_to_itself(world: World, coordinator: Client, patient: Patient) -> None:
    operation = world.booked(world.at(10), patient=patient)
    link = f'<a href="/patients/{patient.pk}/">'
    assert link in coordinator.get(f"/operations/{operation.pk}/").content.decode()
    assert link not in coordinator.get(f"/patients/{patient.pk}/").content.decode()


def test_the_printed_summary_says_who_printed_it_and_when(coordinator: Client, patient: Patient) -> None:
    said = coordinator.get(f"/patients/{patient.pk}/").content.decode()
    assert said.count(f"printed {timezone.localtime():%a %d %b %Y}") == 1
    assert "CONFIDENTIAL" in said


def test_alerts_stand_beside_the_name(coordinator: Client, world: World, patient: Patient) -> None:
    Medicine.objects.create(patient=patient, text="Warfarin", surgical_class="anticoagulant")
    PreoperativeAssessment.objects.create(patient=patient, pacemaker=True, infection="MRSA")
    Patient.objects.update(interpreter_needed=True, language="pl")
    words = coordinator.get(f"/operations/{world.waiting(patient=patient).pk}/").content.decode()
    for alert in ("Anticoagulant", "Pacemaker", "Infection: MRSA", "Interpreter: Polish"):
        assert alert in words

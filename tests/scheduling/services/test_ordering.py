"""A surgical order becomes a request on the waiting list, once."""

from datetime import date

import pytest

from scheduling.models import Operation, Priority, Procedure, Status
from scheduling.services.errors import InvalidPlanError
from scheduling.services.ordering import CHANGED
from scheduling.services.requesting import Request, request_operation
from tests.factories import OperationFactory, SpecialtyFactory, UserFactory
from tests.patients.importing.files import bundle, concept, configure, counts, order, patient, run, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def coordinator(db):
    configure()
    for code, days in (("P2", 28), ("P3", 84), ("P4", 365)):
        Priority.objects.create(code=code, name=code, target_days=days, rank=days)
    Priority.objects.create(code="P1a", name="Emergency", target_days=1, rank=1, emergency=True)
    return UserFactory(role="coordinator")


@pytest.fixture
def keyhole(db):
    return Procedure.objects.create(
        code="0DTJ4ZZ", name="Appendicectomy, keyhole", specialty=SpecialtyFactory(), surgery_minutes=50
    )


def test_an_order_is_a_request_with_its_origin(coordinator, keyhole):
    doctor = {"resourceType": "Practitioner", "id": "d", "name": [{"family": "Gray", "given": ["Gil"]}]}
    wanted = order(
        priority="urgent",
        requester={"reference": "Practitioner/d"},
        note=[{"text": "Prefers mornings."}],
        occurrenceDateTime="2026-12-20",
    )
    found = run(coordinator, bundle(patient(), wanted, doctor))
    assert counts(found) == (2, 0, 0, 0)
    operation = Operation.objects.get()
    assert (operation.procedure, operation.status, operation.patient.mrn) == (keyhole, Status.REQUESTED, "M1")
    assert (operation.priority.code, operation.listed_on, operation.due_on) == (
        "P3",
        date(2026, 11, 1),
        date(2026, 12, 20),
    )
    assert operation.external_id == "ServiceRequest/s1"
    assert operation.notes == (
        "Prefers mornings. Ordered by Gil Gray. Ordered as Appendicectomy, keyhole "
        "(http://www.cms.gov/Medicare/Coding/ICD10 0DTJ4ZZ)."
    )
    change = operation.changes.get()
    assert (change.verb, change.actor, change.note) == (
        "requested",
        coordinator,
        "Ordered in http://hospital.example/mrn as ServiceRequest/s1",
    )


@pytest.mark.parametrize(("priority", "code"), [("routine", "P4"), ("urgent", "P3"), ("asap", "P2"), (None, "P4")])
def test_the_nearest_priority(coordinator, keyhole, priority, code):
    run(coordinator, bundle(patient(), order(priority=priority)))
    assert Operation.objects.get().priority.code == code


def test_it_is_not_asked_for_twice(coordinator, keyhole):
    file = bundle(patient(), order())
    run(coordinator, file)
    assert counts(run(coordinator, file)) == (0, 0, 2, 0)
    changed = bundle(patient(), order(priority="urgent"))
    found = run(coordinator, changed)
    operation = Operation.objects.get()
    assert counts(found) == (0, 0, 2, 0)
    assert said(found) == [
        f"a.json, entry 2, ServiceRequest/s1: {CHANGED.format(operation.pk)}",
    ]


def test_one_that_a_list_brought_in_under_the_same_number_is_that_one(coordinator, keyhole):
    run(coordinator, bundle(patient()))
    from patients.models import Patient

    here = OperationFactory(patient=Patient.objects.get(), external_id="ServiceRequest/s1", actor=coordinator)
    found = run(coordinator, bundle(patient(), order()))
    assert counts(found) == (0, 0, 2, 0)
    assert Operation.objects.get() == here


def test_one_that_is_withdrawn_later_is_named(coordinator, keyhole):
    run(coordinator, bundle(patient(), order()))
    found = run(coordinator, bundle(patient(), order(status="revoked")))
    operation = Operation.objects.get()
    assert f"was withdrawn there, and case {operation.pk} is still here: cancel it by hand" in said(found)[0]
    assert operation.status == Status.REQUESTED


def test_a_name_of_the_catalogue_does_as_well_as_a_code(coordinator, keyhole):
    run(coordinator, bundle(patient(), order(code=concept("1", "appendicectomy, KEYHOLE"))))
    assert Operation.objects.get().procedure == keyhole


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"code": concept("9", "Unheard of")}, "has no code and no name of a procedure in the catalogue."),
        ({"priority": "stat"}, "is for at once. Emergencies are announced to the theatre coordinator, not by a file."),
        ({"occurrenceDateTime": "2026-10-01"}, "occurrence: 2026-10-01 is before it began, 2026-11-01."),
    ],
)
def test_what_can_not_be_asked_for_is_refused(coordinator, keyhole, changed, words):
    found = run(coordinator, bundle(patient(), order(**changed)))
    assert words in said(found)[0]
    assert counts(found) == (1, 0, 0, 1)
    assert not Operation.objects.exists()


def test_a_side_that_is_missing(coordinator, keyhole):
    Procedure.objects.update(laterality="required")
    found = run(coordinator, bundle(patient(), order()))
    assert "Name the side: Appendicectomy, keyhole is done left, right or on both sides." in said(found)[0]
    left = order(bodySite=[concept("7771000", "Left")])
    run(coordinator, bundle(patient(), left))
    assert Operation.objects.get().side == "left"


def test_nobody_orders_for_the_dead_and_nobody_books_them(coordinator, keyhole):
    found = run(coordinator, bundle(patient(deceasedBoolean=True), order()))
    assert "This patient is recorded as deceased." in said(found)[0]
    from patients.models import Patient

    ann = Patient.objects.get()
    with pytest.raises(InvalidPlanError, match="recorded as deceased"):
        request_operation(
            actor=coordinator,
            request=Request(patient=ann, procedure=keyhole, priority=Priority.objects.get(code="P3")),
        )


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "draft"},
        {"status": "completed"},
        {"status": "revoked"},
        {"intent": "proposal"},
        {"category": [concept("108252007", "Laboratory procedure")]},
        {"category": None, "code": concept("9", "Blood count")},
    ],
)
def test_what_is_no_surgical_order_is_passed_over(coordinator, keyhole, changed):
    found = run(coordinator, bundle(patient(), order(**changed)))
    assert counts(found) == (1, 0, 0, 0)
    assert not Operation.objects.exists()
    assert sum(count for reason, count in found.report["ignored"].items() if reason.startswith("Orders")) == 1


def test_without_a_category_the_catalogue_decides(coordinator, keyhole):
    run(coordinator, bundle(patient(), order(category=None)))
    assert Operation.objects.get().procedure == keyhole

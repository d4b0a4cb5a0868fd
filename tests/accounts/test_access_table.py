"""Every address, every method, every role, the visitor and the neighbour, against the table written by hand."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from guardian.shortcuts import assign_perm

from accounts.models import RoleAssignment, User
from analytics.models import SecurityFinding, SecurityReport
from hospital.live import Caller, check_session
from hospital.permission_table import Guard, guards
from patients.models import Allergy, DuplicatePair, EmergencyAccess, ImportRun, NextOfKin, PatientMerge
from patients.permissions import CARE_TEAM
from patients.rights.models import Amendment
from resources.models import TimeRequest
from scheduling.models import Display, Operation, OperationConsent, OperationDelay, OperationEvent
from tests.accounts.access_table import ADMIN, PAGES, ROLES, Row
from tests.factories import (
    BlockTemplateFactory,
    DelayReasonFactory,
    LoanKitFactory,
    OperationConsentFactory,
    OperationFactory,
    PatientFactory,
    ShiftFactory,
    SpecialtyFactory,
    StaffMemberFactory,
    TheatreFactory,
    TheatreSessionFactory,
    UserFactory,
)
from tests.hospital.admin_rows import make as make_rows
from tests.patients.papers import keep_document

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
USED = ("get", "post", "head")
METHODS = (*USED, "put", "delete", "options", "patch")
GUARDED = {guard.name: guard for guard in guards() if guard.capability}
MODELS: dict[str, type[Model]] = {model._meta.label_lower: model for model in admin.site._registry}


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def colleague(letter: str, operation: Operation) -> User:
    """Return somebody in the role to whom the operation is open, where the role can be."""
    user = UserFactory(role=ROLES[letter], is_staff=True)
    if letter == "S":
        operation.lead_surgeon = StaffMemberFactory(user=user)
        operation.save()
    if letter == "W":
        assign_perm(CARE_TEAM, user, operation.patient)
    return user


def neighbour(letter: str) -> User:
    """Return somebody in the role who is limited to another specialty."""
    return UserFactory(role=ROLES[letter], role__specialties=[SpecialtyFactory()], is_staff=True)


NOT_THERE = 2**31 - 1
ARGUMENTS: dict[str, Callable[[Operation, EmergencyAccess], object]] = {
    "finding_id": lambda *_: _finding().pk,
    "report_id": lambda *_: SecurityReport.objects.create().pk,
    "form": lambda *_: "json",
    "operation_id": lambda operation, _: operation.pk,
    "patient_id": lambda operation, _: operation.patient_id,
    "access_id": lambda _, access: access.pk,
    "person_id": lambda _, access: access.actor_id,
    "document_id": lambda operation, _: keep_document(operation.patient).pk,
    "other_id": lambda *_: PatientFactory().pk,
    "merge_id": lambda operation, access: _merge(operation, access).pk,
    "pair_id": lambda operation, _: _pair(operation).pk,
    "amendment_id": lambda operation, access: _amendment(operation, access).pk,
    "theatre_id": lambda *_: TheatreFactory().pk,
    "event_id": lambda operation, _: event_of(operation).pk,
    "delay_id": lambda operation, _: delay_of(operation).pk,
    "consent_id": lambda operation, _: consent_of(operation).pk,
    "kit_id": lambda operation, _: LoanKitFactory(operation=operation).pk,
    "part": lambda *_: "sign_in",
    "card": lambda *_: "allergies",
    "chart": lambda *_: "allergies",
    "entry_id": lambda operation, _: allergy_of(operation).pk,
    "person": lambda *_: "kin",
    "detail_id": lambda operation, _: NextOfKin.objects.create(patient=operation.patient, name="-").pk,
    "details": lambda *_: "contact",
    "template_id": lambda *_: BlockTemplateFactory().pk,
    "session_id": lambda *_: TheatreSessionFactory().pk,
    "release_id": lambda *_: NOT_THERE,
    "request_id": lambda operation, _: time_request_by(operation.changes.earliest("version").actor).pk,
    "batch": lambda *_: uuid4(),
    "view_id": lambda *_: 999_999,
    "change_id": lambda operation, _: operation.changes.latest("version").pk,
    "shift_id": lambda *_: ShiftFactory().pk,
    "day": lambda *_: date(2026, 11, 23),
    "display_id": lambda *_: display().pk,
    "import_id": lambda *_: ImportRun.objects.create(kind="csv", state="done", dry_run=True, actor=UserFactory()).pk,
}


def address(guard: Guard, operation: Operation, access: EmergencyAccess) -> str:
    """Return the address of a view about the operation; what its number stands for is made when it is needed."""
    named = {name: make(operation, access) for name, make in ARGUMENTS.items() if f"{name}>" in guard.route}
    question = f"?first={operation.pk}" if guard.name == "scheduling:operation-swap" else ""
    return reverse(guard.name, kwargs=named) + question


def time_request_by(user: User) -> TimeRequest:
    """Return a request for theatre time that nobody has answered."""
    session = TheatreSessionFactory(owner_kind="open", specialty=None)
    fields = {"session": session, "specialty": SpecialtyFactory(), "asked_by": user, "asked_at": timezone.now()}
    return TimeRequest.objects.create(kind="claim", **fields)


def event_of(operation: Operation) -> OperationEvent:
    """Return a milestone that somebody else recorded."""
    fields = {"at": timezone.now(), "recorded_by": UserFactory()}
    return OperationEvent.objects.get_or_create(operation=operation, kind="arrived", defaults=fields)[0]


def delay_of(operation: Operation) -> OperationDelay:
    """Return a delay that was taken back already."""
    user = UserFactory()
    return OperationDelay.objects.create(
        operation=operation,
        reason=DelayReasonFactory(),
        minutes=5,
        recorded_by=user,
        taken_back_by=user,
        taken_back_at=timezone.now(),
    )


def allergy_of(operation: Operation) -> Allergy:
    """Return an allergy that counts no more, so that the patient may also be said to have none."""
    fields = {"substance": "Latex", "certainty": "error"}
    return Allergy.objects.get_or_create(patient=operation.patient, **fields)[0]


def consent_of(operation: Operation) -> OperationConsent:
    """Return an answer that was taken back already."""
    return OperationConsentFactory(operation=operation, taken_back_by=UserFactory(), taken_back_at=timezone.now())


def display() -> Display:
    """Return a screen that waits for its link to be opened."""
    return Display.objects.create(name="Corridor", board="theatres", made_by=UserFactory())


def _finding() -> SecurityFinding:
    now = timezone.now()
    return SecurityFinding.objects.get_or_create(
        code="x", defaults={"severity": 1, "first_seen": now, "last_seen": now}
    )[0]


def _amendment(operation: Operation, access: EmergencyAccess) -> Amendment:
    return Amendment.objects.create(patient=operation.patient, wish="-", received_by=access.actor)


def _merge(operation: Operation, access: EmergencyAccess) -> PatientMerge:
    both = {"survivor": operation.patient, "duplicate": PatientFactory()}
    return PatientMerge.objects.create(**both, actor=access.actor, reason="-")


def _pair(operation: Operation) -> DuplicatePair:
    return DuplicatePair.objects.create(first=operation.patient, second=PatientFactory(), score=80)


def access_to(operation: Operation) -> EmergencyAccess:
    now = timezone.now()
    return EmergencyAccess.objects.create(
        actor=UserFactory(), patient=operation.patient, reason="cover", explanation="-", began=now, ends=now
    )


def expected(row: Row, letter: str, method: str, *, is_open: bool) -> int:
    if letter not in row.roles:
        return 403
    answers = {"get": row.get, "post": row.post, "head": row.get if row.head else None}
    status = answers.get(method) or 405
    return 403 if status != 405 and row.of_patient and not is_open else status


def walk(client: Client, operation: Operation, methods: Sequence[str]) -> dict[tuple[str, str], int]:
    access = access_to(operation)
    return {
        (name, method): getattr(client, method)(address(guard, operation, access)).status_code
        for name, guard in GUARDED.items()
        for method in methods
    }


def test_each_address_has_a_row_and_each_row_an_address() -> None:
    assert GUARDED.keys() == PAGES.keys()
    assert MODELS.keys() == ADMIN.keys()


@pytest.mark.parametrize("is_open", [True, False], ids=["colleague", "neighbour"])
@pytest.mark.parametrize("letter", ROLES)
def test_pages(letter: str, *, is_open: bool) -> None:
    operation = OperationFactory()
    user = colleague(letter, operation) if is_open else neighbour(letter)

    # Whose patient it is plays no part in a method that no view answers.
    found = walk(client_of(user), operation, METHODS if is_open else USED)

    table = {key: expected(PAGES[key[0]], letter, key[1], is_open=is_open) for key in found}
    assert {key: found[key] for key in found if found[key] != table[key]} == {}
    operation.refresh_from_db()
    assert operation.version == 1


def test_a_visitor_is_sent_to_the_sign_in_everywhere() -> None:
    operation = OperationFactory()
    access = access_to(operation)
    for guard in GUARDED.values():
        for method in METHODS:
            answer = getattr(Client(), method)(address(guard, operation, access))
            assert (answer.status_code, answer["Location"].startswith(reverse("account_login"))) == (302, True)


def test_an_integration_account_opens_nothing() -> None:
    operation = OperationFactory()
    access, user = access_to(operation), UserFactory(role="integration", is_staff=True)
    for guard in GUARDED.values():
        assert client_of(user).get(address(guard, operation, access)).status_code == 403


PAGES_OF_A_MODEL = ("changelist", "add", "change", "delete")


@pytest.fixture
def rows(db: None) -> dict[str, Any]:
    return {label: make_rows(model, [1])[0] for label, model in MODELS.items()}


def may(label: str, page: str, letter: str) -> bool:
    row = ADMIN[label]
    return letter in {"changelist": row.look, "add": row.add, "change": row.look, "delete": row.delete}[page]


@pytest.mark.parametrize("letter", ROLES)
def test_admin_pages(letter: str, rows: dict[str, Any]) -> None:
    user = UserFactory(role=ROLES[letter], is_staff=True)
    client = client_of(user)
    wrong = {}
    for label, row in rows.items():
        for page in PAGES_OF_A_MODEL:
            url = reverse(
                f"admin:{label.replace('.', '_')}_{page}", args=(row.pk,) if page in {"change", "delete"} else ()
            )
            opens = may(label, page, letter)
            methods = METHODS if page == "change" and not opens else ("get",)
            for method in methods:
                status = getattr(client, method)(url).status_code
                if (status == 200) != opens or status not in {200, 302, 403}:
                    wrong[label, page, method] = status
    assert wrong == {}


def test_without_the_mark_nobody_opens_the_admin(rows: dict[str, Any]) -> None:
    user = UserFactory()
    for role in ROLES.values():
        RoleAssignment.objects.create(user=user, role=role)
    for client in (client_of(user), Client()):
        for label in rows:
            assert client.get(reverse(f"admin:{label.replace('.', '_')}_changelist")).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_the_live_stream() -> None:
    def status(user: User) -> int:
        key = client_of(user).session.session_key
        return check_session(Caller(session_key=key or "", address="127.0.0.1"))[0]

    found = {letter: status(UserFactory(role=role)) for letter, role in ROLES.items() if letter not in "PD"}
    assert found == dict.fromkeys("CBSATWM", 200)
    assert status(UserFactory(role="integration")) == 401
    assert status(UserFactory(role="coordinator", is_active=False)) == 401
    assert check_session(Caller(session_key="", address="127.0.0.1"))[0] == 401

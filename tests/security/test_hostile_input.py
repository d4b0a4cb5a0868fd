"""Whatever is sent to an address, by somebody who may open it, the answer is an answer and not an accident.

``HOSTILE_EXAMPLES`` sets how many requests each address gets; ``make security`` sends more.
"""

import os
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import RoleAssignment, User
from accounts.roles import Role
from analytics.models import SecurityFinding, SecurityReport
from hospital.permission_table import Guard, guards
from patients.models import DuplicatePair, EmergencyAccess, Medicine, NextOfKin, PatientMerge
from patients.rights.models import Amendment
from scheduling.models import Operation, WaitingView
from tests.accounts.test_access_table import MODELS, NOT_THERE, delay_of, display, event_of, time_request_by
from tests.factories import (
    BlockTemplateFactory,
    LoanKitFactory,
    OperationConsentFactory,
    OperationFactory,
    PatientFactory,
    ShiftFactory,
    StaffMemberFactory,
    TheatreFactory,
    TheatreSessionFactory,
    UserFactory,
)
from tests.patients.importing.kept import a_list
from tests.patients.papers import keep_document
from tests.security.hostile import HEADERS, content, field_names

pytestmark = pytest.mark.django_db
EXAMPLES = int(os.environ.get("HOSTILE_EXAMPLES", "12"))
FEWER = max(4, EXAMPLES // 3)
"""For pages that are a library's, and many."""
METHODS = st.sampled_from(["get", "post"])
SIGN_IN_FIELDS = (
    *("login", "email", "password", "password1", "password2", "oldpassword", "remember", "code", "credential", "name"),
    *("next", "action", "secret", "process", "state", "error", "SAMLResponse", "RelayState", "id_token"),
)
ADMIN_FIELDS = ("q", "o", "p", "all", "e", "_popup", "_to_field", "_changelist_filters", "action", "_selected_action")
SECRETS = ("scheduling:display-", "messaging:sms-")
ADDRESSES = [guard for guard in guards() if guard.capability or guard.name.startswith(SECRETS)]
"""Those that somebody has to be let into, and those that take a secret of whoever comes."""


def sign_in_pages(
    patterns: Iterable[URLPattern | URLResolver], above: frozenset[str] = frozenset()
) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield name and open places of every address below ``/accounts/``, those of included modules too."""
    for pattern in patterns:
        places = above | set(pattern.pattern.regex.groupindex)
        if isinstance(pattern, URLResolver):
            yield from sign_in_pages(pattern.url_patterns, places)
        elif pattern.name:
            yield str(pattern.name), places


def arguments(operation: Operation) -> dict[str, Any]:
    """Return values that exist for every placeholder of an address."""
    now = operation.changes.get().at
    finding = SecurityFinding.objects.create(code="x", severity=1, first_seen=now, last_seen=now)
    access = EmergencyAccess.objects.create(
        actor=UserFactory(), patient=operation.patient, reason="cover", explanation="-", began=now, ends=now
    )
    return {
        "operation_id": operation.pk,
        "patient_id": operation.patient_id,
        "access_id": access.pk,
        "person_id": UserFactory().pk,
        "delay_id": delay_of(operation).pk,
        "consent_id": OperationConsentFactory(operation=operation).pk,
        "kit_id": LoanKitFactory(operation=operation).pk,
        "part": "sign_in",
        "card": "allergies",
        "chart": "medicines",
        "entry_id": Medicine.objects.create(patient=operation.patient, text="-").pk,
        "person": "kin",
        "detail_id": NextOfKin.objects.create(patient=operation.patient, name="-").pk,
        "details": "contact",
        "batch": uuid4(),
        "view_id": WaitingView.objects.create(owner=UserFactory(), name="x", shared=True).pk,
        "shift_id": ShiftFactory().pk,
        "theatre_id": TheatreFactory().pk,
        "template_id": BlockTemplateFactory().pk,
        "session_id": TheatreSessionFactory().pk,
        "release_id": NOT_THERE,
        "request_id": time_request_by(access.actor).pk,
        "event_id": event_of(operation).pk,
        "change_id": operation.changes.get().pk,
        "day": date(2026, 11, 23),
        "finding_id": finding.pk,
        "document_id": keep_document(operation.patient).pk,
        "amendment_id": Amendment.objects.create(patient=operation.patient, wish="-", received_by=access.actor).pk,
        "other_id": PatientFactory().pk,
        "merge_id": PatientMerge.objects.create(
            survivor=operation.patient, duplicate=PatientFactory(), actor=access.actor, reason="-"
        ).pk,
        "pair_id": DuplicatePair.objects.create(first=operation.patient, second=PatientFactory(), score=80).pk,
        "report_id": SecurityReport.objects.create().pk,
        "form": "json",
        "display_id": display().pk,
        "import_id": a_list(UserFactory(role="coordinator")).pk,
    }


@pytest.fixture
def everything() -> Client:
    """Sign in somebody who may do all."""
    user = UserFactory(role=Role.COORDINATOR)
    RoleAssignment.objects.bulk_create(
        RoleAssignment(user=user, role=role) for role in Role if role != Role.COORDINATOR
    )
    client = Client()
    client.force_login(user)
    return client


def test_the_fields_are_found() -> None:
    assert {"theatre", "start", "text", "page", "version", "until"} <= set(field_names())


@pytest.mark.parametrize("guard", ADDRESSES, ids=lambda guard: guard.name)
def test_nothing_breaks(guard: Guard, everything: Client) -> None:
    operation = OperationFactory()
    given_to = {name: value for name, value in arguments(operation).items() if f"{name}>" in guard.route}
    url = reverse(guard.name, kwargs=given_to)
    own = {
        "version": "1",
        "theatre": str(TheatreFactory().pk),
        "patient": str(operation.patient_id),
        "procedure": str(operation.procedure_id),
        "lead_surgeon": str(StaffMemberFactory().pk),
        "first": str(operation.pk),
        "date": "2026-11-23",
        "time": "09:00",
    }

    @settings(max_examples=EXAMPLES, deadline=10_000, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(fields=content(own), method=METHODS, headers=HEADERS)
    def ask(fields: dict[str, list[str]], method: str, headers: dict[str, str]) -> None:
        answer = getattr(everything, method)(url, fields, headers=headers)
        assert answer.status_code < 500, (method, url, fields)

    ask()


SIGN_IN_PAGES = dict(sign_in_pages(get_resolver("accounts.urls").url_patterns))
"""With the places that each leaves open."""
NUMBERED = {"pk": 1, "session_id": 1, "key": "a-b", "uidb36": "1", "provider_id": "hospital", "organization_slug": "x"}


@pytest.mark.parametrize("is_signed_in", [True, False], ids=["signed in", "signed out"])
@pytest.mark.parametrize("name", sorted(SIGN_IN_PAGES))
def test_no_page_about_signing_in_breaks(name: str, everything: Client, *, is_signed_in: bool) -> None:
    """Whoever has no account can send anything here."""
    url = reverse(name, kwargs={place: NUMBERED[place] for place in SIGN_IN_PAGES[name]})
    user = User.objects.get(role_assignments__role=Role.COORDINATOR)
    own = {"login": user.email, "email": user.email, "password": "x", "code": "123456", "next": "/"}

    @settings(max_examples=FEWER, deadline=10_000, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(fields=content(own, SIGN_IN_FIELDS), method=METHODS, headers=HEADERS)
    def ask(fields: dict[str, list[str]], method: str, headers: dict[str, str]) -> None:
        client = Client()
        if is_signed_in:
            client.force_login(user)
        answer = getattr(client, method)(url, fields, headers=headers)
        assert answer.status_code < 500, (method, url, fields)

    ask()


@pytest.mark.parametrize("label", sorted(MODELS))
def test_no_page_of_the_admin_breaks(label: str) -> None:
    user = UserFactory(role=Role.ADMINISTRATOR, is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(user)
    place = f"admin:{label.replace('.', '_')}"
    fields = [field.name for field in MODELS[label]._meta.get_fields()]
    names = [*ADMIN_FIELDS, *fields, *(f"{name}__exact" for name in fields), *(f"{name}_0" for name in fields)]

    @settings(max_examples=FEWER, deadline=10_000, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(asked=content({}, names), page=st.sampled_from(["changelist", "add"]), method=METHODS)
    def ask(asked: dict[str, list[str]], page: str, method: str) -> None:
        answer = getattr(client, method)(reverse(f"{place}_{page}"), asked)
        assert answer.status_code < 500, (method, place, page, asked)

    ask()
    for number in ("0", "-1", "9" * 30, "x", "%00", "1/../.."):
        assert client.get(f"/admin/{label.replace('.', '/')}/{number}/change/").status_code < 500


PATHS = ["/%ff", "/%00", "/schedule/2026-02-30/", "/schedule/0000-00-00/", "/schedule/99999-01-01/", "/operations/0/"]
PATHS += [f"/operations/{'9' * 30}/", "/operations/-1/", "/operations/%F0%9F%98%80/", "/a" * 2000, "/?" + "a=1&" * 2000]


@pytest.mark.parametrize("path", PATHS, ids=range(len(PATHS)))
def test_odd_addresses(everything: Client, path: str) -> None:
    assert everything.get(path).status_code < 500


@pytest.mark.parametrize("host", ["evil.example", "localhost:99999", "[::1", "a b", ""])
def test_odd_hosts(host: str) -> None:
    assert Client(raise_request_exception=False).get("/accounts/login/", headers={"Host": host}).status_code in (
        200,
        400,
    )

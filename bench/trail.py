"""The pages of the audit record over few and very many rows.

A day of a large hospital puts a record on hundreds of boards and lists for every time that somebody opens it, so
nineteen of twenty rows are lists. The patient and the person looked at are the worst ones: whoever is on every list.
"""

from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import RoleAssignment, User
from accounts.roles import Role
from bench.figures import middle, milliseconds, table
from bench.house import add_patients, build_house
from patients.models import Patient

MONTHS = 24
PATIENTS = 20_000
IN_EVERY_LIST = 50
TIMES = 15
AIM = 1.5

MAKE_MONTHS = """
    DO $$ DECLARE first timestamp; BEGIN
        FOR n IN 1..{months} LOOP
            first := date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => n);
            EXECUTE format('CREATE TABLE %I PARTITION OF audit_access FOR VALUES FROM (%L) TO (%L)',
                'audit_access' || to_char(first, '_YYYY_MM'), first AT TIME ZONE 'UTC',
                (first + interval '1 month') AT TIME ZONE 'UTC');
        END LOOP;
    END $$
"""
# Every IN_EVERY_LISTth list row is of the one patient; one in twenty rows is a record that was opened.
ADD_ROWS = """
    INSERT INTO audit_access (at, patient_id, actor_id, view, kind, reason, session)
    SELECT %(first)s + n * %(step)s, CASE WHEN n %% 20 <> 0 AND n %% %(often)s = 1 THEN %(patient)s
               ELSE %(lowest)s + (n::bigint * 7919) %% %(patients)s END,
           CASE WHEN n %% 3 = 0 THEN %(person)s ELSE %(person)s + n %% 500 END,
           CASE WHEN n %% 20 = 0 THEN 'scheduling:operation-detail' ELSE 'scheduling:day-board' END,
           CASE WHEN n %% 20 = 0 THEN 'view' ELSE 'list' END, 'coordinator', md5((n %% 900)::text)
    FROM generate_series(1, %(rows)s) AS n
"""


def measure(*, quick: bool) -> dict[str, Any]:
    """Time each page over few rows and over many, print and return."""
    sizes = (20_000, 1_000_000) if quick else (100_000, 10_000_000)
    house = build_house()
    add_patients(Patient.objects.count() + 1, PATIENTS)
    patient = Patient.objects.order_by("pk")[7]
    officer = User.objects.create_user("officer@example.org", given_name="Olga", family_name="Officer")
    RoleAssignment.objects.create(user=officer, role=Role.PRIVACY_OFFICER)
    client = Client(SERVER_NAME="localhost")
    client.force_login(officer, backend="allauth.account.auth_backends.AuthenticationBackend")
    works = _pages(client, patient, house.actor)
    with connection.cursor() as cursor:
        cursor.execute(MAKE_MONTHS.format(months=MONTHS))
    taken: dict[str, list[float]] = {name: [] for name in works}
    total = 0
    for size in sizes:
        _add(size - total, patient, house.actor)
        total = size
        for name, work in works.items():
            taken[name].append(middle(milliseconds(work, times=TIMES)))
    return _shown(taken, sizes)


def _pages(client: Client, patient: Patient, person: User) -> dict[str, Callable[[], object]]:
    history = reverse("patients:access-history", args=(patient.pk,))
    activity = reverse("audit:activity", args=(person.pk,))
    day = timezone.localdate() - timedelta(days=100)
    addresses = {
        "access history, records opened": history,
        "access history, lists too": f"{history}?in_passing=on",
        "access history of a day": f"{history}?in_passing=on&first={day}&last={day}",
        "access history by a person who never opened it": f"{history}?person={_stranger().pk}",
        "activity of a person": activity,
    }
    return {name: _get(client, url) for name, url in addresses.items()}


def _stranger() -> User:
    return User.objects.create_user("stranger@example.org", given_name="Sten", family_name="Stranger")


def _get(client: Client, url: str) -> Callable[[], object]:
    def get() -> object:
        response = client.get(url)
        if response.status_code != HTTPStatus.OK:
            message = f"{url} answers {response.status_code}: nothing is measured."
            raise RuntimeError(message)
        return response.content

    return get


def _add(rows: int, patient: Patient, person: User) -> None:
    first = timezone.now() - timedelta(days=30 * (MONTHS - 1))
    lowest = Patient.objects.order_by("pk").values_list("pk", flat=True)[0]
    values: dict[str, Any] = {
        "first": first,
        "step": (timezone.now() - first) / rows,
        "often": IN_EVERY_LIST,
        "patient": patient.pk,
        "lowest": lowest,
        "patients": PATIENTS,
        "person": person.pk,
        "rows": rows,
    }
    with connection.cursor() as cursor:
        cursor.execute(ADD_ROWS, values)
        cursor.execute("ANALYZE audit_access")


def _shown(taken: dict[str, list[float]], sizes: tuple[int, int]) -> dict[str, Any]:
    rows = [(name, few, many, f"{many / few:.2f}") for name, (few, many) in taken.items()]
    table(
        f"Pages of the record, ms, over {sizes[0]:,} and {sizes[1]:,} reads in {MONTHS} months (aim: {AIM} times)",
        ("page", f"{sizes[0]:,}", f"{sizes[1]:,}", "times"),
        rows,
    )
    return {"reads": sizes, "ms": taken}

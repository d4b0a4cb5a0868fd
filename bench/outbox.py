"""How fast two workers send against loopback, and whether a million planned messages slow them down.

The rate is that of the dispatcher with real SMTP and real HTTP, each by a server in a process of its own; both workers
and both servers share the machine. The ratio leaves the servers out: rows are taken and written down as sent, beside
ten thousand and beside a million that wait for their day.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from django.db import connection, transaction
from django.db.models import Max, Min
from django.utils import timezone

from bench.figures import middle, table
from bench.site import _database_url
from hospital.embedded.place import ROOT
from messaging.channels import channel_named
from messaging.channels.base import Outcome, Result
from messaging.claiming import claim
from messaging.models import Delivery, Status
from messaging.outbox import Outside, Planned, plan
from messaging.recording import Tried, record
from patients.models import ContactConsent, Patient
from resources.models import Site
from tests.faults.place import free_port

WORKERS = 2
AIMS = {"email": 300, "sms": 100}
FEW, MANY = 10_000, 1_000_000
AIM_TIMES = 1.3
ROUND_ROWS = 400
WORKER = "import sys, django; django.setup(); from bench.outbox import work; work(sys.argv[1])"

ADD_PLANNED = """
    INSERT INTO messaging_delivery (kind, audience, channel, channels, recipient_label, recipient_id, context_label,
        context_id, addresses, address_index, language, fields, urgent, due_at, expires_at, dedupe_key, next_attempt_at,
        created_at)
    SELECT 'reminder_24_hours', 'patient', CASE WHEN n %% 2 = 0 THEN 'email' ELSE 'sms' END, ARRAY['email', 'sms'],
        'patient', n %% 5000, 'operation', n, '{}', '', 'en', '{}', false, due, due + interval '2 days',
        'planned:' || n, due, now()
    FROM generate_series(%(first)s, %(last)s) AS n, LATERAL (SELECT now() + interval '1 day'
        + n %% 100000 * interval '1 minute' AS due) AS soon
"""


def measure(*, quick: bool) -> dict[str, Any]:
    """Measure rates and ratio, print and return."""
    patients = _patients()
    rates = {channel: rate(channel, 600 if quick else 3_000, patients) for channel in AIMS}
    rows = [(channel, f"{found:.0f}", AIMS[channel]) for channel, found in rates.items()]
    table(f"Messages a second, {WORKERS} workers, loopback", ("channel", "a second", "aim"), rows)
    ratio = _ratio(5 if quick else 15, patients)
    return {"per_second": rates, "dispatcher": ratio}


def rate(channel: str, count: int, patients: list[Patient]) -> float:
    """Return how many messages a second two workers send, from the first one taken to the last one written down."""
    _plan(channel, count, patients, uuid4().hex)
    with _servers() as environment, ExitStack() as stack:
        workers = [
            subprocess.Popen((sys.executable, "-c", WORKER, channel), cwd=ROOT, env=environment)  # noqa: S603
            for _ in range(WORKERS)
        ]
        for worker in workers:
            stack.callback(worker.wait)
    sent = Delivery.objects.filter(channel=channel, status=Status.SENT)
    taken = sent.aggregate(first=Min("attempted_at"), last=Max("sent_at"))
    if sent.count() != count:
        message = f"{sent.count()} of {count} were sent: nothing is measured."
        raise RuntimeError(message)
    sent.delete()
    return float(count / (taken["last"] - taken["first"]).total_seconds())


def work(channel: str) -> None:
    """Send until nothing is due, as a worker does."""
    from messaging.dispatch import drain  # noqa: PLC0415

    while drain(channel, seconds=600).tried:
        pass


@contextmanager
def _servers() -> Iterator[dict[str, str]]:
    """Run a mail server and the stand-in for Twilio; give the environment of the workers."""
    mail, sms = free_port(), free_port()
    with TemporaryDirectory() as folder:
        ledger = str(Path(folder) / "letters")
        commands = [
            ("tests.faults.mail", str(mail), ledger, "0"),
            ("messaging.channels.sms.stand_in", "--port", str(sms), "--no-reports"),
        ]
        servers = [
            subprocess.Popen((sys.executable, "-m", *command), cwd=ROOT, stdout=subprocess.PIPE)  # noqa: S603
            for command in commands
        ]
        for server in servers:
            assert server.stdout is not None  # noqa: S101
            server.stdout.readline()  # it is ready
        try:
            yield os.environ | {
                "DATABASE_URL": _database_url(),
                "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
                "FAULTS_MAIL_PORT": str(mail),
                "FAULTS_SMS_URL": f"http://127.0.0.1:{sms}",
            }
        finally:
            for server in servers:
                server.terminate()
                server.communicate()


def _patients() -> list[Patient]:
    Site.objects.get_or_create(code="main", defaults={"name": "Main building"})
    made = Patient.objects.bulk_create([Patient(mrn=f"B{n}", family_name="Bench") for n in range(100)])
    ContactConsent.objects.bulk_create(
        [ContactConsent(patient=one, channel=channel, given=True) for one in made for channel in AIMS]
    )
    return made


def _plan(channel: str, count: int, patients: list[Patient], name: str) -> None:
    now = timezone.now()
    with transaction.atomic():
        plan(
            *(
                Planned(
                    kind="reminder_24_hours",
                    to=Outside(label="patient", number=patients[n % len(patients)].pk),
                    addresses={channel: f"m{n}@example.org" if channel == "email" else f"+4477{n:08d}"},
                    fields={"date": "2099-03-16", "time": "07:30", "place": "Main building", "fasting": "general"},
                    due_at=now,
                    dedupe_key=f"{name}:{n}",
                )
                for n in range(count)
            )
        )


def _ratio(times: int, patients: list[Patient]) -> dict[str, Any]:
    """Return how long it takes to take a row and write it down, beside few and beside many planned ones."""
    taken: dict[int, list[float]] = {}
    there = 0
    for size in (FEW, MANY):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")  # the record of it is not what is measured
            cursor.execute(ADD_PLANNED, {"first": there + 1, "last": size})
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE messaging_delivery")
        there = size
        taken[size] = [_dispatched(patients) for _ in range(times)]
    few, many = (middle(taken[size], 3) for size in (FEW, MANY))
    table(
        f"Taking a message and writing it down, ms, beside planned ones (aim: {AIM_TIMES} times)",
        ("planned", "ms"),
        [(f"{FEW:,}", few), (f"{MANY:,}", many), ("times", f"{many / few:.2f}")],
    )
    return {"ms": {str(FEW): few, str(MANY): many}, "times": round(many / few, 2)}


def _dispatched(patients: list[Patient]) -> float:
    """Return the milliseconds for each of some due rows."""
    _plan("sms", ROUND_ROWS, patients, uuid4().hex)
    channel, lease = channel_named("sms"), uuid4()
    done, began = 0, time.perf_counter()
    while rows := claim(channel, channel.width(), lease).rows:
        record(lease, [Tried(row=row, outcome=Outcome(result=Result.SENT)) for row in rows])
        done += len(rows)
    return (time.perf_counter() - began) * 1000 / done

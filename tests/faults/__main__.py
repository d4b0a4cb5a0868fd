"""``python -m tests.faults``: let messages fall due, make every trouble there is, and count what arrived."""

import argparse
import json
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from hospital.embedded.using import running
from hospital.processes import Manager
from tests.faults.place import PLACE, free_port, prepare, providers, site
from tests.faults.trouble import Trouble

TROUBLES = {
    "too_fast": 0.02,
    "unavailable": 0.01,
    "error": 0.01,
    "silent": 0.003,
    "taken_error": 0.01,
    "taken_silent": 0.003,
    "cut": 0.01,
    "twice": 0.3,
    "unreported": 0.7,
    "hang_seconds": 3.0,
}
MAIL_DROPS = 0.03
PATIENTS = 200
BATCH = 500
STEPS = 25
"""Between two troubles at least that part of the messages goes: else a slow machine would only start workers."""
QUIET_SHARE = 0.1
"""With so few left no more trouble is made, or the end would never come."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--deliveries", type=int, default=10_000)
    parser.add_argument("--quick", action="store_true", help="1,000 messages")
    parser.add_argument("--pause", type=float, default=4.0, help="seconds from one trouble to the next")
    parser.add_argument("--most-seconds", type=float, default=3600)
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    count = 1_000 if options.quick else options.deliveries
    with running(PLACE, ["postgres", "redis"]) as keep_up, tempfile.TemporaryDirectory() as folder:
        figures = run(count, options, Path(folder) / "letters", keep_up)
    text = json.dumps(figures, indent=2)
    if options.json:
        options.json.write_text(text)
    print(text)
    return 1 if figures["lost"] or figures["doubled"] or figures["without_an_end"] else 0


def run(count: int, options: argparse.Namespace, ledger: Path, keep_up: Any) -> dict[str, Any]:
    mail_port, sms_port, web_port = free_port(), free_port(), free_port()
    prepare(mail_port, sms_port, web_port)
    plan_all(count)
    began = time.monotonic()
    with Manager(PLACE.logs) as manager:
        manager.start(*providers(mail_port, sms_port, ledger, json.dumps(TROUBLES), MAIL_DROPS))
        manager.start(*site(web_port))
        trouble = Trouble(manager, options.pause, count // STEPS)
        manager.run(lambda: is_over(trouble, count, began + options.most_seconds, keep_up), poll=0.5)
        seconds = time.monotonic() - began
        from tests.faults.judging import judge

        verdict = judge(ledger, f"http://127.0.0.1:{sms_port}")
    return {
        **verdict.figures,
        "without_an_end": len(verdict.silent),
        "troubles": dict(trouble.made),
        "seconds": round(seconds),
    }


def plan_all(count: int) -> None:
    """Plan half as e-mail and half as SMS, each to an address of its own; one in a hundred is refused."""
    from django.db import transaction
    from django.utils import timezone

    from messaging.outbox import Outside, Planned, plan
    from patients.models import ContactConsent, Patient
    from resources.models import Site

    Site.objects.create(code="main", name="Main building")
    patients = Patient.objects.bulk_create([Patient(mrn=f"F{n}", family_name="Fault") for n in range(PATIENTS)])
    ContactConsent.objects.bulk_create(
        [ContactConsent(patient=one, channel=channel, given=True) for one in patients for channel in ("sms", "email")]
    )
    due = timezone.now()

    def planned(n: int) -> Planned:
        is_refused = n % 200 < 2
        mail = f"{'refused' if is_refused else 'm'}{n}@example.org"
        number = "+15005550001" if is_refused else f"+4477{n:08d}"
        return Planned(
            kind="reminder_24_hours",
            to=Outside(label="patient", number=patients[n % PATIENTS].pk),
            addresses={"email": mail} if n % 2 else {"sms": number},
            fields={"date": "2099-03-16", "time": "07:30", "place": "Main building", "fasting": "general"},
            due_at=due,
            expires_at=due + timedelta(days=2),
            dedupe_key=f"fault:{n}",
        )

    for first in range(0, count, BATCH):
        with transaction.atomic():
            plan(*(planned(n) for n in range(first, min(first + BATCH, count))))


def is_over(trouble: Trouble, count: int, until: float, keep_up: Any) -> bool:
    """Make trouble while much is left; say whether nothing is on its way any more."""
    from django.db import Error, connection
    from django.db.models import Q

    from messaging.models import Delivery

    keep_up()
    try:
        on_its_way = Q(status__in=("planned", "sending")) | Q(status="uncertain", channel="sms")
        left = Delivery.objects.filter(on_its_way).count()
    except Error:
        connection.close()
        left = count
    if left > count * QUIET_SHARE:
        trouble.make(left)
    if int(time.monotonic()) % 10 == 0:
        print(f"{left} on their way, {trouble.made.total()} troubles", file=sys.stderr)
    return left == 0 or time.monotonic() > until


if __name__ == "__main__":
    sys.exit(main())

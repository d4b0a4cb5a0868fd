"""The run's own servers, its providers and its site."""

import os
import socket
import sys
from contextlib import closing
from pathlib import Path

import psycopg2

from hospital.embedded.place import ROOT, Place
from hospital.processes import Service

PLACE = Place(folder=ROOT / ".data" / "faults", durable=False)
CELERY = (sys.executable, "-m", "celery", "-A", "hospital.celery", "--quiet")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def prepare(mail_port: int, sms_port: int, web_port: int) -> None:
    """Point this process and its children at a fresh database and the misbehaving servers."""
    os.environ |= {
        "DATABASE_URL": PLACE.database_url,
        "REDIS_URL": PLACE.redis_url,
        "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
        "FAULTS_MAIL_PORT": str(mail_port),
        "FAULTS_SMS_URL": f"http://127.0.0.1:{sms_port}",
        "SITE_URL": f"http://127.0.0.1:{web_port}",
        "HOSPITAL_DATA": str(PLACE.folder),
    }
    with closing(psycopg2.connect(PLACE.database_url.rpartition("/")[0] + "/postgres")) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("DROP DATABASE IF EXISTS hospital WITH (FORCE)")
        cursor.execute("CREATE DATABASE hospital")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def providers(mail_port: int, sms_port: int, ledger: Path, troubles: str, share: float) -> list[Service]:
    """Return the mail server and the stand-in for Twilio."""
    python = sys.executable
    return [
        Service(
            name="mail",
            command=(python, "-m", "tests.faults.mail", str(mail_port), str(ledger), str(share)),
            folder=ROOT,
        ),
        Service(
            name="sms",
            command=(
                *(python, "-m", "messaging.channels.sms.stand_in"),
                *("--port", str(sms_port), "--troubles", troubles),
            ),
            folder=ROOT,
        ),
    ]


def site(web_port: int) -> list[Service]:
    """Return what of the site carries messages: two workers, beat, and the page that Twilio calls."""
    schedule = str(PLACE.folder / "beat-schedule")
    worker = (*CELERY, "worker", "--loglevel", "WARNING", "--concurrency", "1", "--without-gossip", "--without-mingle")
    return [
        Service(
            name="web",
            command=(sys.executable, "-m", "gunicorn", "hospital.wsgi"),
            environment={"WEB_BIND": f"127.0.0.1:{web_port}", "WEB_WORKERS": "1"},
            folder=ROOT,
        ),
        *(Service(name=name, command=(*worker, "--hostname", name), folder=ROOT) for name in ("worker-a", "worker-b")),
        Service(
            name="beat",
            command=(*CELERY, "beat", "--loglevel", "WARNING", "--schedule", schedule, "--pidfile="),
            folder=ROOT,
        ),
    ]

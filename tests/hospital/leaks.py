"""Marked values of a patient, and a watcher of the places in which they do not belong."""

import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.conf import settings
from django.http import HttpResponse

from hospital.logs import QuietFormatter

SEALED = {
    "national_number": "943QNATIONAL919",
    "phone": "0207QPHONE0000",
    "email": "qemail@example.org",
    "reaction": "Qreaction-wheals",
    "notes": "Qnotes-anticoagulated",
    "note": "Qnote-fever-of-39",
    "override_reason": "Qreason-agreed-with-the-family",
}
"""What the database itself holds only encrypted."""
IN_CLEAR = {
    "mrn": "QMRN4711",
    "family_name": "Qfamilyova",
    "given_name": "Qgivena",
    "substance": "Qsubstancein",
}
"""What stays searchable; the database and its trail of changes hold it, and nothing else does."""
MARKED = SEALED | IN_CLEAR
TITLE = re.compile(rb"<title>(.*?)</title>", re.DOTALL)


def leaks(text: str, marked: dict[str, str] = MARKED) -> list[str]:
    return [name for name, value in marked.items() if value.lower() in text.lower()]


class Watcher:
    """Notes what an outsider may come to see of the journey, by where it was seen."""

    def __init__(self) -> None:
        self.seen: dict[str, list[str]] = {"log": [], "address": [], "title": [], "cookie": [], "redis": []}

    def answer(self, response: HttpResponse) -> HttpResponse:
        request: Any = response.wsgi_request
        self.seen["address"] += [request.get_full_path(), response.get("Location", ""), response.get("HX-Redirect", "")]
        self.seen["address"] += re.findall(r'(?:href|action|src|hx-\w+)="([^"]*)"', response.content.decode())
        self.seen["title"] += [title.decode() for title in TITLE.findall(response.content)]
        self.seen["cookie"] += [str(cookie) for cookie in response.cookies.values()]
        return response


@pytest.fixture
def watcher(transactional_db: None) -> Iterator[Watcher]:
    """Watch logs (as they are written) and Redis from here on."""
    watcher = Watcher()
    handler = logging.StreamHandler()
    handler.setFormatter(QuietFormatter("%(name)s %(message)s"))
    handler.emit = lambda record: watcher.seen["log"].append(handler.format(record))  # type: ignore[method-assign]
    handler.addFilter(lambda record: not record.name.startswith("django.db.backends"))
    named = [
        logging.getLogger(name) for name in ("", "django", "django.template", "django.server", "celery", "auditlog")
    ]
    before = [(logger, logger.level) for logger in named]
    for logger in named:
        logger.setLevel(logging.DEBUG)
    for logger in (named[0], named[1]):  # Django's own tells nobody above it
        logger.addHandler(handler)
    with redis.Redis.from_url(settings.REDIS_URL) as server, server.monitor() as monitor:
        commands = monitor.listen()
        yield watcher
        server.echo("the end")
        for command in commands:
            watcher.seen["redis"].append(str(command["command"]))
            if "the end" in command["command"]:
                break
    for logger, level in before:
        logger.setLevel(level)
        logger.removeHandler(handler)


def values_in_redis() -> list[str]:
    with redis.Redis.from_url(settings.REDIS_URL) as server:
        return [repr((key, server.dump(key))) for key in server.scan_iter()]

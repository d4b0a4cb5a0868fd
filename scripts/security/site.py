"""The site that is scanned: the demo hospital on a free port of this machine, with data of its own."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, sleep

from scripts.security.outcome import PLACE, ROOT, NotDoneError

START_SECONDS = 240
ROLES = ("coordinator", "ward_nurse")
SESSION = """
from django.contrib.sessions.backends.db import SessionStore
from django.test import RequestFactory
from django.contrib.auth import login
from accounts.models import User
for role in ROLES:
    user = User.objects.filter(role_assignments__role=role, email__endswith="@example.org").first()
    request = RequestFactory().get("/")
    request.session = SessionStore()
    login(request, user, backend="allauth.account.auth_backends.AuthenticationBackend")
    request.session.save()
    print("KEY", role, request.session.session_key)
"""


@dataclass(frozen=True)
class Site:
    """An address, and for each role the cookies by which one is signed in and may post."""

    host: str
    port: int
    cookies: dict[str, str]

    @property
    def url(self) -> str:
        """Return the address with a slash at its end."""
        return f"http://{self.host}:{self.port}/"

    def get(self, path: str, role: str = "") -> tuple[int, dict[str, str], str]:
        """Return status, headers (names in lower case) and body of an answer."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        headers = {"Cookie": self.cookies[role]} if self.cookies.get(role) else {}
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read().decode(errors="replace")
        connection.close()
        found: dict[str, str] = {}
        for name, value in answer.getheaders():  # a header may come twice: cookies do
            found[name.lower()] = f"{found[name.lower()]}; {value}" if name.lower() in found else value
        return answer.status, found, body


@contextmanager
def demo_site() -> Iterator[Callable[[], Site]]:
    """Start the site and stop it afterwards; yield what signs people in anew, for a scan may sign them out."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = os.environ | {"HOSPITAL_DATA": str(PLACE / "site"), "DJANGO_SETTINGS_MODULE": "hospital.settings.dev"}
    command = [sys.executable, "manage.py", "serve", "--demo", "--port", str(port)]
    with (PLACE / "site.log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        _wait(port, process)

        def signed_in() -> Site:
            keys = {"": "", **_sessions(environment)}
            return Site("127.0.0.1", port, {role: _cookies(port, key) for role, key in keys.items()})

        yield signed_in
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    until = monotonic() + START_SECONDS
    while monotonic() < until and process.poll() is None:
        try:
            if Site("127.0.0.1", port, {}).get("/readyz")[0] == http.client.OK:
                return
        except OSError:
            pass
        sleep(0.5)
    message = f"The site did not start; see {PLACE / 'site.log'}."
    raise NotDoneError(message)


def _cookies(port: int, session: str) -> str:
    """Return the cookies of one browser: the session's, and the one against forged requests that a form gave it."""
    signed_in = f"sessionid={session}" if session else ""
    page = "/find/" if session else "/accounts/login/"
    found = Site("127.0.0.1", port, {"me": signed_in}).get(page, "me")[1].get("set-cookie", "")
    token = re.search(r"csrftoken=\w+", found)
    if not token:
        message = f"{page} gave no cookie against forged requests: nothing could be posted."
        raise NotDoneError(message)
    return "; ".join(filter(None, (signed_in, token[0])))


def _sessions(environment: dict[str, str]) -> dict[str, str]:
    """Return for each role the key of a session that is signed in."""
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-c", SESSION.replace("ROLES", repr(ROLES))],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith("KEY ")]
    if len(lines) != len(ROLES):
        message = f"Nobody could be signed in: {done.stderr.strip()[-200:]}"
        raise NotDoneError(message)
    return {role: key for _, role, key in lines}


def posts_refused(path: str) -> int:
    """Return how often the site has refused a post to ``path`` as forged, so far."""
    log = PLACE / "site" / "log" / "web.log"
    return log.read_text(errors="replace").count(f": {path}\n") if log.is_file() else 0

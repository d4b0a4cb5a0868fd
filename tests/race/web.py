"""A client that commands by HTTP, as the timeline's script does, through proxy and web workers."""

import http.client
import json
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from scheduling.models import Operation, OperationChange
from tests.race.client import Client, NoAnswerError, RefusedError, Told

OK, FORBIDDEN, BROKEN = 200, 403, 500
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
CSRF_LENGTH = 32


class WebClient(Client):
    """Looks into the database, and commands by book, move and undo requests."""

    cookies = ""

    def sign_in(self) -> None:
        """Make a session, as signing in would."""
        session = SessionStore()
        session[SESSION_KEY] = str(self.actor.pk)
        session[BACKEND_SESSION_KEY] = BACKEND
        session[HASH_SESSION_KEY] = self.actor.get_session_auth_hash()
        session.create()
        self.token = secrets.token_hex(CSRF_LENGTH // 2)
        self.cookies = f"sessionid={session.session_key}; csrftoken={self.token}"

    def choose(self) -> tuple[str, Callable[[], Told]]:
        """Book what waits, move or undo what is placed."""
        if not self.cookies:
            self.sign_in()
        number = self.random.choice(self.arena.operations)
        operation = Operation.objects.get(pk=number)
        name = "book" if operation.status == "waiting" else self.random.choice(["move", "undo", "undo"])
        return name, lambda: getattr(self, name)(operation)

    def book(self, operation: Operation) -> Told:
        return self.command_place("book", operation)

    def move(self, operation: Operation) -> Told:
        return self.command_place("move", operation)

    def command_place(self, verb: str, operation: Operation) -> Told:
        place = self.place()
        start = timezone.localtime(place["start"]).strftime("%Y-%m-%dT%H:%M")
        fields = {"theatre": place["theatre_id"], "start": start, "minutes": operation.in_room_minutes}
        answer = self.post(f"/operations/{operation.pk}/{verb}/", fields | {"version": operation.version})
        return [(answer["operation"], answer["version"])]

    def undo(self, operation: Operation) -> Told:
        last = OperationChange.objects.filter(operation=operation).order_by("-version").only("pk")[0]
        answer = self.post(f"/changes/{last.pk}/undo/", {})
        return [(-1, answer["change"])]

    def post(self, path: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Send one command and return the answer to a success."""
        connection = http.client.HTTPConnection(self.arena.site, timeout=20)
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": self.cookies,
            "X-CSRFToken": self.token,
            "Connection": "close",
        }
        try:
            connection.request("POST", path, urlencode(fields), headers)
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswerError(repr(error)) from error
        finally:
            connection.close()
        if response.status >= BROKEN:
            raise NoAnswerError(f"{response.status}")
        answer: dict[str, Any] = json.loads(body) if body.startswith(b"{") else {}
        if response.status == OK and answer.get("ok"):
            return answer
        if response.status in (409, 422):
            raise RefusedError(answer.get("kind", "page"))
        raise AssertionError(f"{path}: {response.status} {body[:200]!r}")
